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

/// Deferred triggers run now, while everything is still the hook's, and then what they deferred themselves.
/// They are the guest's work, outside of its own time.
const CHECKS: &str = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL IMMEDIATE";
/// What numbers the rows of the history, by the name that the server gave it.
const SEQUENCE: &str = "alteration_history_sequence_seq";
/// No other row at the end of a hook has as many columns as the one that says what became of it.
const END_COLUMNS: usize = 5;
const ONE_OF_ITS_TABLES: &str = "one of the runner's tables";

/// What the server says of the runner's own tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Those that are there, the history's sequence among them, with their object ids.
    oids: BTreeMap<String, String>,
    /// How the catalogue describes them.
    described: String,
    /// What hangs on them, if anything does: the first of a kind shows in a table's own row.
    hanging: Option<String>,
    /// How many rows this server session's transaction wrote in them.
    written: String,
}

impl PostgresConnection {
    pub(super) async fn enter(&mut self, hook: HookSettings) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.forget_handles();
        self.link.forget_described();
        let before = self.own_facts.take();
        let is_carried = before.is_some();
        let (names, look) = match &before {
            Some(facts) => (String::new(), written(&facts.oids())),
            None => {
                let own = self.is_own(&own_names().collect::<Vec<_>>());
                let oids = format!("ARRAY(SELECT oid FROM pg_class WHERE {own})");
                let look = format!(
                    "{}, {}, {}",
                    written(&oids),
                    self.described(&oids, &[]),
                    hanging(&oids)
                );
                (format!("SELECT relname, oid, {HAS_HANGING} FROM pg_class WHERE {own}; "), look)
            }
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
            "{}; {clean}{names}{}; {}, {look}",
            settings::DISCARD,
            settings::hook_bounds(&hook, self.sees_lost_clients),
            settings::path(&self.search_path)
        );
        self.is_used = true;
        let mut rows = self.send(&sql).await?.0;
        let mut last = rows.pop().unwrap_or_default().into_iter().skip(1);
        let mut next = || last.next().flatten().ok_or_else(no_answer);
        let facts = match before {
            Some(facts) => Facts { written: next()?, ..facts },
            None => Facts {
                written: next()?,
                described: next()?,
                hanging: Some(next()?).filter(|_| rows.iter().any(is_hung_on)),
                // Rows of a pooler's session that was cleaned have other widths.
                oids: rows.into_iter().filter_map(|row| named(&row)).collect(),
            },
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
            "{}{CHECKS}; {}; {}; {own}; {}; {}",
            self.guest_switch(),
            settings::END_OF_HOOK,
            settings::reset(self.lock.is_some()),
            settings::bounds(self.lock_wait, self.idle),
            self.end_query()
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
        if left.is_ok() || rows.last().is_some_and(|row| row.len() == END_COLUMNS) {
            // What a hook did to the runner's tables says more than what then fails to be written to them.
            self.check_left(rows)?;
        }
        left.map_err(|error| error::refused(error, self.link.url()))?;
        if have_matched { Ok(true) } else { Err(BackendError::Moved) }
    }

