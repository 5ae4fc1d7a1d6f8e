//! The session's settings: the same for every hook, whatever a server's defaults are or an earlier
//! guest has set.
//!
//! A guest may set session variables for itself, except the pinned ones, on which the meaning of
//! text, times and transactions rests. What it changed is put back when its hook ends.

use super::{value::own_text, wire::Wire};
use crate::session::{ErrorKind, SqlError};
use std::{collections::BTreeMap, time::Duration};

/// Strict, so that what a column cannot hold is an error on tables of every engine. Zero dates
/// stay possible: existing data has them.
const SQL_MODE: &str =
    "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// The server ends an idle session after this: longer than any hook may take, short enough for the
/// lock of a runner whose network is gone.
const IDLE_SECONDS_MAX: u64 = 3_600;

/// How much later than the host the server itself ends a statement, if the host is gone by then.
const SERVER_GRACE: Duration = Duration::from_secs(10);

/// Variables that a guest may not change. The tokenizer refuses the usual spellings; this list is
/// compared after every SET, whatever its spelling.
const PINNED: [&str; 11] = [
    "autocommit",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "sql_log_bin",
    "sql_mode",
    "time_zone",
    "transaction_isolation",
    "transaction_read_only",
    "tx_isolation",
    "tx_read_only",
];

/// Variables that change by themselves, or that only the server sets.
const VOLATILE: [&str; 16] = [
    "error_count",
    "gtid_executed",
    "identity",
    "in_transaction",
    "insert_id",
    "last_gtid",
    "last_insert_id",
    "proxy_user",
    "pseudo_thread_id",
    "rand_seed1",
    "rand_seed2",
    "statement_id",
    "timestamp",
    "warning_count",
    "wsrep_last_seen_gtid",
    "wsrep_trx_fragment_unit",
];

/// What the settings of one session depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) mariadb: bool,
    pub(super) galera: bool,
    pub(super) read_only: bool,
    /// How long one statement may wait for somebody else's lock; whole seconds, at least one.
    pub(super) lock_wait: Duration,
    /// How long one statement may take. MySQL itself bounds only SELECT.
    pub(super) statement_time: Option<Duration>,
    /// How long the session may be idle in a transaction; MySQL has no such bound.
    pub(super) idle: Option<Duration>,
}

impl Settings {
    /// The statements that make a session so. They end no transaction.
    pub(super) fn sql(&self) -> String {
        let lock_seconds = self.lock_wait.as_secs_f64().ceil().clamp(1.0, 31_536_000.0);
        // The host's own timer comes first; see `watch.rs`.
        let server_time = |time| time + SERVER_GRACE;
        let statement_time = self.statement_time.map(server_time).unwrap_or_default();
        let statement_time = if self.mariadb {
            format!("max_statement_time = {:.3}", statement_time.as_secs_f64())
        } else {
            format!("max_execution_time = {}", statement_time.as_millis())
        };
        let idle = match self.idle {
            Some(idle) if self.mariadb => {
                format!(", idle_transaction_timeout = {}", idle.as_secs_f64().ceil())
            }
            _ => String::new(),
        };
        // A read must see what another node of the cluster has committed.
        let galera = if self.galera { ", wsrep_sync_wait = 1" } else { "" };
        let access = if self.read_only { "READ ONLY" } else { "READ WRITE" };
        format!(
            "SET time_zone = '+00:00', sql_mode = '{SQL_MODE}', foreign_key_checks = 1, \
             unique_checks = 1, sql_auto_is_null = 0, default_storage_engine = InnoDB, \
             wait_timeout = {IDLE_SECONDS_MAX}, innodb_lock_wait_timeout = {lock_seconds}, \
             lock_wait_timeout = {lock_seconds}, {statement_time}{idle}{galera}, NAMES utf8mb4; \
             SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, {access}"
        )
    }
}

/// All variables of the session, by name.
#[derive(Debug)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(super) async fn read(wire: &mut Wire) -> Result<Self, sqlx::Error> {
        let rows = wire.text_rows("SHOW SESSION VARIABLES").await?;
        rows.iter()
            .map(|row| {
                let text = |at| own_text(row, at).map(Option::unwrap_or_default);
                Ok((text(0)?, text(1)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Error: `Denied`, when a pinned variable is other than here.
    pub(super) fn check_pinned(&self, now: &Self) -> Result<(), SqlError> {
        match PINNED.iter().find(|name| self.0.get(**name) != now.0.get(**name)) {
            None => Ok(()),
            Some(name) => Err(SqlError::new(
                ErrorKind::Denied,
                format!("the session variable {name} may not be changed: the runner relies on it"),
            )),
        }
    }

    /// A statement for each variable that is other than here, to put it back.
    pub(super) fn restoring(&self, now: &Self) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, value)| {
                now.0.get(*name).is_some_and(|now| now != *value)
                    && !VOLATILE.contains(&name.as_str())
            })
            .map(|(name, value)| format!("SET SESSION {name} = {}", literal(value)))
            // It is the clock itself, so that no value can be put back.
            .chain(["SET SESSION timestamp = DEFAULT".to_owned()])
            .collect()
    }
}

fn literal(value: &str) -> String {
    if value.parse::<f64>().is_ok_and(f64::is_finite) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn what_was_changed_is_put_back() {
        let before = variables(&[("a", "1.5"), ("b", "it's"), ("warning_count", "0"), ("c", "")]);
        let now = variables(&[("a", "2"), ("b", "x"), ("warning_count", "9"), ("c", "")]);
        assert_eq!(
            before.restoring(&now),
            ["SET SESSION a = 1.5", "SET SESSION b = 'it''s'", "SET SESSION timestamp = DEFAULT"]
        );
    }

    #[test]
    fn pinned_variables_are_compared() {
        let before = variables(&[("time_zone", "+00:00"), ("a", "1")]);
        assert!(before.check_pinned(&variables(&[("time_zone", "+00:00"), ("a", "2")])).is_ok());
        let error = before.check_pinned(&variables(&[("time_zone", "SYSTEM")])).expect_err("moved");
        assert_eq!(error.kind, ErrorKind::Denied);
    }
}
