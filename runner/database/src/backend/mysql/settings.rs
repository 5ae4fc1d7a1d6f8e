//! The settings that the runner makes in a session: as few as its own statements need.
//!
//! Settings that change the meaning of a text stay as the server and the user have them, so that a hook's SQL does the same
//! as in the database's own client. `variables.rs` lists the variables that a hook may change and those that are reset.

use std::{fmt::Write as _, time::Duration};

/// The mode of typed writers, whatever the session's: a value that its column cannot hold is an error on every engine. Zero
/// dates stay possible, because existing data has them.
pub(super) const WRITING_MODE: &str =
    "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// How long a session may be idle before the server ends it: longer than any hook may take, and short enough to release the
/// lock of a runner whose network failed.
const IDLE_SECONDS_MAX: u64 = 3_600;
/// How long the server waits for the rest of a message, and for room to send one.
const NET_SECONDS: u64 = 600;

/// The settings that every session needs before anything is read from it: a limit on rows would already affect the reads.
pub(super) const FIRST: &str = "SET completion_type = 0, sql_select_limit = 18446744073709551615, \
     sql_big_selects = 1";

/// How much later than the host the server itself ends a statement, if the host is gone by then.
const SERVER_GRACE: Duration = Duration::from_secs(10);
/// Follows [`FIRST`] while the kind of server is unknown. Each server executes only its own comment.
pub(super) const NO_STATEMENT_TIME: &str =
    " /*M! , max_statement_time = 0 */ /*!80000 , max_execution_time = 0 */";

/// The facts on which the settings of one session depend.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) mariadb: bool,
    pub(super) galera: bool,
    pub(super) read_only: bool,
    /// Set if changes are logged as statements, which READ COMMITTED does not allow.
    pub(super) logs_statements: bool,
    /// How long one statement may wait for another session's lock; whole seconds, at least one.
    pub(super) lock_wait: Duration,
    /// How long one statement may take. MySQL itself bounds only SELECT.
    pub(super) statement_time: Option<Duration>,
    /// How long the session may be idle in a transaction; MySQL has no such bound.
    pub(super) idle: Option<Duration>,
}

impl Settings {
    /// Returns the statements that make these settings. They end no transaction.
    pub(super) fn sql(&self) -> String {
        let lock_seconds = self.lock_wait.as_secs_f64().ceil().clamp(1.0, 31_536_000.0);
        // The host's own timer comes first; see `watch.rs`.
        let server_time = |time| time + SERVER_GRACE;
        let statement_time =
            self.statement_time.filter(|time| !time.is_zero()).map(server_time).unwrap_or_default();
        let statement_time = if self.mariadb {
            format!("max_statement_time = {:.3}", statement_time.as_secs_f64())
        } else {
            format!("max_execution_time = {}", statement_time.as_millis())
        };
        let idle = if self.mariadb {
            format!(
                ", idle_transaction_timeout = {}, idle_readonly_transaction_timeout = 0, \
                 idle_write_transaction_timeout = 0",
                self.idle.unwrap_or_default().as_secs_f64().ceil()
            )
        } else {
            String::new()
        };
        // A read must see what another node of the cluster has committed.
        let galera = if self.galera { ", wsrep_sync_wait = 1" } else { "" };
        let access = if self.read_only { "READ ONLY" } else { "READ WRITE" };
        // Own statements read committed rows at both levels, because each transaction starts with a write.
        let isolation = if self.logs_statements { "REPEATABLE READ" } else { "READ COMMITTED" };
        format!(
            "{FIRST}, sql_safe_updates = 0, sql_quote_show_create = 1, lc_messages = 'en_US', \
             wait_timeout = {IDLE_SECONDS_MAX}, net_read_timeout = {NET_SECONDS}, \
             net_write_timeout = {NET_SECONDS}, innodb_lock_wait_timeout = {lock_seconds}, \
             lock_wait_timeout = {lock_seconds}, {statement_time}{idle}{galera}; \
             SET SESSION TRANSACTION ISOLATION LEVEL {isolation}, {access}"
        )
    }
}

/// Writes a value for SET so that every mode reads it the same.
pub(super) fn literal(value: &str) -> String {
    if value.parse::<f64>().is_ok_and(f64::is_finite) {
        return value.to_owned();
    }
    let mut text = "_utf8mb4 x'".to_owned();
    for byte in value.bytes() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use super::super::variables::{Decision, decision};
    use super::*;

    /// Checks that each setting of the runner is pinned, or made again after each hook.
    #[test]
    fn what_is_set_is_decided() {
        for mariadb in [false, true] {
            let (some, galera) = (Some(Duration::from_secs(1)), mariadb);
            let lock_wait = Duration::from_secs(1);
            let settings = Settings {
                mariadb,
                galera,
                read_only: false,
                logs_statements: false,
                lock_wait,
                statement_time: some,
                idle: some,
            };
            let sql = settings.sql();
            let (variables, transaction) = sql.split_once("; ").expect("two statements");
            assert!(transaction.contains("READ COMMITTED"));
            for assignment in variables.trim_start_matches("SET ").split(", ") {
                let name = assignment.split(' ').next().expect("a name");
                let found = decision(name);
                assert!(matches!(found, Some(Decision::Pinned | Decision::Set)), "{name}");
            }
        }
    }

    #[test]
    fn literals_need_no_escapes() {
        let table = [("1.5", "1.5"), ("ON", "_utf8mb4 x'4f4e'"), ("", "_utf8mb4 x''")];
        for (value, text) in table {
            assert_eq!(literal(value), text);
        }
    }
}
