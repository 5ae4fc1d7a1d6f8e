//! The server's error numbers, sorted into the kinds of the WIT package and the runner's own errors.

use crate::{
    backend::BackendError,
    session::{ErrorKind, SqlError},
};
use sqlx::mysql::MySqlDatabaseError;

/// A row with this key exists.
pub(super) const DUPLICATE: u16 = 1062;
/// This command cannot be prepared: it has to be sent as text.
pub(super) const NOT_PREPARABLE: u16 = 1295;
pub(super) const NO_SUCH_SAVEPOINT: u16 = 1305;
pub(super) const NO_SUCH_THREAD: u16 = 1094;
/// A session of another user may not be ended.
pub(super) const NOT_THE_OWNER: u16 = 1095;

/// The SQLSTATE of a statement whose time was up, as ODBC has it: the servers have none that says so.
pub(super) const TIMED_OUT_STATE: &str = "HYT00";

/// Returns whether a statement was ended: by KILL QUERY, or by the server's own timer.
pub(super) fn is_interruption(number: u16) -> bool {
    matches!(number, 1317 | 1969 | 3024)
}

/// Returns whether a statement waited in vain for another session's lock.
pub(super) fn is_lock_wait(number: u16) -> bool {
    matches!(number, 1205 | 3572)
}

/// The most that the server quotes of a statement after `near`.
const NEAR_CHARS_MAX: usize = 80;

/// Returns the server's number of an error, where the server made it.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    server_error(error).map(MySqlDatabaseError::number)
}

fn server_error(error: &sqlx::Error) -> Option<&MySqlDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// Explains an error of a guest's statement; `sql` as the guest wrote it.
pub(super) fn guest_error(error: &sqlx::Error, sql: &str) -> SqlError {
    let Some(server) = server_error(error) else {
        return SqlError::new(ErrorKind::Disconnected, transport(error));
    };
    let (number, message) = (server.number(), server.message());
    let kind = kind(number);
    SqlError {
        kind,
        message: message.to_owned(),
        sqlstate: server.code().map(str::to_owned),
        constraint: constraint(number, message),
        retryable: matches!(number, 1020 | 1047 | 1205 | 1213 | 1615 | 3572),
        offset: if number == 1064 { syntax_offset(message, sql) } else { None },
        lacks: None,
    }
}

fn kind(number: u16) -> ErrorKind {
    match number {
        // Duplicate key, NULL where there may be none, foreign keys, CHECK, generated columns.
        1022 | 1048 | 1062 | 1169 | 1216 | 1217 | 1364 | 1451 | 1452 | 1557 | 1586 | 1761
        | 1762 | 3819 | 4025 => ErrorKind::Constraint,
        // Waited too long, deadlock, refused by the cluster, NOWAIT; a row or a table that changed
        // meanwhile.
        1020 | 1205 | 1213 | 1615 | 3572 => ErrorKind::Serialization,
        1044 | 1045 | 1142 | 1143 | 1227 | 1290 | 1370 | 1419 | 1698 | 1792 | 1836 | 3530 => {
            ErrorKind::Denied
        }
        1064 | 1149 => ErrorKind::Syntax,
        // Ended by time or by KILL QUERY; a full disk or table; too large a packet or row; memory.
        1021 | 1030 | 1037 | 1038 | 1041 | 1104 | 1114 | 1118 | 1135 | 1153 | 1197 | 1206
        | 1301 | 1317 | 1390 | 1436 | 1969 | 3024 => ErrorKind::Limit,
        // Out of range, cut off, of another type, not a valid JSON or geometry, not of the charset.
        1264 | 1265 | 1292 | 1366 | 1367 | 1300 | 1406 | 1411 | 1416 | 1525 | 1690 | 3140
        | 3141 | 3156 | 3988 | 4078 => ErrorKind::Conversion,
        // The server is going away, or this session was ended, or the cluster's node is not ready.
        1047 | 1053 | 1152 | 1158..=1161 | 1927 | 2006 | 2013 | 4031 => ErrorKind::Disconnected,
        _ => ErrorKind::Other,
    }
}

/// Explains an error of sqlx itself: the connection broke, or is not understood any more.
fn transport(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => format!("the connection to the database was lost: {error}"),
        other => format!("the connection to the database is of no use any more: {other}"),
    }
}

