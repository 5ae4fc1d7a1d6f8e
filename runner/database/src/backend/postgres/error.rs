//! PostgreSQL's SQLSTATE codes, sorted into the kinds of the WIT package and the runner's own errors.

use super::text::Sent;
use crate::{
    backend::BackendError,
    session::{ErrorKind, SqlError},
};
use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

/// What the server says of a statement that had to match one row and did not.
pub(super) const MOVED: &str = "runner: moved ";

/// An error of a guest's statement, explained; `sent` is what went to the server for it.
pub(super) fn guest_error(error: sqlx::Error, sent: &Sent<'_>) -> SqlError {
    let sqlx::Error::Database(error) = &error else {
        return match lost(&error) {
            Some(reason) => SqlError::new(ErrorKind::Disconnected, reason),
            None => SqlError::new(ErrorKind::Other, error.to_string()),
        };
    };
    let error = error.downcast_ref::<PgDatabaseError>();
    let code = error.code();
    let kind = kind(code);
    let origin = match error.position() {
        Some(PgErrorPosition::Original(at)) => sent.origin(at),
        _ => None,
    };
    let message = match origin {
        Some((_, Some(number))) => format!("parameter {number}: {}", message(error)),
        _ => message(error),
    };
    SqlError {
        kind,
        message,
        sqlstate: Some(code.to_owned()),
        constraint: error.constraint().map(str::to_owned),
        retryable: kind == ErrorKind::Serialization,
        offset: origin.map(|(offset, _)| offset),
        lacks: None,
    }
}

fn kind(code: &str) -> ErrorKind {
    match code {
        "40001" | "40P01" | "55P03" => ErrorKind::Serialization,
        "57014" => ErrorKind::Limit,
        "42601" => ErrorKind::Syntax,
        "42501" | "25006" => ErrorKind::Denied,
        // A value of one type for a column of another, and a parameter whose type nothing tells.
        "42804" | "42P18" => ErrorKind::Conversion,
        // Idle for too long, in a transaction or outside of one, and too long a transaction are among them.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" => ErrorKind::Disconnected,
        "08P01" => ErrorKind::Other,
        _ => match code.get(..2) {
            Some("23") => ErrorKind::Constraint,
            Some("22") => ErrorKind::Conversion,
            Some("08") => ErrorKind::Disconnected,
            Some("53" | "54") => ErrorKind::Limit,
            _ => ErrorKind::Other,
        },
    }
}

/// All that the server says to people, in one line.
fn message(error: &PgDatabaseError) -> String {
    let mut text = error.message().to_owned();
    if let Some(detail) = error.detail() {
        text.push_str(&format!(" ({})", detail.trim_end_matches('.')));
    }
    // Of code that ran for a statement: a trigger's, an event trigger's of the operator's.
    let code = error.r#where().and_then(|code| code.lines().next_back());
    if let (Some(code), "42501") = (code, error.code()) {
        text.push_str(&format!("; in {code}"));
    }
    if let Some(hint) = error.hint() {
        text.push_str(&format!("; hint: {}", hint.trim_end_matches('.')));
    }
    text
}

/// Why the connection is gone, if it is.
fn lost(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Io(error) => Some(error.to_string()),
        sqlx::Error::Database(error)
            if error.code().is_some_and(|code| kind(&code) == ErrorKind::Disconnected) =>
        {
            Some(error.message().to_owned())
        }
        // What cannot be understood any more: the two sides are out of step.
        sqlx::Error::Protocol(reason) => Some(reason.clone()),
        sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => Some(error.to_string()),
        _ => None,
    }
}

/// The table whose rows have to be as they are known.
const STATE: &str = "alteration_state";

/// An error of one of the runner's own statements.
pub(super) fn host_error(error: sqlx::Error, url: &str) -> BackendError {
    if let Some(reason) = lost(&error) {
        return BackendError::Disconnected(reason);
    }
    let sqlx::Error::Database(error) = &error else {
        return BackendError::Database(error.to_string());
    };
    let error = error.downcast_ref::<PgDatabaseError>();
    let text = message(error);
    match error.code() {
        _ if is_moved(error) => BackendError::Moved,
        "55P03" | "40P01" | "40001" => BackendError::Busy(text),
        "25006" => BackendError::ReadOnly { url: url.to_owned(), reason: text },
        "53100" => BackendError::DiskFull(text),
        "25P02" => BackendError::TransactionEnded("a statement in it had failed".to_owned()),
        _ => BackendError::Database(text),
    }
}

