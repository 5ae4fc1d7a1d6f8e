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
        let before = self.own_facts.take();
        let questions = match &before {
            Some(facts) => (String::new(), facts.written()),
            // Of a journaled hook nothing is judged: what others commit comes between its statements.
            None if hook.mode == HookMode::Journaled => Default::default(),
            None => facts::first_questions(&self.schema),
        };
        let sql = self.enter_sql(&hook, &questions);
        self.is_used = true;
        let rows = self.send(&sql).await?.0;
        self.entered(hook, before, rows, !questions.1.is_empty())
    }

    /// What makes a clean session for a hook, and asks of the runner's tables: with a statement of its own, and
    /// with expressions, where there are any. Its last row begins with the search path.
    pub(super) fn enter_sql(
        &self,
        hook: &HookSettings,
        (names, look): &(String, String),
    ) -> String {
        // What a hook sets is taken back at its end. In a pooler's session it may be somebody else's.
        let clean = match self.is_pooled {
            true => format!(
                "{}; {}; {}; ",
                settings::reset(self.lock.is_some()),
                settings::own(),
                settings::bounds(self.lock_wait, self.idle)
            ),
            false => String::new(),
        };
        let names = if names.is_empty() { String::new() } else { format!("{names}; ") };
        let look = if look.is_empty() { String::new() } else { format!(", {look}") };
        format!(
            "{}; {clean}{names}{}; {}{look}",
            settings::DISCARD,
            settings::hook_bounds(hook, self.sees_lost_clients),
            settings::path(&self.search_path)
        )
    }

    /// Takes the answer to that, where something was known of the runner's tables `before`, or was asked.
    pub(super) fn entered(
        &mut self,
        hook: HookSettings,
        before: Option<Facts>,
        mut rows: Vec<TextRow>,
        has_asked: bool,
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
            None if !has_asked => None,
            None => Some(Facts::of(&rows, answers).ok_or_else(no_answer)?),
        };
        self.hook = Some(Hook { settings: hook, facts, is_carried });
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
        let own = if self.is_pooled { settings::own() } else { settings::OWN_PATH.to_owned() };
        // What runs in the first can set the time of the second.
        let bound = settings::statement_bound(self.check_time);
        let check = format!("{bound}; SET CONSTRAINTS ALL IMMEDIATE; ").repeat(CHECKS as usize);
        self.leaving = Some(format!(
            "{}{check}{}; {}; {own}; {}; {}",
            self.guest_switch(),
            settings::END_OF_HOOK,
            settings::reset(self.lock.is_some()),
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
        self.end_hook(leaving, kept, "").await.map(|_| true)
    }

    /// Sends the end of a hook with what was kept after it, and then `commit`, if that is to be in the same
    /// message: a statement that makes the transaction read only, the COMMIT, and whatever comes behind it. The
    /// server gets to these only if the hook was left as it should be. The rows of what is behind the COMMIT,
    /// or why that failed.
    pub(super) async fn end_hook(
        &mut self,
        leaving: String,
        kept: Kept,
        commit: &str,
    ) -> Result<Result<Vec<TextRow>, sqlx::Error>, BackendError> {
        let sql = format!("{leaving}; {}{commit}", kept.sql());
        let checks = self.check_time.saturating_mul(CHECKS);
        // The statement of the row that says so is the first of them.
        let recorded = 1 + kept.count();
        let committed = recorded + 2;
        let (mut rows, mut behind, mut done) = (Vec::new(), Vec::new(), 0);
        let each = |answer: Answer<'_>| {
            match answer {
                Answer::Row(row) if done >= committed => behind.push(text_row(row)),
                Answer::Row(row) => rows.push(text_row(row)),
                Answer::Done(_) if rows.iter().any(has_left) => done += 1,
                Answer::Done(_) => {}
            }
            Ok(())
        };
        let ended = self.link.own_each_answer(&sql, checks, each).await;
        self.forget_handles();
        let behind = match ended {
            Ok(()) => Ok(behind),
            Err(error) if done >= committed => Err(error),
            Err(error) => {
                return Err(match error::end_of(&error) {
                    Some(found) if done == 0 => self.judge(&found),
                    _ if done == 0 => error::refused_checks(error, self.link.url()),
                    _ if done < recorded => error::refused_record(error, self.link.url()),
                    _ => error::refused_commit(error, self.link.url()),
                });
            }
        };
        let (rows, have_matched) = kept.matched(rows);
        let left = rows.into_iter().find(has_left).ok_or_else(no_answer)?;
        if let Some(Hook { facts: Some(facts), .. }) = self.hook.take() {
            let found = left.into_iter().nth(2).flatten();
            let is_same = found.is_none_or(|found| facts.expected() == found);
            self.own_facts = Some(facts).filter(|_| is_same);
        }
        if have_matched { Ok(behind) } else { Err(BackendError::Moved) }
    }

    /// What is wrong where the server did not say what was expected of it.
    fn judge(&self, found: &str) -> BackendError {
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
            Some(Hook { facts: Some(facts), is_carried: true, .. })
                if facts.change(tables.unwrap_or_default())
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
        match self.guest_switch() {
            switch if switch.is_empty() => Ok(()),
            switch => self.link.own_run(&switch).await,
        }
    }

    /// What changes the session so, to be followed by another statement; empty where it is so.
    fn guest_switch(&mut self) -> String {
        match self.side == Side::Own && self.hook.is_some() && self.transaction.is_some() {
            true => {
                self.side = Side::Guest;
                format!("{}; ", settings::TO_GUEST)
            }
            false => String::new(),
        }
    }

    /// Asks which transaction this is, whether the session still holds the runner's lock, if it had it, and
    /// what became of the runner's tables: a statement that fails where that is not what is expected, with
    /// what is found. The text left over then cannot be read as a number. Of a journaled hook, the tables are
    /// looked at, and come with the row.
    fn end_question(&self) -> String {
        let has_lock = match self.lock {
            Some(_) => self.has_lock(),
            None => "true".to_owned(),
        };
        let id = self.transaction.as_ref().and_then(|transaction| transaction.id.as_deref());
        let facts =
            self.hook.as_ref().and_then(|hook| Some((hook.settings.mode, hook.facts.as_ref()?)));
        let (judged, looked_at, expected) = match facts {
            Some((HookMode::Transaction, facts)) => {
                (facts.question(&self.schema), "NULL".to_owned(), facts.expected())
            }
            Some((HookMode::Journaled, facts)) => {
                ("''".to_owned(), facts.question(&self.schema), String::new())
            }
            None => ("''".to_owned(), "NULL".to_owned(), String::new()),
        };
        let [begin, end] = error::END;
        let expected = format!("{begin}{}|t|{expected}{end}", id.unwrap_or_default());
        format!(
            "SELECT '{LEFT}', replace('{begin}' || concat_ws('|', \
                coalesce(pg_current_xact_id_if_assigned()::text, ''), {has_lock}, {judged}) || '{end}', \
                {}, '0')::int8, {looked_at}",
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
