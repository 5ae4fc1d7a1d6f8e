//! How the server writes values for a guest: pinned around a call that returns rows, and only where that is needed.
//!
//! A hook's statements run with the database's and the role's own `DateStyle`, `TimeZone`, `IntervalStyle`,
//! `bytea_output` and `extra_float_digits`, as the database's own client runs them. Values reach the runner as
//! text, so that for a call whose rows a guest reads the *output* forms are pinned. Which date `03/04/2024` is stays
//! as it was: of `DateStyle` only the form is set, and `TimeZone` is left alone, since a `timestamptz` carries its
//! offset.

use super::{PostgresConnection, error::guest_error, text::Sent};
use crate::{session::SqlError, sql::Statement};

/// Keeps the session's own values, under names of the runner's, and sets those that can be read back without loss.
const PIN: &str = "SELECT set_config('runner.date_style', current_setting('DateStyle'), true), \
        set_config('runner.interval_style', current_setting('IntervalStyle'), true), \
        set_config('runner.bytea_output', current_setting('bytea_output'), true), \
        set_config('runner.float_digits', current_setting('extra_float_digits'), true); \
    SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; \
    SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1";
const UNPIN: &str = "SELECT set_config('DateStyle', current_setting('runner.date_style'), true), \
    set_config('IntervalStyle', current_setting('runner.interval_style'), true), \
    set_config('bytea_output', current_setting('runner.bytea_output'), true), \
    set_config('extra_float_digits', current_setting('runner.float_digits'), true)";
/// Whether a session's own forms are those, as an expression.
pub(super) const ARE_PLAIN: &str = "pg_catalog.current_setting('DateStyle') LIKE 'ISO,%' \
    AND pg_catalog.current_setting('IntervalStyle') = 'postgres' \
    AND pg_catalog.current_setting('bytea_output') = 'hex' \
    AND pg_catalog.current_setting('extra_float_digits')::pg_catalog.int4 > 0";

/// What a statement of a guest needs of the session's output forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// Its rows are read.
    Rows,
    /// It means what it means to the database's own client.
    Own,
    /// As [`Wants::Own`], and it may set the forms.
    Setting,
}

impl Wants {
    /// Of a statement whose rows are read, if it `returns` any.
    pub(super) fn of(statement: &Statement<'_>, returns: bool) -> Self {
        let verb = statement.verb();
        let sets = ["SET", "RESET", "DISCARD", "DO"].contains(&&*verb)
            || statement.words().any(|word| word == "SET_CONFIG");
        match (&*verb, returns) {
            _ if sets => Self::Setting,
            ("CALL", false) => Self::Setting,
            // Its rows are texts that tell of the very settings.
            ("SHOW", _) | (_, false) => Self::Own,
            (_, true) => Self::Rows,
        }
    }
}

impl PostgresConnection {
    /// Pins the output forms for the call that comes next, or gives the hook its own back.
    pub(super) async fn prepare_forms(&mut self, wants: Wants) -> Result<(), SqlError> {
        let may_differ = self.state.hook().is_some_and(|hook| hook.sets_forms);
        let are_pinned = self.state.transaction().is_some_and(|open| open.view.is_pinned);
        let pin = wants == Wants::Rows && (may_differ || !self.config.has_plain_forms);
        if pin && !are_pinned {
            self.set_forms(PIN).await?;
        } else if wants != Wants::Rows && are_pinned {
            self.set_forms(UNPIN).await?;
        }
        if let Some(open) = self.state.transaction_mut() {
            open.view.is_pinned = pin || (are_pinned && wants == Wants::Rows);
        }
        if let Some(hook) = self.state.hook_mut() {
            hook.sets_forms |= wants == Wants::Setting;
        }
        Ok(())
    }

    /// After a call that may have set them itself, whose rows were read all the same.
    pub(super) async fn doubt_forms(&mut self) -> Result<(), SqlError> {
        self.prepare_forms(Wants::Setting).await
    }

    /// What gives the hook its own forms back; nothing where it has them.
    pub(super) fn unpin(&mut self) -> Option<String> {
        let is_pinned = &mut self.state.transaction_mut()?.view.is_pinned;
        std::mem::take(is_pinned).then(|| qualified(UNPIN))
    }

    async fn set_forms(&mut self, sql: &str) -> Result<(), SqlError> {
        self.link
            .own_run(&qualified(sql))
            .await
            .map_err(|error| guest_error(error, &Sent::plain("")))
    }
}

/// A hook can put functions of these names in front of the server's own.
fn qualified(sql: &str) -> String {
    sql.replace("set_config(", "pg_catalog.set_config(")
        .replace("current_setting(", "pg_catalog.current_setting(")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::Dialect;

    #[test]
    fn what_statements_want() {
        let table = [
            ("SELECT d FROM t", true, Wants::Rows),
            ("SELECT d FROM t", false, Wants::Own),
            ("INSERT INTO t VALUES (1) RETURNING d", true, Wants::Rows),
            ("SHOW DateStyle", true, Wants::Own),
            ("SET DateStyle = 'German'", false, Wants::Setting),
            ("RESET ALL", false, Wants::Setting),
            ("DO $$ BEGIN PERFORM 1; END $$", false, Wants::Setting),
            ("select SET_CONFIG('a.b', 'c', true)", true, Wants::Setting),
            ("CREATE TABLE t (d date)", false, Wants::Own),
            ("CALL p()", false, Wants::Setting),
            ("CALL p(null)", true, Wants::Rows),
            ("UPDATE t SET x = set_config('a.b', 'c', true)", false, Wants::Setting),
        ];
        for (sql, returns, wants) in table {
            let statement = Statement::one(sql, Dialect::Postgresql).unwrap();
            assert_eq!(Wants::of(&statement, returns), wants, "{sql}");
        }
    }
}
