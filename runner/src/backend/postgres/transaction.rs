//! Transactions of the operator's side, and the savepoints that stand for them in a rehearsal.
//!
//! COMMIT of a failed transaction answers without an error. So a commit is believed only where the transaction
//! was seen not to have failed just before, or the server says that its id is committed.

use super::{
    Hook, PostgresConnection, Side, Transaction, error,
    facts::Facts,
    link::{Answer, text_row},
    own::Kept,
    settings,
};
use crate::{
    backend::{Access, BackendError, connection::LockTry},
    sql::{Isolation, Level},
};
use std::time::Duration;

const SAVEPOINT: &str = "runner_rehearsal";
const MARK: &str = "runner_mark";
/// The transaction's commit is answered before it is on the disk.
const UNFLUSHED: &str = "SET LOCAL synchronous_commit = off";
/// The end of a transaction that had a hook at work.
const COMMIT_AFTER_HOOK: &str = "SET TRANSACTION READ ONLY; COMMIT";
/// The first version that can bound a whole transaction.
const TRANSACTION_TIMEOUT: u32 = 170_000;

impl PostgresConnection {
    pub(super) async fn begin_transaction(
        &mut self,
        isolation: Option<Isolation>,
    ) -> Result<(), BackendError> {
        self.link.settle().await?;
        if self.rehearsing && self.transaction.is_some() {
            let bounds = settings::bounds(self.lock_wait, self.idle);
            let own = match &self.hook {
                Some(_) if self.acts() => {
                    format!("{}; {}", settings::OPERATOR, settings::own_within_hook())
                }
                Some(_) => settings::own_within_hook(),
                None => settings::own(),
            };
            let sql = format!("{own}; {bounds}; SAVEPOINT {SAVEPOINT}");
            self.own_run(&sql).await?;
            self.in_savepoint = true;
            self.side = Side::Own;
            return Ok(());
        }
        self.kept.begin(self.begin_sql(self.hook.as_ref(), isolation));
        self.transaction = Some(Transaction { id: None, marked: None });
        self.side = Side::Own;
        self.is_checked = false;
        self.forms.are_pinned = false;
        Ok(())
    }

    /// What begins a transaction, in a journaled `hook` or outside of any, and how many rows it answers with.
    fn begin_sql(&self, hook: Option<&Hook>, isolation: Option<Isolation>) -> (String, usize) {
        // Readers may be connected to a standby, which hands out no ids.
        let reads = self.access == Access::Read;
        let (mode, id) =
            if reads { ("ONLY", "NULL") } else { ("WRITE", "pg_catalog.pg_current_xact_id()") };
        // What a journaled hook set in the session is for its statements in this transaction too.
        let (settings, rows) = match hook {
            Some(hook) => (
                format!(
                    "{}{}; {}; {}",
                    settings::idle_bound(self.idle),
                    settings::hook_bounds(&hook.settings, self.sees_lost_clients),
                    settings::to_own(hook.settings.level == Level::Trusted),
                    settings::own_within_hook()
                ),
                1,
            ),
            None => {
                let bounds = settings::bounds(self.lock_wait, self.idle);
                (format!("{}; {bounds}", settings::own()), 0)
            }
        };
        // Elsewhere the session has none.
        let unbounded = match self.is_pooled && self.version >= TRANSACTION_TIMEOUT {
            true => "SET LOCAL transaction_timeout = 0; ",
            false => "",
        };
        let begin = format!(
            "BEGIN ISOLATION LEVEL {} READ {mode}; {unbounded}{settings}; \
             SELECT pg_catalog.pg_backend_pid(), {id}",
            isolation.unwrap_or(Isolation::ReadCommitted).as_sql()
        );
        (begin, rows + 1)
    }

