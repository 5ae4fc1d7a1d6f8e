//! The error of a hook: what the database said, or the author's own words.
//!
//! Converts from the WIT error, from text and from the errors of `std`, so that `?` works on all of
//! them.

use crate::raw;
use std::fmt;

pub use raw::types::ErrorKind;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a statement or a hook failed.
///
/// Returned from a hook, it fails the alteration and is what the operator reads.
/// After a statement has failed, the host lets no hook succeed, on any database: an error
/// can be given a [context](Context), but not ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<raw::types::Error>);

impl Error {
    /// An error of the author's own, from anything that can be written.
    pub fn new(message: impl fmt::Display) -> Self {
        Self::with_kind(ErrorKind::Other, message)
    }

    pub(crate) fn conversion(message: impl fmt::Display) -> Self {
        Self::with_kind(ErrorKind::Conversion, message)
    }

    fn with_kind(kind: ErrorKind, message: impl fmt::Display) -> Self {
        raw::types::Error {
            kind,
            message: message.to_string(),
            sqlstate: None,
            constraint: None,
            retryable: false,
        }
        .into()
    }

    /// What sort of error it is, the same on every database.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text of the error.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The database's five-character code, where it has one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// The constraint that was violated, where the database names it.
    pub fn constraint(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    /// Whether the whole hook may succeed when the host runs it again.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

/// As the interface calls it: `constraint`, `serialization`, …
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constraint => "constraint",
            Self::Serialization => "serialization",
            Self::Denied => "denied",
            Self::Limit => "limit",
            Self::Syntax => "syntax",
            Self::Conversion => "conversion",
            Self::Disconnected => "disconnected",
            Self::Other => "other",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl From<raw::types::Error> for Error {
    fn from(error: raw::types::Error) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for raw::types::Error {
    fn from(error: Error) -> Self {
        *error.0
    }
}

/// One by one: a conversion from every `std::error::Error` would forbid those from text.
macro_rules! from {
    ($($type:ty),* $(,)?) => {
        $(impl From<$type> for Error {
            fn from(error: $type) -> Self {
                Self::new(error)
            }
        })*
    };
}

from!(
    &str,
    String,
    Box<dyn std::error::Error>,
    Box<dyn std::error::Error + Send + Sync>,
    fmt::Error,
    std::array::TryFromSliceError,
    std::char::ParseCharError,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::ParseBoolError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
);

/// Says what was being done when an error came up.
pub trait Context<T> {
    /// Puts `context` and a colon before the message, and keeps everything else.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// let parsed: Result<i64> = "x".parse::<i64>().context("customer 17");
    /// assert_eq!(parsed.unwrap_err().message(), "customer 17: invalid digit found in string");
    /// ```
    fn context(self, context: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, context: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let mut error = error.into();
            error.0.message = format!("{context}: {}", error.0.message);
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<usize> {
        let number: usize = text.parse()?;
        if number == 0 {
            return Err("zero".into());
        }
        let small = u8::try_from(number).context(format_args!("the number {number}"))?;
        Some(usize::from(small)).filter(|n| *n > 1).ok_or("one")?;
        Err(format!("{small} is too much"))?
    }

    #[test]
    fn question_mark() {
        let message = |text| all(text).unwrap_err().message().to_owned();
        assert_eq!(message("x"), "invalid digit found in string");
        assert_eq!(message("0"), "zero");
        assert_eq!(message("1"), "one");
        assert_eq!(message("7"), "7 is too much");
        assert!(message("700").starts_with("the number 700: out of range"));
    }

    #[test]
    fn nothing_is_lost_on_the_way_back() {
        let raw = raw::types::Error {
            kind: ErrorKind::Constraint,
            message: "no".into(),
            sqlstate: Some("23505".into()),
            constraint: Some("customers_email_key".into()),
            retryable: true,
        };
        let error = Error::from(raw.clone());
        assert_eq!(error.kind(), ErrorKind::Constraint);
        assert_eq!(error.sqlstate(), Some("23505"));
        assert_eq!(error.constraint(), Some("customers_email_key"));
        assert!(error.is_retryable());
        assert_eq!(raw::types::Error::from(error), raw);
    }
}
