//! The beginning and the end of a hook: a clean session for it, and what is checked after it.
//!
//! SQL that is put together at run time gets past every look at a statement's text. So the runner's
//! own tables are compared, as the server describes and counts them, before and after.

use super::{
    Hook, PostgresConnection, Side, error, settings,
    text::{literal, quote},
};
use crate::{
    backend::{
        BackendError,
        connection::{HookMode, HookSettings},
    },
    session::{ErrorKind, SqlError},
    sql::OWN_TABLES,
};
use std::collections::BTreeMap;

/// Deferred triggers run now, while everything is still the hook's. They are the guest's work, outside
/// of its own time.
const CHECKS: &str = "SET CONSTRAINTS ALL IMMEDIATE";

/// What the server says of the runner's own tables, by name.
pub(super) type Facts = BTreeMap<String, String>;

impl PostgresConnection {
    pub(super) async fn enter(&mut self, hook: HookSettings) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.forget_handles();
        self.link.forget_described();
        // The bounds too are reset, and this runner may be paused right after it.
        let sql = format!(
            "{}; {}; {}; {}; {}; {}; {}",
            settings::DISCARD,
            settings::reset(self.lock.is_some()),
            settings::own(),
            settings::bounds(self.lock_wait, self.idle),
            self.facts_query(),
            settings::hook(&hook, self.sees_lost_clients),
            settings::path(&self.search_path)
        );
        let facts = facts(self.send(&sql).await?.0);
        self.hook = Some(Hook { settings: hook, facts });
        self.side = Side::Guest;
        Ok(())
    }

    pub(super) async fn leave(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        let sql = format!(
            "{}{CHECKS}; {}; {}; {}; {}; {}; {}",
            self.guest_switch(),
            settings::END_OF_HOOK,
            settings::reset(self.lock.is_some()),
            settings::own(),
            settings::bounds(self.lock_wait, self.idle),
            self.facts_query(),
            self.held_query()
        );
        self.send_kept().await?;
        let left = self.link.answer_within(&sql, self.check_time).await;
        if let Err(sqlx::Error::Io(error)) = &left
            && error.kind() == std::io::ErrorKind::TimedOut
        {
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Limit,
                "the server was not done in time with what the hook deferred to its end",
            )));
        }
        let (mut rows, _) = left.map_err(|error| error::refused(error, self.link.url()))?;
        let held = rows.pop();
        let found = facts(rows);
        self.side = Side::Own;
        self.forget_handles();
        let [id, has_lock] = held
            .and_then(|row| row.try_into().ok())
            .ok_or_else(|| BackendError::Database("the server gave no answer".to_owned()))?;
        if self.transaction.as_ref().is_none_or(|transaction| transaction.id != id) {
            return Err(BackendError::TransactionEnded("the hook's work ended it".to_owned()));
        }
        if has_lock.as_deref() != Some("t") {
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                "the hook released the runner's lock",
            )));
        }
        let Some(hook) = &self.hook else { return Ok(()) };
        if hook.settings.mode == HookMode::Transaction
            && let Some(table) = changed(&hook.facts, &found)
        {
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                // GRANT … ON ALL TABLES does, and is meant for those of the application.
                format!(
                    "the hook touched the runner's table {table}; if it is about all tables of a schema, keep the runner's in one of their own with `--state-schema`"
                ),
            )));
        }
        self.hook = None;
        Ok(())
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

    /// Which transaction this is, and whether the session still holds the runner's lock, if it had it.
    fn held_query(&self) -> String {
        let has_lock = match self.lock {
            Some(_) => self.has_lock(),
            None => "true".to_owned(),
        };
        format!("SELECT pg_catalog.pg_current_xact_id_if_assigned(), {has_lock}")
    }

    /// A row of the catalogue that is changed is the work of another transaction from then on, also where
    /// the change is taken back: of one that only grows, so that no sum of them stays as it was. New
    /// indexes alone are noted in place.
    fn facts_query(&self) -> String {
        format!(
            "SELECT c.relname, concat_ws(' ', c.oid, c.ctid, c.xmin, \
                (SELECT sum(a.xmin::text::int8) FROM pg_attribute a WHERE a.attrelid = c.oid), \
                (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid), \
                pg_stat_get_xact_tuples_inserted(c.oid), pg_stat_get_xact_tuples_updated(c.oid), \
                pg_stat_get_xact_tuples_deleted(c.oid)) \
             FROM pg_class c \
             WHERE c.relnamespace = to_regnamespace({}) AND c.relname = ANY (ARRAY[{}]::name[])",
            literal(&quote(&self.schema)),
            OWN_TABLES.map(literal).join(", ")
        )
    }
}

fn facts(rows: Vec<super::link::TextRow>) -> Facts {
    let fact = |row: super::link::TextRow| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(name), fact]) => Some((name, fact.unwrap_or_default())),
        _ => None,
    };
    rows.into_iter().filter_map(fact).collect()
}

/// The first table about which something else is said than before.
fn changed<'a>(before: &'a Facts, after: &'a Facts) -> Option<&'a str> {
    let differs = |(name, fact): (&'a String, &'a String), other: &Facts| {
        (other.get(name) != Some(fact)).then_some(name.as_str())
    };
    before
        .iter()
        .find_map(|entry| differs(entry, after))
        .or_else(|| after.iter().find_map(|entry| differs(entry, before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found() {
        let facts = |rows: &[(&str, &str)]| -> Facts {
            rows.iter().map(|(name, fact)| ((*name).to_owned(), (*fact).to_owned())).collect()
        };
        let before = facts(&[("a", "1"), ("b", "1")]);
        let table = [
            (facts(&[("a", "1"), ("b", "1")]), None),
            (facts(&[("a", "1"), ("b", "2")]), Some("b")),
            (facts(&[("a", "1")]), Some("b")),
            (facts(&[("a", "1"), ("b", "1"), ("c", "1")]), Some("c")),
        ];
        for (after, expected) in table {
            assert_eq!(changed(&before, &after), expected);
        }
    }
}
