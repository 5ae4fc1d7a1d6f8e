//! The beginning and the end of a hook: a clean session for it, and what is checked after it.
//!
//! SQL that is put together at run time gets past every look at a statement's text. So the runner's
//! own tables are compared, as the server describes and counts them, before and after.

use super::{
    Hook, PostgresConnection, Side, error,
    link::{TextRow, text_row},
    settings,
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
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;

/// Deferred triggers run now, while everything is still the hook's. They are the guest's work, outside
/// of its own time.
const CHECKS: &str = "SET CONSTRAINTS ALL IMMEDIATE";
/// No other row at the end of a hook has as many columns as the last, which says what is held.
const HELD_COLUMNS: usize = 2;

/// What the server says of the runner's own tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    by_name: BTreeMap<String, Fact>,
    /// How the catalogue describes the columns and indexes of all of them.
    parts: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    /// The table's object id.
    oid: String,
    /// How the catalogue describes it, but for its columns and indexes.
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
            None => self.facts_query(None),
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
        self.leave_soon().await?;
        self.leave_now().await.map(drop)
    }

    /// As [`Self::leave`], with what is kept from here on and before whatever else is sent.
    pub(super) async fn leave_soon(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.send_kept().await?;
        // A pooler's session is reset to what the server's own settings are.
        let own = if self.is_pooled { settings::own() } else { settings::OWN_PATH.to_owned() };
        self.leaving = Some(format!(
            "{}{CHECKS}; {}; {}; {own}; {}; {}; {}",
            self.guest_switch(),
            settings::END_OF_HOOK,
            settings::reset(self.lock.is_some()),
            settings::bounds(self.lock_wait, self.idle),
            self.facts_query(self.hook.as_ref().map(|hook| &hook.facts)),
            self.held_query()
        ));
        self.side = Side::Own;
        Ok(())
    }

    /// Sends the end of a hook, if that is due, and what was kept after it. Whether it was: then the
    /// transaction is known to be there, and not to have failed.
    pub(super) async fn leave_now(&mut self) -> Result<bool, BackendError> {
        let Some(leaving) = self.leaving.take() else { return Ok(false) };
        let kept = std::mem::take(&mut self.kept);
        let sql = format!("{leaving}; {}", kept.sql());
        let mut rows = Vec::new();
        let each = |row: &PgRow| {
            rows.push(text_row(row));
            Ok(())
        };
        let left = self.link.each_row_within(&sql, self.check_time, each).await;
        if let Err(sqlx::Error::Io(error)) = &left
            && error.kind() == std::io::ErrorKind::TimedOut
        {
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Limit,
                "the server was not done in time with what the hook deferred to its end",
            )));
        }
        let (rows, have_matched) = kept.matched(rows);
        self.forget_handles();
        if left.is_ok() || rows.last().is_some_and(|row| row.len() == HELD_COLUMNS) {
            // What a hook did to the runner's tables says more than what then fails to be written to them.
            self.check_left(rows)?;
        }
        left.map_err(|error| error::refused(error, self.link.url()))?;
        if have_matched { Ok(true) } else { Err(BackendError::Moved) }
    }

    /// Judges what the server said at the end of a hook.
    fn check_left(&mut self, mut rows: Vec<TextRow>) -> Result<(), BackendError> {
        let held = rows.pop();
        let found = facts(rows);
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
                return Err(BackendError::Doubtful(table));
            }
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                // GRANT … ON ALL TABLES does, and is meant for those of the application.
                format!(
                    "the hook touched {table}; if it is about all tables of a schema, keep the runner's in one of their own with `--state-schema`"
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
    /// indexes alone are noted in place. Columns and indexes are those of the tables that are `known`, if
    /// any are: one that is new shows by itself.
    fn facts_query(&self, known: Option<&Facts>) -> String {
        let own = format!(
            "relnamespace = to_regnamespace({}) AND relname = ANY (ARRAY[{}]::name[])",
            literal(&quote(&self.schema)),
            OWN_TABLES.map(literal).join(", ")
        );
        let tables = match known {
            Some(facts) => facts.oids(),
            None => format!("ARRAY(SELECT oid FROM pg_class WHERE {own})"),
        };
        format!(
            "SELECT relname, oid, concat_ws(' ', ctid, xmin), {} FROM pg_class WHERE {own}; \
             SELECT (SELECT sum(xmin::text::int8) FROM pg_attribute WHERE attrelid = ANY ({tables})), \
                (SELECT concat_ws(' ', count(*), sum(xmin::text::int8)) FROM pg_index \
                    WHERE indrelid = ANY ({tables})), NULL",
            counts("oid")
        )
    }
}

