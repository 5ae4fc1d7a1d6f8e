//! SQLite's result codes, sorted into the kinds of the WIT package and the runner's own errors.

use super::{guard::Guard, raw::RawError};
use crate::{
    backend::BackendError,
    session::{ErrorKind, SqlError},
};
use libsqlite3_sys as ffi;
use std::sync::atomic::Ordering;

/// Explains an error of a guest's statement.
pub(super) fn guest_error(error: sqlx::Error, guard: &Guard) -> SqlError {
    raw_guest_error(raw(error), guard)
}

pub(super) fn raw_guest_error(error: RawError, guard: &Guard) -> SqlError {
    let denied = guard.take_denial();
    let RawError { code, message, offset } = error;
    if let Some(denied) = denied {
        return SqlError { offset, ..denied };
    }
    let constraint = constraint(code, &message);
    let kind = match code & 0xff {
        ffi::SQLITE_CONSTRAINT => ErrorKind::Constraint,
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => ErrorKind::Serialization,
        ffi::SQLITE_AUTH | ffi::SQLITE_PERM | ffi::SQLITE_READONLY => ErrorKind::Denied,
        ffi::SQLITE_TOOBIG | ffi::SQLITE_NOMEM => ErrorKind::Limit,
        ffi::SQLITE_INTERRUPT if guard.interrupted.load(Ordering::SeqCst) => ErrorKind::Limit,
        ffi::SQLITE_MISMATCH | ffi::SQLITE_RANGE => ErrorKind::Conversion,
        ffi::SQLITE_IOERR | ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB | ffi::SQLITE_CANTOPEN => {
            ErrorKind::Disconnected
        }
        // One code serves for everything else; only the text tells bad SQL from a missing table.
        ffi::SQLITE_ERROR if is_syntax(&message) => ErrorKind::Syntax,
        _ => ErrorKind::Other,
    };
    SqlError {
        kind,
        message,
        sqlstate: None,
        constraint,
        retryable: kind == ErrorKind::Serialization,
        offset,
        lacks: None,
    }
}

fn is_syntax(message: &str) -> bool {
    ["syntax error", "incomplete input", "unrecognized token"]
        .iter()
        .any(|sign| message.contains(sign))
}

/// Returns the constraint's name, or the columns it is about, from SQLite's message.
fn constraint(code: i32, message: &str) -> Option<String> {
    if code & 0xff != ffi::SQLITE_CONSTRAINT {
        return None;
    }
    let (_, name) = message.split_once("constraint failed: ")?;
    Some(name.to_owned())
}

/// Explains an error of one of the runner's own statements.
pub(super) fn host_error(error: sqlx::Error) -> BackendError {
    raw_host_error(raw(error))
}

pub(super) fn raw_host_error(RawError { code, message, .. }: RawError) -> BackendError {
    match code & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => BackendError::Busy(message),
        ffi::SQLITE_FULL => BackendError::DiskFull(message),
        ffi::SQLITE_NOTADB | ffi::SQLITE_CORRUPT => BackendError::Damaged { reason: message },
        _ => BackendError::Database(message),
    }
}

/// Explains an error of reading the runner's own tables: they were edited.
pub(super) fn corrupt(error: sqlx::Error) -> BackendError {
    if let sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) = error {
        return BackendError::Corrupt("a column holds a value of the wrong type".to_owned());
    }
    corrupt_raw(raw(error))
}

pub(super) fn corrupt_raw(error: RawError) -> BackendError {
    match raw_host_error(error) {
        BackendError::Database(message) => BackendError::Corrupt(message),
        other => other,
    }
}

pub(super) fn raw(error: sqlx::Error) -> RawError {
    match error {
        sqlx::Error::Database(error) => RawError {
            code: error.code().and_then(|code| code.parse().ok()).unwrap_or(ffi::SQLITE_ERROR),
            message: error.message().to_owned(),
            offset: None,
        },
        other => RawError { code: ffi::SQLITE_INTERNAL, message: other.to_string(), offset: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_constraints() {
        let table = [
            (
                ffi::SQLITE_CONSTRAINT_UNIQUE,
                "UNIQUE constraint failed: t.a, t.b",
                ErrorKind::Constraint,
                Some("t.a, t.b"),
            ),
            (
                ffi::SQLITE_CONSTRAINT_CHECK,
                "CHECK constraint failed: positive",
                ErrorKind::Constraint,
                Some("positive"),
            ),
            (
                ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
                "FOREIGN KEY constraint failed",
                ErrorKind::Constraint,
                None,
            ),
            (ffi::SQLITE_BUSY, "database is locked", ErrorKind::Serialization, None),
            (ffi::SQLITE_TOOBIG, "string or blob too big", ErrorKind::Limit, None),
            (ffi::SQLITE_ERROR, "near \"x\": syntax error", ErrorKind::Syntax, None),
            (ffi::SQLITE_ERROR, "no such table: x", ErrorKind::Other, None),
            // Not a limit of this run, so that no advice to raise one is given.
            (ffi::SQLITE_FULL, "database or disk is full", ErrorKind::Other, None),
        ];
        for (code, message, kind, name) in table {
            let raw = RawError { code, message: message.into(), offset: None };
            let error = raw_guest_error(raw, &Guard::default());
            assert_eq!((error.kind, error.constraint.as_deref()), (kind, name), "{message}");
        }
    }

    #[test]
    fn a_refusal_names_its_reason() {
        let guard = Guard::default();
        guard.deny("PRAGMA x is refused");
        let raw =
            RawError { code: ffi::SQLITE_AUTH, message: "not authorized".into(), offset: None };
        let error = raw_guest_error(raw, &guard);
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::Denied, "PRAGMA x is refused")
        );
    }
}