/// Returns the constraint's name from the server's message, by the text that comes with its number.
fn constraint(number: u16, message: &str) -> Option<String> {
    let after = |sign: &str| message.split_once(sign).map(|(_, rest)| rest);
    let name = match number {
        // Duplicate entry '1' for key 't.name'; the entry itself may hold any text.
        1022 | 1062 | 1169 | 1586 => {
            message.rsplit_once("for key '").and_then(|(_, rest)| rest.strip_suffix('\''))
        }
        // Column 'x' cannot be null
        1048 => after("Column '").and_then(|rest| rest.rsplit_once('\'')).map(|(name, _)| name),
        // Field 'x' doesn't have a default value
        1364 => after("Field '").and_then(|rest| rest.rsplit_once("' ")).map(|(name, _)| name),
        // … CONSTRAINT `name` FOREIGN KEY …
        1451 | 1452 => after("CONSTRAINT `").and_then(|rest| rest.split_once('`')).map(|(n, _)| n),
        // CONSTRAINT `name` failed for `db`.`table`
        4025 => after("CONSTRAINT `").and_then(|rest| rest.split_once('`')).map(|(name, _)| name),
        // Check constraint 'name' is violated.
        3819 => after("constraint '").and_then(|rest| rest.rsplit_once('\'')).map(|(name, _)| name),
        _ => None,
    };
    name.map(str::to_owned)
}

/// Returns where a syntax error is: the server quotes the rest of the text from there on, and its line.
fn syntax_offset(message: &str, sql: &str) -> Option<usize> {
    let (_, rest) = message.split_once("near '")?;
    let (near, line) = rest.rsplit_once("' at line ")?;
    let line: usize = line.trim().parse().ok()?;
    if near.is_empty() {
        return Some(sql.trim_end().len());
    }
    let found = sql.match_indices(near).map(|(at, _)| at).find(|at| {
        let to_the_end =
            near.chars().count() >= NEAR_CHARS_MAX || sql[at + near.len()..].trim().is_empty();
        to_the_end && sql[..*at].matches('\n').count() + 1 == line
    });
    found.or_else(|| {
        // Characters that the server shows otherwise than they are written: the line is still right.
        let mut lines = sql.split_inclusive('\n');
        let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
        lines.next().map(|_| before)
    })
}

/// Explains an error of one of the runner's own statements. `url` is shown to people.
pub(super) fn host_error(error: &sqlx::Error, url: &str) -> BackendError {
    let Some(server) = server_error(error) else {
        return BackendError::Disconnected(match error {
            sqlx::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        });
    };
    let message = server.message().to_owned();
    match server.number() {
        1205 | 1213 | 3572 => BackendError::Busy(message),
        1047 | 1053 | 1152 | 1158..=1161 | 1927 | 4031 => BackendError::Disconnected(message),
        1021 | 1114 => BackendError::DiskFull(message),
        // The storage engine's error; 28 is the operating system's "no space left".
        1030 if message.contains("28") => BackendError::DiskFull(message),
        1290 | 1792 | 1836 => BackendError::ReadOnly { url: url.to_owned(), reason: message },
        _ => BackendError::Database(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_named() {
        let table = [
            (1062, "Duplicate entry 'a' for key 'x'' for key 'PRIMARY'", Some("PRIMARY")),
            (1048, "Column 'a' cannot be null", Some("a")),
            (1364, "Field 'a' doesn't have a default value", Some("a")),
            (
                1452,
                "Cannot add or update a child row: a foreign key constraint fails (`d`.`c`, \
                 CONSTRAINT `c_fk` FOREIGN KEY (`p`) REFERENCES `p` (`id`))",
                Some("c_fk"),
            ),
            (4025, "CONSTRAINT `positive` failed for `d`.`t`", Some("positive")),
            (3819, "Check constraint 'positive' is violated.", Some("positive")),
            (1146, "Table 'd.t' doesn't exist", None),
        ];
        for (number, message, name) in table {
            assert_eq!(constraint(number, message).as_deref(), name, "{message}");
        }
    }

    #[test]
    fn syntax_errors_are_found() {
        let message = |near: &str, line: usize| {
            format!("You have an error in your SQL syntax; … use near '{near}' at line {line}")
        };
        let table = [
            ("SELEC 1", message("SELEC 1", 1), Some(0)),
            ("SELECT 1\n FORM t, t", message("t", 2), Some(18)),
            ("SELECT 'it''s' x x", message("x", 1), Some(17)),
            ("SELECT (1", message("", 1), Some(9)),
            ("SELECT\n\u{1f600}x y", message("?x y", 2), Some(7)),
            ("SELECT 1", "no position".to_owned(), None),
        ];
        for (sql, message, offset) in table {
            assert_eq!(syntax_offset(&message, sql), offset, "{sql}");
        }
    }

    #[test]
    fn kinds() {
        let table = [
            (1062, ErrorKind::Constraint),
            (1213, ErrorKind::Serialization),
            (1142, ErrorKind::Denied),
            (1064, ErrorKind::Syntax),
            (1969, ErrorKind::Limit),
            (1264, ErrorKind::Conversion),
            (1047, ErrorKind::Disconnected),
            (1146, ErrorKind::Other),
        ];
        for (number, expected) in table {
            assert_eq!(kind(number), expected, "{number}");
        }
    }
}
