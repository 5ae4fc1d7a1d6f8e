//! Transactions of the operator's side. In a rehearsal savepoints stand for them: see `rehearsal.rs`.
//!
//! COMMIT of a failed transaction answers without an error. So a commit is believed only where the transaction
//! was seen not to have failed just before, or the server says that its id is committed.

use super::{
    PostgresConnection,
    ahead::Ahead,
    facts::Facts,
    message::Message,
    own::{Follows, Outgoing},
    settings,
    state::Side,
};
use crate::{
    backend::{
        Access, BackendError,
        connection::Transactions,
        transaction::{Checks, Durability, End, Guest, Own, Rows, Start, TxError},
    },
    sql::Isolation,
};
use async_trait::async_trait;
use std::time::Instant;

/// The transaction's commit is answered before it is on the disk.
const UNFLUSHED: &str = "SET LOCAL synchronous_commit = off";
const UNLISTEN: &str = "UNLISTEN *";
const READ_ONLY: &str = "SET TRANSACTION READ ONLY";
/// The first version that can bound a whole transaction.
const TRANSACTION_TIMEOUT: u32 = 170_000;

#[async_trait]
impl Transactions for PostgresConnection {
    /// Begins a transaction; a hook that begins is entered in the same message.
    async fn start(&mut self, start: Start) -> Result<Vec<Rows>, TxError> {
        if let Some(mut rehearsal) = self.rehearsal() {
            return rehearsal.start(start).await;
        }
        if let Some(rows) = self.state.claim(&start) {
            return Ok(rows);
        }
        self.ready().await.map_err(TxError::Start)?;
        let mut out = Outgoing::of(&start.own);
        self.add_begin(&mut out, start.isolation);
        self.send_start(out, start).await
    }

    async fn look(&mut self) -> Result<(), BackendError> {
        self.start(Start::default()).await?;
        Ok(())
    }

    /// Reads in a transaction of its own, in one message.
    async fn read(&mut self, queries: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        if let Some(mut rehearsal) = self.rehearsal() {
            return rehearsal.read(queries).await;
        }
        self.ready().await.map_err(TxError::Start)?;
        let mut out = Outgoing::of(&queries);
        self.add_begin(&mut out, None);
        self.add_own(&mut out, &queries, Follows::Nothing).await?;
        out.message.push("ROLLBACK");
        self.post(&mut out).await?;
        self.state.ended();
        self.leave_session();
        Ok(out.rows)
    }

    /// Runs own statements, in the transaction at hand or each by itself.
    async fn own(&mut self, statements: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        self.ready().await.map_err(TxError::Start)?;
        let mut out = Outgoing::of(&statements);
        match (self.state.transaction(), self.state.side()) {
            (Some(_), Side::Guest) => self.add_own_switch(&mut out.message),
            (Some(_), Side::Own) => {}
            (None, _) => out.message.extend(self.own_path()),
        }
        self.add_own(&mut out, &statements, Follows::Nothing).await?;
        self.post(&mut out).await?;
        Ok(out.rows)
    }

    /// Ends a transaction: what is to be checked, the record and the COMMIT go in one message, and the beginning of the next
    /// one, where that can be.
    async fn finish(&mut self, end: End) -> Result<Durability, TxError> {
        if let Some(mut rehearsal) = self.rehearsal() {
            return rehearsal.finish(end).await;
        }
        self.link.settle().await.map_err(TxError::Checks)?;
        if self.state.transaction().is_none() {
            let none = BackendError::TransactionEnded("there was none to commit".to_owned());
            return Err(TxError::Commit(none));
        }
        let mut out = Outgoing { is_end: true, ..Outgoing::of(&end.own) };
        let is_hook = end.checks == Checks::Hook;
        self.add_checks(&mut out, end.checks).await.map_err(TxError::Checks)?;
        if self.watch.is_some() {
            self.add_own(&mut out, &end.own, Follows::Nothing).await?;
            self.post(&mut out).await?;
            self.note_locks().await.map_err(TxError::of_commit)?;
        } else {
            let is_alone = is_hook
                && self
                    .state
                    .hook()
                    .is_some_and(|hook| hook.facts.as_ref().is_some_and(Facts::are_alone));
            self.add_own(&mut out, &end.own, Follows::Commit { is_alone }).await?;
        }
        let next = end.then.filter(|_| is_hook).and_then(|start| self.ahead(start));
        self.commit(&mut out, end.durability, is_hook, next).await?;
        Ok(end.durability)
    }

    /// Runs `statements` as one transaction, in one message where none has large values.
    async fn apply(
        &mut self,
        statements: Vec<Own>,
        durability: Durability,
    ) -> Result<Durability, TxError> {
        if let Some(mut rehearsal) = self.rehearsal() {
            return rehearsal.apply(statements, durability).await;
        }
        if self.watch.is_some() {
            self.start(Start::own(statements)).await?;
            return self.finish(End { durability, ..End::default() }).await;
        }
        self.ready().await.map_err(TxError::Start)?;
        let mut out = Outgoing::of(&statements);
        self.add_begin(&mut out, None);
        self.add_own(&mut out, &statements, Follows::Commit { is_alone: false }).await?;
        self.commit(&mut out, durability, false, None).await?;
        Ok(durability)
    }

    async fn rollback(&mut self) -> Result<(), BackendError> {
        if let Some(mut rehearsal) = self.rehearsal() {
            return rehearsal.rollback().await;
        }
        self.link.settle().await?;
        self.forget_hook();
        let mut message = Message::default();
        message.push("ROLLBACK");
        message.extend(self.link.forget_described());
        if self.state.is_used() {
            message.extend(self.reset());
        }
        self.state.roll_back();
        self.own_run(&message.text()).await?;
        self.state.settled();
        self.leave_session();
        Ok(())
    }
}