    /// Judges what the server said at the end of a hook.
    fn check_left(&mut self, mut rows: Vec<TextRow>) -> Result<(), BackendError> {
        let end = rows.pop().unwrap_or_default();
        let [id, has_lock, written, described, hanging]: [Option<String>; END_COLUMNS] =
            end.try_into().map_err(|_| no_answer())?;
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
        if hook.settings.mode != HookMode::Transaction {
            self.hook = None;
            return Ok(());
        }
        let has_written = written.as_ref() != Some(&hook.facts.written);
        let is_described =
            described.as_ref() == Some(&hook.facts.described) && hanging == hook.facts.hanging;
        if !has_written && !is_described && hook.is_carried {
            return Err(BackendError::Doubtful(ONE_OF_ITS_TABLES.to_owned()));
        }
        if has_written || !is_described {
            return Err(BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                // GRANT … ON ALL TABLES does, and is meant for those of the application.
                format!(
                    "the hook touched {ONE_OF_ITS_TABLES}; if it is about all tables of a schema, keep the runner's in one of their own with `--state-schema`"
                ),
            )));
        }
        self.own_facts = self.hook.take().map(|hook| hook.facts);
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

    /// Which transaction this is, whether the session still holds the runner's lock, if it had it, and what
    /// became of the runner's tables.
    fn end_query(&self) -> String {
        let has_lock = match self.lock {
            Some(_) => self.has_lock(),
            None => "true".to_owned(),
        };
        let none = Facts::default();
        let facts = self.hook.as_ref().map_or(&none, |hook| &hook.facts);
        let missing: Vec<_> = own_names().filter(|name| !facts.oids.contains_key(*name)).collect();
        let oids = facts.oids();
        format!(
            "SELECT pg_catalog.pg_current_xact_id_if_assigned(), {has_lock}, {}, {}, {}",
            written(&oids),
            self.described(&oids, &missing),
            facts.hanging.as_ref().map_or_else(|| "NULL".to_owned(), |_| hanging(&oids))
        )
    }

    /// Which rows of `pg_class` are the runner's tables, by their names.
    fn is_own(&self, tables: &[&str]) -> String {
        format!(
            "relnamespace = to_regnamespace({}) AND relname = ANY (ARRAY[{}]::name[])",
            literal(&quote(&self.schema)),
            tables.iter().copied().map(literal).collect::<Vec<_>>().join(", ")
        )
    }

    /// How the catalogue describes the tables with these object ids, as an expression. A row of it that is
    /// changed is the work of another transaction from then on, also where the change is taken back: of one
    /// that only grows, so that no sum of them stays as it was. The schema may not be another one under its
    /// name, and what is `missing` of the tables may not be there.
    fn described(&self, oids: &str, missing: &[&str]) -> String {
        let others = match missing.is_empty() {
            true => "0".to_owned(),
            false => format!("(SELECT count(*) FROM pg_class WHERE {})", self.is_own(missing)),
        };
        let tables = [
            "pg_class WHERE oid",
            "pg_attribute WHERE attnum > 0 AND attrelid",
            "pg_index WHERE indrelid",
        ];
        format!(
            "concat_ws(' ', to_regnamespace({})::oid, {}, {others})",
            literal(&quote(&self.schema)),
            tables.map(|of| sums(of, oids)).join(", ")
        )
    }
}

impl Facts {
    /// The tables' object ids, as an array.
    fn oids(&self) -> String {
        let oids: Vec<_> = self.oids.values().map(String::as_str).collect();
        format!("'{{{}}}'::oid[]", oids.join(","))
    }
}

/// Whether anything hangs on a table, as its own row says; of triggers also where there was one.
const HAS_HANGING: &str = "relhastriggers OR relhasrules OR relhassubclass";

/// Triggers, those of foreign keys among them, rules and heirs of these tables, as an expression.
fn hanging(oids: &str) -> String {
    let all =
        ["pg_trigger WHERE tgrelid", "pg_rewrite WHERE ev_class", "pg_inherits WHERE inhparent"];
    format!("concat_ws(' ', {})", all.map(|of| sums(of, oids)).join(", "))
}

/// How many rows a catalogue has of these tables, and by which transactions, as an expression.
fn sums(of: &str, oids: &str) -> String {
    format!("(SELECT concat_ws(' ', count(*), sum(xmin::text::int8)) FROM {of} = ANY ({oids}))")
}

/// What the runner's tables and their sequence are called.
fn own_names() -> impl Iterator<Item = &'static str> {
    OWN_TABLES.into_iter().chain([SEQUENCE])
}

/// How many rows of these tables this server session's transaction wrote, as an expression.
fn written(oids: &str) -> String {
    let counts = ["inserted", "updated", "deleted"]
        .map(|done| format!("pg_stat_get_xact_tuples_{done}(oid)"));
    format!("(SELECT coalesce(sum({}), 0) FROM unnest({oids}) oid)", counts.join(" + "))
}

/// A table's name and object id.
fn named(row: &TextRow) -> Option<(String, String)> {
    match &row[..] {
        [Some(name), Some(oid), _] => Some((name.clone(), oid.clone())),
        _ => None,
    }
}

fn is_hung_on(row: &TextRow) -> bool {
    matches!(&row[..], [_, _, Some(is)] if is == "t")
}

fn no_answer() -> BackendError {
    BackendError::Database("the server gave no answer".to_owned())
}