/// Whether a statement of the runner's own did not match its one row, or the row that it was to make is there.
fn is_moved(error: &PgDatabaseError) -> bool {
    match error.code() {
        "22P02" => error.message().contains(MOVED),
        "23505" => error.table() == Some(STATE),
        _ => false,
    }
}

/// A guest's work that failed when the server looked at it again, at the end of the hook.
pub(super) fn refused(error: sqlx::Error, url: &str) -> BackendError {
    if matches!(error, sqlx::Error::Database(_)) && lost(&error).is_none() {
        let error = guest_error(error, &Sent::plain(""));
        return BackendError::Refused(SqlError { offset: None, ..error });
    }
    host_error(error, url)
}

/// As [`refused`], where it was not done in its time either.
pub(super) fn refused_checks(error: sqlx::Error, url: &str) -> BackendError {
    let is_ended = code(&error).as_deref() == Some("57014");
    match refused(error, url) {
        BackendError::Refused(error) if is_ended => BackendError::Refused(SqlError {
            message: format!("what the hook deferred to its end: {}", error.message),
            ..error
        }),
        error => error,
    }
}

/// An error of the record of what a hook did. A hook can have made its own transaction one that only reads, and what a
/// confined plugin left is looked at together with it.
pub(super) fn refused_record(error: sqlx::Error, url: &str) -> BackendError {
    match code(&error).as_deref() {
        Some("25006") => BackendError::Refused(SqlError::new(
            ErrorKind::Denied,
            "the hook made its transaction one that only reads, in which nothing can be recorded",
        )),
        Some("42501") => refused(error, url),
        _ => host_error(error, url),
    }
}

/// As [`refused`], at the commit itself, in a message with own statements that had to match one row.
pub(super) fn refused_commit(error: sqlx::Error, url: &str) -> BackendError {
    match &error {
        sqlx::Error::Database(error) if is_moved(error.downcast_ref()) => BackendError::Moved,
        sqlx::Error::Database(error) if error.code().as_deref() == Some("25006") => {
            BackendError::Refused(SqlError::new(
                ErrorKind::Denied,
                "something that the hook deferred to the commit itself would have written: nothing can look at that",
            ))
        }
        _ => refused(error, url),
    }
}

/// Something that came after a COMMIT in its message: what a hook set at the commit can make that fail. The commit
/// took place, and has to be looked for like one whose answer was lost.
pub(super) fn after_commit(error: &dyn std::fmt::Display) -> BackendError {
    BackendError::Disconnected(format!("the server failed after the commit: {error}"))
}

/// What stands before and after what the server found at the end of a hook, where that is not what it should be.
pub(super) const END: [&str; 2] = ["runner: end [", "]"];

/// That, if this is such an error. A hook can raise the same one, and is then told of another of its faults.
pub(super) fn end_of(error: &sqlx::Error) -> Option<String> {
    let text =
        error.as_database_error().filter(|error| error.code().as_deref() == Some("22P02"))?;
    let (_, found) = text.message().split_once(END[0])?;
    Some(found.rsplit_once(END[1])?.0.to_owned())
}

/// Whether the connection is gone.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    lost(error).is_some()
}

/// The SQLSTATE of a failed statement.
pub(super) fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_kinds() {
        let table = [
            ("23505", ErrorKind::Constraint),
            ("40P01", ErrorKind::Serialization),
            ("55P03", ErrorKind::Serialization),
            ("57014", ErrorKind::Limit),
            ("53100", ErrorKind::Limit),
            ("42601", ErrorKind::Syntax),
            ("22P02", ErrorKind::Conversion),
            ("42501", ErrorKind::Denied),
            ("57P01", ErrorKind::Disconnected),
            ("25P03", ErrorKind::Disconnected),
            ("25P04", ErrorKind::Disconnected),
            ("08006", ErrorKind::Disconnected),
            ("42P01", ErrorKind::Other),
            ("", ErrorKind::Other),
        ];
        for (code, expected) in table {
            assert_eq!(kind(code), expected, "{code}");
        }
    }
}