impl PostgresConnection {
    /// Sends what was added, and the own statements that a transaction begins with. Lets its hook enter.
    pub(super) async fn send_start(
        &mut self,
        mut out: Outgoing,
        start: Start,
    ) -> Result<Vec<Rows>, TxError> {
        self.add_own(&mut out, &start.own, Follows::Nothing).await?;
        match start.guest {
            Guest::None | Guest::GoesOn => drop(self.post(&mut out).await?),
            Guest::Enters(hook) => {
                let entering = self.add_enter(&mut out.message, hook);
                let mut reply = self.post(&mut out).await?;
                self.entered(entering, &mut reply).map_err(TxError::Start)?;
            }
        }
        Ok(out.rows)
    }

    /// Adds what is checked of a guest's work.
    pub(super) async fn add_checks(
        &mut self,
        out: &mut Outgoing,
        checks: Checks,
    ) -> Result<(), BackendError> {
        match checks {
            Checks::Hook => self.add_leave(out).await,
            Checks::Segment => self.add_segment_end(out).await,
        }
    }

    /// Adds what begins a transaction, in the journaled hook at work or outside of any.
    pub(super) fn add_begin(&mut self, out: &mut Outgoing, isolation: Option<Isolation>) {
        let message = &mut out.message;
        let bounds = settings::bounds(self.config.lock_wait, self.idle);
        // Readers may be connected to a standby, which hands out no ids.
        let reads = self.config.access == Access::Read;
        let (mode, id) =
            if reads { ("ONLY", "NULL") } else { ("WRITE", "pg_catalog.pg_current_xact_id()") };
        let isolation = isolation.unwrap_or(Isolation::ReadCommitted).as_sql();
        message.push(format!("BEGIN ISOLATION LEVEL {isolation} READ {mode}"));
        // Elsewhere the session has none.
        if self.is_pooled && self.config.version >= TRANSACTION_TIMEOUT {
            message.push("SET LOCAL transaction_timeout = 0");
        }
        match self.state.hook() {
            // What a journaled hook set in the session is for its statements in this transaction too.
            Some(hook) => {
                message.extend(settings::idle_bound(self.idle));
                message
                    .extend(settings::hook_bounds(&hook.settings, self.config.sees_lost_clients));
                message.extend(settings::to_own(self.state.acts()));
                message.extend(settings::own_within_hook());
            }
            None => {
                message.extend(settings::own());
                message.extend(bounds);
            }
        }
        let begins = message.push(format!("SELECT pg_catalog.pg_backend_pid(), {id}"));
        out.marks.begins = Some(begins);
        self.state.begin();
    }

    /// Commits what was added. A transaction that begins in the same message cannot have failed before its COMMIT: the
    /// server leaves out what follows a failed statement. Nor has one that was whole when the hook was left just before
    /// (`is_whole`). Of any other the server is asked what became of it. `next` goes behind all that.
    async fn commit(
        &mut self,
        out: &mut Outgoing,
        durability: Durability,
        is_whole: bool,
        mut next: Option<Ahead>,
    ) -> Result<(), TxError> {
        let since = Instant::now();
        let id = self.state.transaction_id().map(str::to_owned);
        let message = &mut out.message;
        match durability {
            Durability::Unflushed | Durability::Grouped => drop(message.push(UNFLUSHED)),
            Durability::Flushed if self.config.never_waits => drop(message.push(settings::WAIT)),
            Durability::Flushed => {}
        }
        // A journaled hook goes on after this; what it listens to would come in between.
        let goes_on = self.state.hook().is_some() && out.marks.left.is_none();
        if goes_on {
            message.extend([UNLISTEN, READ_ONLY]);
        }
        let ends_hook = self.state.is_used() && !goes_on;
        if ends_hook {
            // What a trigger of the hook's deferred to the commit itself writes nothing, and sets nothing that stays.
            message.push(READ_ONLY);
        }
        out.marks.commit = Some(message.push("COMMIT"));
        if next.is_some() {
            // What is reset here would come back if the next transaction were rolled back, and that one could not begin with
            // its own isolation level where statements stand before it.
            message.push("BEGIN");
        }
        if ends_hook {
            message.push(UNLISTEN);
            message.extend(self.reset());
        }
        message.extend(self.link.forget_described());
        if next.is_some() {
            message.push("COMMIT");
        }
        let status = id.filter(|_| !is_whole).map(|id| {
            message.push(format!("SELECT pg_catalog.pg_xact_status('{id}'::pg_catalog.xid8)"))
        });
        let (reply, answers) = self.post_before(out, next.as_mut()).await;
        if !matches!(&reply, Err(error) if !error.is_committed()) {
            self.state.ended();
            self.leave_session();
        }
        let mut reply = reply?;
        self.state.settled();
        self.chained = match next {
            Some(next) => self.take_ahead(next, answers, since).await,
            None => None,
        };
        let status = status.and_then(|place| reply.answered.get_mut(place));
        match status.map(|answered| std::mem::take(&mut answered.texts)) {
            None => Ok(()),
            Some(texts) => match super::columns(texts).map_err(TxError::Commit)? {
                [Some(status)] if status == "committed" => Ok(()),
                [_] => {
                    let reason = "it was rolled back".to_owned();
                    Err(TxError::Commit(BackendError::TransactionEnded(reason)))
                }
            },
        }
    }

    /// Between transactions a pooler may have given the server session to somebody else.
    fn leave_session(&mut self) {
        if self.is_pooled {
            self.link.pid = None;
        }
    }
}
