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
pub(super) type Facts = BTreeMap<String, Fact>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// The table's object id.
    oid: String,
    /// How the catalogue describes it.
    described: String,
    /// What this server session's transaction did to its rows.
    counted: String,
}

impl PostgresConnection {
    pub(super) async fn enter(&mut self, hook: HookSettings) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.forget_handles();
        self.link.forget_described();
        let before = self.own_facts.take();
        let is_carried = before.is_some();
        let query = match &before {
            Some(facts) => counts_query(facts),
            None => self.facts_query(),
        };
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
        let sql = format!(
            "{}; {clean}{query}; {}; {}",
            settings::DISCARD,
            settings::hook_bounds(&hook, self.sees_lost_clients),
            settings::path(&self.search_path)
        );
        self.is_used = true;
        let rows = self.send(&sql).await?.0;
        let facts = match before {
            Some(facts) => recounted(facts, rows),
            None => facts(rows),
        };
        self.hook = Some(Hook { settings: hook, facts, is_carried });
        self.side = Side::Guest;
        Ok(())
    }

    pub(super) async fn leave(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        // A pooler's session is reset to what the server's own settings are.
        let own = if self.is_pooled { settings::own() } else { settings::OWN_PATH.to_owned() };
        let sql = format!(
            "{}{CHECKS}; {}; {}; {own}; {}; {}; {}",
            self.guest_switch(),
            settings::END_OF_HOOK,
            settings::reset(self.lock.is_some()),
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
            && let Some((table, is_described)) = changed(&hook.facts, &found)
        {
            if is_described && hook.is_carried {
                return Err(BackendError::Doubtful(table.to_owned()));
            }
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                // GRANT … ON ALL TABLES does, and is meant for those of the application.
                format!(
                    "the hook touched the runner's table {table}; if it is about all tables of a schema, keep the runner's in one of their own with `--state-schema`"
                ),
            )));
        }
        self.hook = None;
        self.own_facts = Some(found);
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
            "SELECT c.relname, c.oid, concat_ws(' ', c.ctid, c.xmin, \
                (SELECT sum(a.xmin::text::int8) FROM pg_attribute a WHERE a.attrelid = c.oid), \
                (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid)), {} \
             FROM pg_class c \
             WHERE c.relnamespace = to_regnamespace({}) AND c.relname = ANY (ARRAY[{}]::name[])",
            counts("c.oid"),
            literal(&quote(&self.schema)),
            OWN_TABLES.map(literal).join(", ")
        )
    }
}

/// What changes with the runner's own records, of tables that are otherwise known.
fn counts_query(facts: &Facts) -> String {
    let row = |(name, fact): (&String, &Fact)| {
        format!("({}, {})", literal(name), counts(&format!("'{}'", fact.oid)))
    };
    match facts.is_empty() {
        true => "SELECT NULL, NULL WHERE false".to_owned(),
        false => format!("VALUES {}", facts.iter().map(row).collect::<Vec<_>>().join(", ")),
    }
}

/// What this server session's transaction did to the rows of a table, as an expression.
fn counts(oid: &str) -> String {
    let counts = ["inserted", "updated", "deleted"]
        .map(|done| format!("pg_stat_get_xact_tuples_{done}({oid})"));
    format!("concat_ws(' ', {})", counts.join(", "))
}

/// The answer to [`PostgresConnection::facts_query`], among rows of another width.
fn facts(rows: Vec<super::link::TextRow>) -> Facts {
    let fact = |row: super::link::TextRow| match <[Option<String>; 4]>::try_from(row) {
        Ok([Some(name), oid, described, counted]) => {
            let [oid, described, counted] =
                [oid, described, counted].map(Option::unwrap_or_default);
            Some((name, Fact { oid, described, counted }))
        }
        _ => None,
    };
    rows.into_iter().filter_map(fact).collect()
}

/// `facts` with the answer to [`counts_query`].
fn recounted(mut facts: Facts, rows: Vec<super::link::TextRow>) -> Facts {
    for row in rows {
        if let Ok([Some(name), Some(counted)]) = <[Option<String>; 2]>::try_from(row)
            && let Some(fact) = facts.get_mut(&name)
        {
            fact.counted = counted;
        }
    }
    facts
}

/// The first table about which something else is said than before, and whether it is described otherwise.
fn changed<'a>(before: &'a Facts, after: &'a Facts) -> Option<(&'a str, bool)> {
    let differs = |(name, fact): (&'a String, &'a Fact), other: &Facts| {
        let other = other.get(name);
        let is_described = other
            .is_none_or(|other| (&other.oid, &other.described) != (&fact.oid, &fact.described));
        (other != Some(fact)).then_some((name.as_str(), is_described))
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
        let facts = |rows: &[(&str, &str, &str)]| -> Facts {
            let row = |(name, described, counted): &(&str, &str, &str)| {
                let [oid, described, counted] = ["1", described, counted].map(str::to_owned);
                ((*name).to_owned(), Fact { oid, described, counted })
            };
            rows.iter().map(row).collect()
        };
        let before = facts(&[("a", "1", "0"), ("b", "1", "0")]);
        let table = [
            (facts(&[("a", "1", "0"), ("b", "1", "0")]), None),
            (facts(&[("a", "1", "0"), ("b", "2", "0")]), Some(("b", true))),
            (facts(&[("a", "1", "1"), ("b", "1", "0")]), Some(("a", false))),
            (facts(&[("a", "1", "0")]), Some(("b", true))),
            (facts(&[("a", "1", "0"), ("b", "1", "0"), ("c", "1", "0")]), Some(("c", true))),
        ];
        for (after, expected) in table {
            assert_eq!(changed(&before, &after), expected);
        }
    }
}
