//! The beginning and the end of a hook: a clean session for it, and what is checked after it.

use super::{
    PostgresConnection, error,
    facts::{self, Change, Facts},
    message::{Message, Reply},
    own::Outgoing,
    settings,
    state::{At, Hook, Side, State},
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

const ONE_OF_ITS_TABLES: &str = "one of the runner's tables";

/// The questions of a new hook in a message.
pub(super) struct Entering {
    hook: HookSettings,
    /// What was known of the runner's tables.
    before: Option<Facts>,
    /// Where the tables are named, if they are not known.
    names: Option<usize>,
    /// Where the rest is answered, behind the search path.
    last: usize,
}

impl PostgresConnection {
    /// Adds what makes a clean session for a hook, and asks of the runner's tables.
    pub(super) fn add_enter(&mut self, message: &mut Message, hook: HookSettings) -> Entering {
        self.forget_hook();
        self.link.forget_described();
        let known = self.state.entering();
        message.extend(settings::DISCARD);
        // What a hook sets is taken back at its end. In a pooler's session it may be somebody else's.
        if self.is_pooled {
            message.extend(self.reset());
            message.extend(settings::own());
            message.extend(settings::bounds(self.config.lock_wait, self.idle));
        }
        // Between the end of the hook before and this one's statements somebody may have given rights on the tables.
        let is_transaction = hook.mode == HookMode::Transaction;
        let before = known.filter(|_| is_transaction);
        let (names, look) = match &before {
            // The database keeps it from the runner's tables.
            None if hook.level == Level::Confined => (None, "NULL".to_owned()),
            Some(facts) => (None, facts.written()),
            None => {
                let (names, look) = facts::first_questions(&self.config.schema);
                (Some(message.push(names)), look)
            }
        };
        message.push("SET LOCAL bytea_output = DEFAULT");
        message.extend(settings::hook_bounds(&hook, self.config.sees_lost_clients));
        let last = message.push(format!("{}, {look}", settings::path(&self.config.search_path)));
        Entering { hook, before, names, last }
    }

    /// Takes the answers.
    pub(super) fn entered(
        &mut self,
        entering: Entering,
        reply: &mut Reply,
    ) -> Result<(), BackendError> {
        let Entering { hook, before, names, last } = entering;
        let mut texts = |place: usize| {
            let answered = reply.answered.get_mut(place);
            answered.map(|answered| std::mem::take(&mut answered.texts)).unwrap_or_default()
        };
        // The first column is the search path.
        let last = texts(last).pop().unwrap_or_default();
        let answers = last.get(1..).unwrap_or_default();
        let is_carried = before.is_some();
        let facts = match before {
            None if hook.level == Level::Confined => None,
            Some(facts) => {
                let written = answers.first().cloned().flatten().ok_or_else(no_answer)?;
                Some(facts.with_written(written))
            }
            None => {
                let names = names.map(texts).unwrap_or_default();
                Some(Facts::of(&names, answers).ok_or_else(no_answer)?)
            }
        };
        self.state.entered(Hook::new(hook, facts, is_carried));
        Ok(())
    }

    /// Adds the end of a hook: what it deferred, a session as it was before it, and whether all is as it should be.
    pub(super) async fn add_leave(&mut self, out: &mut Outgoing) -> Result<(), BackendError> {
        if self.state.is_in_segment() {
            // What it deferred runs on its side, which is looked at from here on.
            let ready = self.guest_side().await;
            ready.map_err(|error| error::host_error(error, self.link.url()))?;
        }
        let message = &mut out.message;
        message.extend(self.guest_switch());
        message.extend(self.unpin());
        message.extend(settings::checks(self.config.check_time));
        message.extend(settings::END_OF_HOOK);
        message.extend(self.reset());
        // A pooler's session is reset to what the server's own settings are.
        message.extend(if self.is_pooled { settings::own() } else { vec![settings::OWN_PATH] });
        message.extend(settings::bounds(self.config.lock_wait, self.idle));
        out.marks.left = Some(message.push(self.end_question()));
        out.longer = self.config.checks_time();
        self.state.turn(Side::Own);
        Ok(())
    }

    /// What is wrong where the server did not say what was expected of it.
    pub(super) fn judge(&self, found: &str) -> BackendError {
        let mut found = found.splitn(3, '|');
        let (id, has_lock, tables) = (found.next(), found.next(), found.next());
        let expected = self.state.transaction_id();
        if expected.is_none() || id != expected {
            return BackendError::TransactionEnded("the hook's work ended it".to_owned());
        }
        let denied = |message| BackendError::Refused(SqlError::new(ErrorKind::Denied, message));
        if has_lock != Some("t") {
            return denied("the hook released the runner's lock".to_owned());
        }
        match self.state.hook() {
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
        let look = match self.state.hook() {
            Some(Hook { seen: Some(_), facts: Some(facts), .. }) => {
                Some(facts.question(&self.config.schema))
            }
            Some(_) | None => None,
        };
        let Some(switch) = self.guest_switch() else { return Ok(()) };
        match look {
            None => self.link.own_run(&switch).await,
            Some(look) => {
                let sql = format!("{switch}, {look}");
                let row = self.link.own_rows(&sql).await?.pop().unwrap_or_default();
                if let Some(hook) = self.state.hook_mut() {
                    hook.seen = Some(row.into_iter().next_back().flatten().unwrap_or_default());
                }
                Ok(())
            }
        }
    }

    /// Adds the way from the hook's side to the runner's own. Of a journaled hook the last statement is an error if it
    /// touched the runner's tables since it got the session.
    pub(super) fn add_own_switch(&mut self, message: &mut Message) {
        self.state.turn(Side::Own);
        message.extend(settings::to_own(self.state.acts()));
        if let Some(Hook { seen: Some(seen), facts: Some(facts), .. }) = self.state.hook() {
            let look = facts.question(&self.config.schema);
            let judge = self.as_expected(&["'t'".to_owned(), look], &["t", seen]);
            message.push(format!("SELECT {judge}"));
        }
    }

    /// Has what a journaled hook deferred up to here run now, on its own side, and adds the way to the runner's, where
    /// its tables are looked at. Nothing where no such hook is at work.
    pub(super) async fn add_segment_end(&mut self, out: &mut Outgoing) -> Result<(), BackendError> {
        if !self.state.is_in_segment() {
            return Ok(());
        }
        let ready = self.guest_side().await;
        ready.map_err(|error| error::host_error(error, self.link.url()))?;
        let mut checks = Message::default();
        checks.extend(self.unpin());
        checks.extend(settings::checks(self.config.check_time));
        let time = self.config.checks_time();
        let checked = self.link.affected_within(&checks.text(), time).await;
        checked.map_err(|error| error::refused_checks(error, self.link.url()))?;
        self.add_own_switch(&mut out.message);
        Ok(())
    }

    /// What changes the session so; nothing where it is so.
    fn guest_switch(&mut self) -> Option<String> {
        let is_inside = matches!(&self.state, State::Hook { at: At::Inside(_), .. });
        (is_inside && self.state.side() == Side::Own).then(|| {
            self.state.turn(Side::Guest);
            settings::to_guest(self.state.acts())
        })
    }

    /// Asks which transaction this is, whether the session still holds the runner's lock, if it had it, and
    /// what became of the runner's tables: a statement that fails where that is not what is expected, with
    /// what is found.
    fn end_question(&self) -> String {
        let has_lock = match self.lock {
            Some(_) => self.config.has_lock(),
            None => "true".to_owned(),
        };
        let (judged, expected) = match self.state.hook() {
            Some(Hook { facts: Some(facts), seen, .. }) => {
                let expected = seen.clone().unwrap_or_else(|| facts.expected());
                (facts.question(&self.config.schema), expected)
            }
            Some(_) | None => ("''".to_owned(), String::new()),
        };
        format!("SELECT {}", self.as_expected(&[has_lock, judged], &["t", &expected]))
    }

    /// An expression that is an error where the transaction is another than the one that was begun, or one of
    /// `asked` is other than `expected`. The text left over then cannot be read as a number, and says what was found.
    fn as_expected(&self, asked: &[String; 2], expected: &[&str; 2]) -> String {
        let id = self.state.transaction_id();
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

fn no_answer() -> BackendError {
    BackendError::Database("the server gave no answer".to_owned())
}
