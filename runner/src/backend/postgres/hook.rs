//! The beginning and the end of a hook: a clean session for it, and what is checked after it.

use super::{
    Hook, PostgresConnection, Side, error,
    facts::{self, Change, Facts},
    link::{Answer, TextRow, text_row},
    own::Kept,
    settings,
    text::literal,
};
use crate::{
    backend::{
        BackendError,
        connection::{HookMode, HookSettings},
    },
    session::{ErrorKind, SqlError},
    sql::Level,
};

/// Deferred triggers run now, while everything is still the hook's, and then what they deferred themselves.
/// They are the guest's work, outside of its own time.
const CHECKS: u32 = 2;
/// How the row begins that says that a hook was left as it should be. No other one has a text in front.
const LEFT: &str = "runner: left";
const ONE_OF_ITS_TABLES: &str = "one of the runner's tables";

impl PostgresConnection {
    pub(super) async fn enter(&mut self, hook: HookSettings) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.forget_handles();
        self.link.forget_described();
        // Between the end of the hook before and this one's statements somebody may have given rights on the tables.
        let is_transaction = hook.mode == HookMode::Transaction;
        let before = self.own_facts.take().filter(|_| is_transaction);
        let questions = match &before {
            Some(facts) => (String::new(), facts.written()),
            None => facts::first_questions(&self.schema),
        };
        let sql = self.enter_sql(&hook, &questions);
        self.is_used = true;
        let rows = self.send(&sql).await?.0;
        self.entered(hook, before, rows)
    }

    /// What makes a clean session for a hook, and asks of the runner's tables: with a statement of its own, where
    /// there is one, and with expressions. Its last row begins with the search path.
    pub(super) fn enter_sql(
        &self,
        hook: &HookSettings,
        (names, look): &(String, String),
    ) -> String {
        // What a hook sets is taken back at its end. In a pooler's session it may be somebody else's.
        let clean = match self.is_pooled {
            true => format!(
                "{}; {}; {}; ",
                settings::reset(self.lock.is_some(), &self.unbounded),
                settings::own(),
                settings::bounds(self.lock_wait, self.idle)
            ),
            false => String::new(),
        };
        let names = if names.is_empty() { String::new() } else { format!("{names}; ") };
        format!(
            "{}; {clean}{names}SET LOCAL bytea_output = DEFAULT; {}; {}, {look}",
            settings::DISCARD,
            settings::hook_bounds(hook, self.sees_lost_clients),
            settings::path(&self.search_path)
        )
    }

    /// Takes the answer to that, where something was known of the runner's tables `before`.
    pub(super) fn entered(
        &mut self,
        hook: HookSettings,
        before: Option<Facts>,
        mut rows: Vec<TextRow>,
    ) -> Result<(), BackendError> {
        // The first column is the search path.
        let last = rows.pop().unwrap_or_default();
        let answers = last.get(1..).unwrap_or_default();
        let is_carried = before.is_some();
        let facts = match before {
            Some(facts) => {
                let written = answers.first().cloned().flatten().ok_or_else(no_answer)?;
                Some(facts.with_written(written))
            }
            None => Some(Facts::of(&rows, answers).ok_or_else(no_answer)?),
        };
        self.forms.begin();
        // What others commit between two statements of a journaled hook is not its work: it is looked at anew each
        // time that it gets the session.
        let is_journaled = hook.mode == HookMode::Journaled;
        let seen = facts.as_ref().filter(|_| is_journaled).map(Facts::expected);
        self.hook = Some(Hook { settings: hook, facts, seen, is_carried });
        self.is_used = true;
        self.side = Side::Guest;
        Ok(())
    }

    pub(super) async fn leave(&mut self) -> Result<(), BackendError> {
        self.leave_soon().await?;
        self.leave_now().await.map(drop)
    }

    /// As [`Self::leave`], with what is kept from here on and before whatever else is sent.
    pub(super) async fn leave_soon(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.send_kept().await?;
        // A pooler's session is reset to what the server's own settings are.
        if self.is_journaled_hook() {
            // What it deferred runs on its side, which is looked at from here on.
            let ready = self.guest_side().await;
            ready.map_err(|error| error::host_error(error, self.link.url()))?;
        }
        let own = if self.is_pooled { settings::own() } else { settings::OWN_PATH.to_owned() };
        // What runs in the first can set the time of the second.
        let bound = settings::statement_bound(self.check_time);
        let check = format!("{bound}; SET CONSTRAINTS ALL IMMEDIATE; ").repeat(CHECKS as usize);
        let (switch, unpin) = (self.guest_switch(), self.unpin());
        self.leaving = Some(format!(
            "{switch}{unpin}{check}{}; {}; {own}; {}; {}",
            settings::END_OF_HOOK,
            settings::reset(self.lock.is_some(), &self.unbounded),
            settings::bounds(self.lock_wait, self.idle),
            self.end_question()
        ));
        self.side = Side::Own;
        Ok(())
    }

    /// Sends the end of a hook, if that is due, and what was kept after it. Whether it was: then the
    /// transaction is known to be there, and not to have failed.
    pub(super) async fn leave_now(&mut self) -> Result<bool, BackendError> {
        let Some(leaving) = self.leaving.take() else { return Ok(false) };
        let kept = std::mem::take(&mut self.kept);
        self.end_hook(leaving, kept, "").await.map(|()| true)
    }

    /// Sends the end of a hook with what was kept after it, and then `commit`, if that is to be in the same
    /// message: a statement that makes the transaction read only, the COMMIT, and whatever comes behind it. The
    /// server gets to these only if the hook was left as it should be.
    pub(super) async fn end_hook(
        &mut self,
        leaving: String,
        kept: Kept,
        commit: &str,
    ) -> Result<(), BackendError> {
        let sql = format!("{leaving}; {}{commit}", kept.sql());
        let checks = self.check_time.saturating_mul(CHECKS);
        // The statement of the row that says so is the first of them.
        let recorded = 1 + kept.count();
        let committed = recorded + 2;
        let (mut rows, mut done) = (Vec::new(), 0);
        let each = |answer: Answer<'_>| {
            match answer {
                Answer::Row(row) => rows.push(text_row(row)),
                Answer::Done(_) if rows.iter().any(has_left) => done += 1,
                Answer::Done(_) => {}
            }
            Ok(())
        };
        let ended = self.link.own_each_answer(&sql, checks, each).await;
        self.forget_handles();
        if let Err(error) = ended {
            return Err(match error::end_of(&error) {
                Some(found) if done == 0 => self.judge(&found),
                _ if done == 0 => error::refused_checks(error, self.link.url()),
                _ if done < recorded => error::refused_record(error, self.link.url()),
                _ if done < committed => error::refused_commit(error, self.link.url()),
                _ => error::after_commit(&error),
            });
        }
        let (rows, have_matched) = kept.matched(rows);
        if !rows.iter().any(has_left) {
            return Err(no_answer());
        }
        self.own_facts = match self.hook.take() {
            Some(Hook { facts, seen: None, .. }) => facts,
            Some(_) | None => None,
        };
        if have_matched { Ok(()) } else { Err(BackendError::Moved) }
    }

    /// What is wrong where the server did not say what was expected of it.
    pub(super) fn judge(&self, found: &str) -> BackendError {
        let mut found = found.splitn(3, '|');
        let (id, has_lock, tables) = (found.next(), found.next(), found.next());
        let expected = self.transaction.as_ref().and_then(|transaction| transaction.id.as_deref());
        if expected.is_none() || id != expected {
            return BackendError::TransactionEnded("the hook's work ended it".to_owned());
        }
        let denied = |message| BackendError::Refused(SqlError::new(ErrorKind::Denied, message));
        if has_lock != Some("t") {
            return denied("the hook released the runner's lock".to_owned());
        }
        match &self.hook {
            Some(Hook { facts: Some(facts), is_carried, seen, .. })
                if (*is_carried || seen.is_some())
                    && facts.change(tables.unwrap_or_default(), seen.as_deref())
                        == (Change { is_written: false, is_described: true }) =>
            {
                BackendError::Doubtful(ONE_OF_ITS_TABLES.to_owned())
            }
            // GRANT … ON ALL TABLES does, and is meant for those of the application.
            _ => denied(format!(
                "the hook touched {ONE_OF_ITS_TABLES}; if it is about all tables of a schema, keep the runner's in one of their own with `--state-schema`"
            )),
        }
    }

    /// Where the session still works as the runner, changes it to work for the hook.
    pub(super) async fn guest_side(&mut self) -> Result<(), sqlx::Error> {
        let look = match &self.hook {
            Some(Hook { seen: Some(_), facts: Some(facts), .. }) => {
                Some(facts.question(&self.schema))
            }
            Some(_) | None => None,
        };
        let switch = self.guest_switch();
        match look {
            _ if switch.is_empty() => Ok(()),
            None => self.link.own_run(&switch).await,
            Some(look) => {
                let sql = format!("{}, {look}", settings::to_guest(self.acts()));
                let row = self.link.own_rows(&sql).await?.pop().unwrap_or_default();
                if let Some(hook) = &mut self.hook {
                    hook.seen = Some(row.into_iter().next_back().flatten().unwrap_or_default());
                }
                Ok(())
            }
        }
    }

    /// Whether the hook at work may choose whom its session works as.
    pub(super) fn acts(&self) -> bool {
        self.hook.as_ref().is_some_and(|hook| hook.settings.level == Level::Trusted)
    }

    /// Whether the hook at work is journaled.
    pub(super) fn is_journaled_hook(&self) -> bool {
        self.hook.as_ref().is_some_and(|hook| hook.settings.mode == HookMode::Journaled)
    }

    /// From the hook's side to the runner's own, to be followed by another statement, and with how many rows that
    /// is answered. Of a journaled hook the last statement is an error if it touched the runner's tables since it
    /// got the session.
    pub(super) fn own_switch(&mut self) -> (String, usize) {
        self.side = Side::Own;
        match &self.hook {
            Some(Hook { seen: Some(seen), facts: Some(facts), .. }) => {
                let look = facts.question(&self.schema);
                let judge = self.as_expected(&["'t'".to_owned(), look], &["t", seen]);
                (format!("{}; SELECT {judge}", settings::to_own(self.acts())), 2)
            }
            Some(_) | None => (settings::to_own(self.acts()), 1),
        }
    }

    /// Has what a journaled hook deferred up to here run now, on its own side. The runner's tables are looked at when
    /// the session goes back to the runner's side.
    pub(super) async fn check_segment(&mut self) -> Result<(), BackendError> {
        if !self.is_journaled_hook() || self.transaction.is_none() || self.is_checked {
            return Ok(());
        }
        self.send_kept().await?;
        let ready = self.guest_side().await;
        ready.map_err(|error| error::host_error(error, self.link.url()))?;
        let bound = settings::statement_bound(self.check_time);
        let checks = format!("{bound}; SET CONSTRAINTS ALL IMMEDIATE; ").repeat(CHECKS as usize);
        let checks = format!("{}{checks}", self.unpin());
        let checked = self.link.affected_within(&checks, self.check_time.saturating_mul(CHECKS));
        checked.await.map_err(|error| error::refused_checks(error, self.link.url()))?;
        self.is_checked = true;
        Ok(())
    }

    /// Commits what a journaled hook did up to here only if that leaves the runner's tables alone.
    pub(super) async fn end_segment(&mut self) -> Result<(), BackendError> {
        if !self.is_journaled_hook() || self.transaction.is_none() {
            return Ok(());
        }
        self.check_segment().await?;
        if self.side == Side::Guest {
            let (switch, rows) = self.own_switch();
            self.kept.push(switch, rows);
        }
        Ok(())
    }

    /// What changes the session so, to be followed by another statement; empty where it is so.
    fn guest_switch(&mut self) -> String {
        match self.side == Side::Own && self.hook.is_some() && self.transaction.is_some() {
            true => {
                self.side = Side::Guest;
                format!("{}; ", settings::to_guest(self.acts()))
            }
            false => String::new(),
        }
    }

    /// Asks which transaction this is, whether the session still holds the runner's lock, if it had it, and
    /// what became of the runner's tables: a statement that fails where that is not what is expected, with
    /// what is found.
    fn end_question(&self) -> String {
        let has_lock = match self.lock {
            Some(_) => self.has_lock(),
            None => "true".to_owned(),
        };
        let (judged, expected) = match &self.hook {
            Some(Hook { facts: Some(facts), seen, .. }) => {
                let expected = seen.clone().unwrap_or_else(|| facts.expected());
                (facts.question(&self.schema), expected)
            }
            Some(_) | None => ("''".to_owned(), String::new()),
        };
        format!("SELECT '{LEFT}', {}", self.as_expected(&[has_lock, judged], &["t", &expected]))
    }

    /// An expression that is an error where the transaction is another than the one that was begun, or one of
    /// `asked` is other than `expected`. The text left over then cannot be read as a number, and says what was found.
    fn as_expected(&self, asked: &[String; 2], expected: &[&str; 2]) -> String {
        let id = self.transaction.as_ref().and_then(|transaction| transaction.id.as_deref());
        let [begin, end] = error::END;
        let [is_held, tables] = expected;
        let expected = format!("{begin}{}|{is_held}|{tables}{end}", id.unwrap_or_default());
        format!(
            "replace('{begin}' || concat_ws('|', \
                coalesce(pg_current_xact_id_if_assigned()::text, ''), {}) || '{end}', {}, '0')::int8",
            asked.join(", "),
            literal(&expected)
        )
    }
}

fn has_left(row: &TextRow) -> bool {
    row.first().and_then(Option::as_deref) == Some(LEFT)
}

fn no_answer() -> BackendError {
    BackendError::Database("the server gave no answer".to_owned())
}
