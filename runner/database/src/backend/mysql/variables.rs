//! The variables of a session: those that the runner sets, those that a hook may change, those that are reset.
//!
//! A variable that is not listed here keeps the server's value while a hook runs (`sql_mode` and `time_zone` above all). It is
//! reset after a hook that changed it, if it is a variable of the session that can be set. MariaDB lists these. MySQL 8 does
//! not, so that the runner tries each: the server refuses the others.

use super::{error, settings::literal, value::own_text, wire::Wire};
use crate::{
    alteration::Dialect,
    session::{ErrorKind, SqlError},
};
use std::collections::BTreeMap;

/// How a variable is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// The runner's statements, or its parser of SQL, depend on it: a hook may not change it.
    Pinned,
    /// The runner sets it before each hook; a hook may set it for itself, and it is set again after.
    Set,
    /// A hook may set it for itself, and the runner's own statements run without that.
    Worn,
    /// It changes by itself, or describes an earlier statement. It is never reset.
    Volatile,
}

use Decision::{Pinned, Set, Volatile, Worn};

/// The variables of MySQL 8.0 to 9.7 and MariaDB 10.6 to 11 that are not simply reset.
const DECISIONS: [(&str, Decision); 56] = [
    // Transactions are the host's.
    ("autocommit", Pinned),
    ("completion_type", Pinned),
    ("transaction_isolation", Pinned),
    ("transaction_read_only", Pinned),
    ("tx_isolation", Pinned),
    ("tx_read_only", Pinned),
    // How the tokenizer reads depends on it; see `worn.rs`.
    ("sql_mode", Worn),
    // All text is UTF-8, both ways.
    ("character_set_client", Worn),
    ("character_set_connection", Worn),
    ("character_set_results", Worn),
    ("collation_connection", Worn),
    // Own statements would find, change or log something else.
    ("sql_log_bin", Pinned),
    ("sql_select_limit", Pinned),
    ("sql_big_selects", Pinned),
    ("max_join_size", Pinned),
    ("gtid_next", Pinned),
    ("binlog_format", Pinned),
    ("wsrep_on", Pinned),
    ("pseudo_slave_mode", Pinned),
    ("pseudo_replica_mode", Pinned),
    // The journal compares what SHOW CREATE says, and errors are read.
    ("sql_quote_show_create", Pinned),
    ("lc_messages", Pinned),
    // How long a session or a statement lives.
    ("wait_timeout", Set),
    ("net_read_timeout", Set),
    ("net_write_timeout", Set),
    ("innodb_lock_wait_timeout", Set),
    ("lock_wait_timeout", Set),
    ("max_execution_time", Set),
    ("max_statement_time", Set),
    ("idle_transaction_timeout", Set),
    ("idle_readonly_transaction_timeout", Set),
    ("idle_write_transaction_timeout", Set),
    ("sql_safe_updates", Set),
    ("wsrep_sync_wait", Set),
    // Clocks, counters, and what the last statement left.
    ("error_count", Volatile),
    ("gtid_binlog_pos", Volatile),
    ("gtid_binlog_state", Volatile),
    ("gtid_current_pos", Volatile),
    ("gtid_executed", Volatile),
    ("gtid_owned", Volatile),
    ("gtid_seq_no", Volatile),
    ("gtid_slave_pos", Volatile),
    ("identity", Volatile),
    ("in_transaction", Volatile),
    ("insert_id", Volatile),
    ("last_gtid", Volatile),
    ("last_insert_id", Volatile),
    ("proxy_user", Volatile),
    ("pseudo_thread_id", Volatile),
    ("rand_seed1", Volatile),
    ("rand_seed2", Volatile),
    ("statement_id", Volatile),
    ("timestamp", Volatile),
    ("warning_count", Volatile),
    ("wsrep_last_seen_gtid", Volatile),
    ("wsrep_trx_fragment_unit", Volatile),
];