    /// A transaction that began in the same message cannot have failed before its COMMIT: the server
    /// leaves out what follows a failed statement. Nor has one that was whole when the hook was left
    /// just before. Of any other the server is asked what became of it.
    pub(super) async fn commit_transaction(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.end_segment().await?;
        if !self.in_savepoint
            && self.transaction.is_some()
            && self.watch.is_none()
            && let Some(leaving) = self.leaving.take()
        {
            return self.leave_and_commit(leaving).await;
        }
        let is_whole = self.leave_now().await?;
        if self.in_savepoint {
            self.send_kept().await?;
            return self.release_savepoint().await;
        }
        if self.transaction.is_some() {
            self.note_locks().await?;
        }
        let Some(transaction) = self.transaction.take() else {
            return Err(BackendError::TransactionEnded("there was none to commit".to_owned()));
        };
        let forget = self.link.forget_described();
        // A journaled hook goes on after this; what it listens to would come in between.
        let unlisten =
            if self.hook.is_some() { "UNLISTEN *; SET TRANSACTION READ ONLY; " } else { "" };
        let mut kept = std::mem::take(&mut self.kept);
        kept.before_commit(false);
        let status = match &transaction.id {
            Some(id) if !is_whole => {
                format!("; SELECT pg_catalog.pg_xact_status('{id}'::pg_catalog.xid8)")
            }
            _ => String::new(),
        };
        // How many statements are done when the COMMIT is.
        let mut committed = kept.count() + unlisten.split_terminator("; ").count() + 1;
        let commit = match self.is_used && self.hook.is_none() {
            true => {
                committed += 1;
                self.commit_after_hook()
            }
            false => "COMMIT".to_owned(),
        };
        let sql = format!("{}{unlisten}{commit}{forget}{status}", kept.sql());
        let (mut rows, mut done) = (Vec::new(), 0);
        let each = |answer: Answer<'_>| {
            match answer {
                Answer::Row(row) => rows.push(text_row(row)),
                Answer::Done(_) => done += 1,
            }
            Ok(())
        };
        let answered = self.link.own_each_answer(&sql, Duration::ZERO, each).await;
        if let Err(error) = answered {
            return Err(match error::end_of(&error) {
                Some(found) if done < committed => {
                    self.transaction = Some(transaction);
                    self.judge(&found)
                }
                None if done < committed => error::refused_commit(error, self.link.url()),
                _ => error::after_commit(&error),
            });
        }
        let rows = self.answered(&kept, rows)?;
        self.leave_session();
        self.side = Side::Own;
        if transaction.id.is_none() {
            return Ok(());
        }
        if is_whole {
            self.is_used = false;
            return Ok(());
        }
        let [status] = super::columns(rows)?;
        match status.as_deref() {
            Some("committed") => {
                // A journaled hook goes on; any other was reset before its end was recorded.
                self.is_used = self.hook.is_some();
                Ok(())
            }
            _ => Err(BackendError::TransactionEnded("it was rolled back".to_owned())),
        }
    }

    /// The end of a hook, its record and the COMMIT of both, in one message.
    async fn leave_and_commit(&mut self, leaving: String) -> Result<(), BackendError> {
        let forget = self.link.forget_described();
        let mut kept = std::mem::take(&mut self.kept);
        kept.before_commit(self.facts().is_some_and(Facts::are_alone));
        let commit = format!("{}{forget}", self.commit_after_hook());
        self.end_hook(leaving, kept, &commit).await?;
        self.transaction = None;
        self.is_used = false;
        self.leave_session();
        Ok(())
    }

    /// What was said of the runner's tables before the hook that is at work.
    fn facts(&self) -> Option<&Facts> {
        self.hook.as_ref()?.facts.as_ref()
    }

    /// What a trigger of the hook's deferred to the commit itself writes nothing, and sets nothing that stays.
    fn commit_after_hook(&self) -> String {
        format!("{COMMIT_AFTER_HOOK}; {}", self.clean_up())
    }

    /// Takes back what a hook set in the session, once it is committed.
    fn clean_up(&self) -> String {
        format!("UNLISTEN *; {}", settings::reset(self.lock.is_some(), &self.unbounded))
    }

    /// As [`Self::commit_transaction`], without waiting for the disk. A savepoint of a rehearsal has
    /// nothing to wait for.
    pub(super) async fn commit_transaction_unflushed(&mut self) -> Result<bool, BackendError> {
        if self.in_savepoint {
            return self.commit_transaction().await.map(|()| false);
        }
        self.kept.push(UNFLUSHED.to_owned(), 0);
        self.commit_transaction().await.map(|()| true)
    }

    /// As [`Self::commit_transaction`], for what may be lost with all that comes after it. A transaction
    /// that the server has not heard of yet goes to it with the next one.
    pub(super) async fn commit_transaction_soon(&mut self) -> Result<bool, BackendError> {
        if !self.kept.begins || self.in_savepoint || self.hook.is_some() {
            return self.commit_transaction_unflushed().await;
        }
        self.kept.push(UNFLUSHED.to_owned(), 0);
        self.kept.before_commit(false);
        self.kept.push("COMMIT".to_owned(), 0);
        self.transaction = None;
        self.side = Side::Own;
        Ok(true)
    }

    /// A commit waits for the disk, and for all commits before it, if its transaction wrote anything. This one
    /// writes where nobody's lock is in the way: something for logical replication that nobody listens to.
    pub(super) async fn flush_commits(&mut self) -> Result<(), BackendError> {
        self.begin_transaction(None).await?;
        let write = "SELECT pg_catalog.pg_logical_emit_message(true, 'runner', '')";
        if self.never_waits {
            self.kept.push(settings::WAIT.to_owned(), 0);
        }
        self.kept.push(write.to_owned(), 1);
        self.commit_transaction().await
    }

    pub(super) async fn roll_back(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.forget_handles();
        let kept = std::mem::take(&mut self.kept);
        self.hook = None;
        self.leaving = None;
        let had_hook = self.is_used;
        if had_hook {
            // What is taken back was looked at last.
            self.own_facts = None;
        }
        self.side = Side::Own;
        self.forms.are_pinned = false;
        if self.rehearsing && self.transaction.is_some() {
            if std::mem::take(&mut self.in_savepoint) {
                // What was marked in it, and what the hook set, goes with it.
                if let Some(transaction) = &mut self.transaction {
                    transaction.marked = None;
                }
                let sql =
                    format!("ROLLBACK TO SAVEPOINT {SAVEPOINT}; RELEASE SAVEPOINT {SAVEPOINT}");
                self.own_run(&sql).await?;
            }
            return Ok(());
        }
        self.transaction = None;
        if kept.begins && !had_hook {
            // The server never heard of it.
            return Ok(());
        }
        let forget = self.link.forget_described();
        let reset = match had_hook {
            true => format!("; {}", settings::reset(self.lock.is_some(), &self.unbounded)),
            false => String::new(),
        };
        self.own_run(&format!("ROLLBACK{forget}{reset}")).await?;
        self.is_used = false;
        self.leave_session();
        Ok(())
    }

    /// Between transactions a pooler may have given the server session to somebody else.
    fn leave_session(&mut self) {
        if self.is_pooled {
            self.link.pid = None;
        }
    }

    pub(super) async fn start_rehearsal(&mut self) -> Result<(), BackendError> {
        self.begin_transaction(None).await?;
        self.rehearsing = true;
        Ok(())
    }

    pub(super) async fn stop_rehearsal(&mut self) -> Result<(), BackendError> {
        self.rehearsing = false;
        self.in_savepoint = false;
        // Tables that it made are gone with it.
        self.own_facts = None;
        self.roll_back().await
    }

    /// What a commit would check is checked now. Afterwards constraints are deferred again as they
    /// were declared: the next transaction of a real run would find them so.
    async fn release_savepoint(&mut self) -> Result<(), BackendError> {
        self.in_savepoint = false;
        // A mark that was set in it goes with it.
        if let Some(transaction) = &mut self.transaction {
            transaction.marked = None;
        }
        let sql = format!("SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT {SAVEPOINT}");
        let released = self.link.own_run(&sql).await;
        released.map_err(|error| error::refused(error, self.link.url()))?;
        let names = self
            .own_texts(
                "SELECT DISTINCT pg_catalog.quote_ident(n.nspname) || '.' \
                    || pg_catalog.quote_ident(c.conname) \
                 FROM pg_catalog.pg_constraint c \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace WHERE c.condeferred",
            )
            .await?;
        let names: Vec<String> = names.into_iter().flatten().flatten().collect();
        if !names.is_empty() {
            self.own_run(&format!("SET CONSTRAINTS {} DEFERRED", names.join(", "))).await?;
        }
        Ok(())
    }

    /// Whether the transaction that was begun is still open; a failed one is.
    pub(super) async fn still_in_transaction(&mut self) -> Result<bool, BackendError> {
        self.send_kept().await?;
        let Some(transaction) = &self.transaction else { return Ok(false) };
        let id = transaction.id.clone();
        let sql = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";
        match self.link.own_rows(sql).await {
            Ok(rows) => {
                let [found] = super::columns(rows)?;
                Ok(found == id)
            }
            Err(error) if error::code(&error).as_deref() == Some("25P02") => Ok(true),
            Err(error) => Err(error::host_error(error, self.link.url())),
        }
    }

    pub(super) async fn connect_again(&mut self) -> Result<(), BackendError> {
        self.forget_handles();
        self.kept = Kept::default();
        self.forms.are_pinned = false;
        self.transaction = None;
        self.hook = None;
        self.leaving = None;
        self.is_used = false;
        self.own_facts = None;
        self.in_savepoint = false;
        self.left_nothing = false;
        self.side = Side::Own;
        // A pooler may have given the old server session to somebody else by now.
        self.link.reopen(!self.is_pooled).await?;
        if !self.unbounded.is_empty() {
            let sql = self.unbounded.clone();
            self.own_run(&sql).await?;
        }
        if self.lock.take().is_some()
            && let LockTry::HeldBy(holder) = self.take_lock().await?
        {
            return Err(BackendError::Locked(holder));
        }
        Ok(())
    }

    pub(super) async fn set_mark(&mut self) -> Result<(), BackendError> {
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        // One after the other, never nested: each level costs the server.
        let at = (self.side, self.forms.are_pinned);
        let release = if transaction.marked.replace(at).is_some() {
            format!("RELEASE SAVEPOINT {MARK}; ")
        } else {
            String::new()
        };
        self.own_run(&format!("{release}SAVEPOINT {MARK}")).await
    }

    pub(super) async fn return_to_mark(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        let Some(transaction) = &mut self.transaction else { return Ok(()) };
        let marked = transaction.marked.take();
        self.own_run(&format!("ROLLBACK TO SAVEPOINT {MARK}; RELEASE SAVEPOINT {MARK}")).await?;
        // The session's settings went back to the mark too.
        (self.side, self.forms.are_pinned) = marked.unwrap_or((self.side, self.forms.are_pinned));
        Ok(())
    }
}