impl Facts {
    /// The tables' object ids, as an array.
    fn oids(&self) -> String {
        let oids: Vec<_> = self.by_name.values().map(|fact| fact.oid.as_str()).collect();
        format!("'{{{}}}'::oid[]", oids.join(","))
    }
}

/// What changes with the runner's own records, of tables that are otherwise known.
fn counts_query(facts: &Facts) -> String {
    format!("SELECT oid, {} FROM unnest({}) oid", counts("oid"), facts.oids())
}

/// What this server session's transaction did to the rows of a table, as an expression.
fn counts(oid: &str) -> String {
    let counts = ["inserted", "updated", "deleted"]
        .map(|done| format!("pg_stat_get_xact_tuples_{done}({oid})"));
    format!("concat_ws(' ', {})", counts.join(", "))
}

/// The answer to [`PostgresConnection::facts_query`], among rows of other widths.
fn facts(rows: Vec<TextRow>) -> Facts {
    let mut facts = Facts::default();
    for row in rows {
        match &row[..] {
            [Some(name), oid, described, counted] => {
                let [oid, described, counted] =
                    [oid, described, counted].map(|text| text.clone().unwrap_or_default());
                facts.by_name.insert(name.clone(), Fact { oid, described, counted });
            }
            [_, _, _] => facts.parts = format!("{row:?}"),
            _ => {}
        }
    }
    facts
}

/// `facts` with the answer to [`counts_query`].
fn recounted(mut facts: Facts, rows: Vec<TextRow>) -> Facts {
    for row in rows {
        if let Ok([Some(oid), Some(counted)]) = <[Option<String>; 2]>::try_from(row)
            && let Some(fact) = facts.by_name.values_mut().find(|fact| fact.oid == oid)
        {
            fact.counted = counted;
        }
    }
    facts
}

/// The first table about which something else is said than before, and whether it is described otherwise.
fn changed(before: &Facts, after: &Facts) -> Option<(String, bool)> {
    let named = |name: &str| format!("the runner's table {name}");
    for (name, fact) in &before.by_name {
        match after.by_name.get(name) {
            Some(now) if now == fact => {}
            now => {
                let is_described = now
                    .is_none_or(|now| (&now.oid, &now.described) != (&fact.oid, &fact.described));
                return Some((named(name), is_described));
            }
        }
    }
    if let Some(name) = after.by_name.keys().find(|name| !before.by_name.contains_key(*name)) {
        return Some((named(name), true));
    }
    // A column or an index that leaves no trace in its table's own row.
    (before.parts != after.parts).then(|| ("one of the runner's tables".to_owned(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found() {
        let facts = |rows: &[(&str, &str, &str)], parts: &str| -> Facts {
            let row = |(name, described, counted): &(&str, &str, &str)| {
                let [oid, described, counted] = ["1", described, counted].map(str::to_owned);
                ((*name).to_owned(), Fact { oid, described, counted })
            };
            Facts { by_name: rows.iter().map(row).collect(), parts: parts.to_owned() }
        };
        let before = facts(&[("a", "1", "0"), ("b", "1", "0")], "x");
        let table = [
            (facts(&[("a", "1", "0"), ("b", "1", "0")], "x"), None),
            (facts(&[("a", "1", "0"), ("b", "2", "0")], "x"), Some(("the runner's table b", true))),
            (
                facts(&[("a", "1", "1"), ("b", "1", "0")], "x"),
                Some(("the runner's table a", false)),
            ),
            (facts(&[("a", "1", "0")], "x"), Some(("the runner's table b", true))),
            (
                facts(&[("a", "1", "0"), ("b", "1", "0"), ("c", "1", "0")], "x"),
                Some(("the runner's table c", true)),
            ),
            (
                facts(&[("a", "1", "0"), ("b", "1", "0")], "y"),
                Some(("one of the runner's tables", true)),
            ),
        ];
        for (after, expected) in table {
            let found = changed(&before, &after);
            let found = found.as_ref().map(|(name, is_described)| (name.as_str(), *is_described));
            assert_eq!(found, expected);
        }
    }
}