/// Errors of SET SESSION for a variable that is not of the session, does not exist, or may not be set by this user. No hook
/// has set such a variable.
const NOT_SETTABLE: [u16; 4] = [1193, 1227, 1229, 1238];

pub(super) fn decision(name: &str) -> Option<Decision> {
    DECISIONS.iter().find(|(known, _)| *known == name).map(|(_, decision)| *decision)
}

/// The variables of a session, by name.
#[derive(Debug)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(super) async fn read(wire: &mut Wire, dialect: Dialect) -> Result<Self, sqlx::Error> {
        let sql = match dialect {
            Dialect::Mariadb => {
                "SELECT variable_name, session_value FROM information_schema.system_variables
                 WHERE variable_scope LIKE 'SESSION%' AND read_only = 'NO'
                 AND session_value IS NOT NULL"
            }
            _ => "SHOW SESSION VARIABLES",
        };
        let rows = wire.text_rows(sql).await?;
        rows.iter()
            .map(|row| {
                let text = |at| own_text(row, at).map(Option::unwrap_or_default);
                Ok((text(0)?.to_lowercase(), text(1)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Checks that no pinned variable differs from these. Error: `Denied`.
    pub(super) fn check_pinned(&self, now: &Self) -> Result<(), SqlError> {
        let is_moved =
            |name: &&(&str, Decision)| name.1 == Pinned && self.0.get(name.0) != now.0.get(name.0);
        match DECISIONS.iter().find(is_moved) {
            None => Ok(()),
            Some((name, _)) => Err(SqlError::new(
                ErrorKind::Denied,
                format!("the session variable {name} may not be changed: the runner relies on it"),
            )),
        }
    }

    /// Returns a statement for each variable that differs from these, to reset it.
    fn restoring(&self, now: &Self) -> Vec<String> {
        let is_moved = |name: &String, value: &String| {
            now.0.get(name).is_some_and(|now| now != value) && decision(name) != Some(Volatile)
        };
        self.0
            .iter()
            .filter(|(name, value)| is_moved(name, value))
            .map(|(name, value)| format!("SET SESSION {name} = {}", literal(value)))
            // It is the clock itself, so that it cannot be reset to a value.
            .chain(["SET SESSION timestamp = DEFAULT".to_owned()])
            .collect()
    }

    /// Resets the variables that differ from these, except those that no hook can have set: MySQL lists variables of the
    /// whole server too, which may change at any time.
    pub(super) async fn restore(
        &self,
        wire: &mut Wire,
        dialect: Dialect,
    ) -> Result<(), sqlx::Error> {
        let now = Self::read(wire, dialect).await?;
        for statement in self.restoring(&now) {
            match wire.text(&statement).await {
                Err(failure)
                    if error::number(&failure).is_some_and(|n| NOT_SETTABLE.contains(&n)) => {}
                result => result?,
            }
        }
        Ok(())
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
        let before = variables(&[("a", "1.5"), ("b", "i\\'"), ("warning_count", "0"), ("c", "")]);
        let now = variables(&[("a", "2"), ("b", "x"), ("warning_count", "9"), ("c", "")]);
        assert_eq!(
            before.restoring(&now),
            [
                "SET SESSION a = 1.5",
                "SET SESSION b = _utf8mb4 x'695c27'",
                "SET SESSION timestamp = DEFAULT"
            ]
        );
    }

    #[test]
    fn pinned_variables_are_compared() {
        let before = variables(&[("autocommit", "ON"), ("a", "1")]);
        assert!(before.check_pinned(&variables(&[("autocommit", "ON"), ("a", "2")])).is_ok());
        let error = before.check_pinned(&variables(&[("autocommit", "OFF")])).expect_err("moved");
        assert_eq!(error.kind, ErrorKind::Denied);
    }

    #[test]
    fn each_variable_is_decided_once() {
        let mut names: Vec<&str> = DECISIONS.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DECISIONS.len());
    }
}
