//! Why a journaled hook cannot go on by itself, as data and as a message.

use crate::escape::Escaped;
use std::fmt;

/// Why a journaled hook cannot go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Whether this statement took effect only a person can tell.
    Ambiguous { statement: String },
    /// Run again, the hook asked for something else than before.
    Diverged { call: u64, now: String },
    /// The hook was cut off where it cannot be resumed: in this statement, or, where that is known to have taken effect,
    /// behind it.
    Apart { statement: String, is_known: bool },
    /// A rehearsal cannot run this statement.
    NotRehearsable { statement: String },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous { statement } => write!(
                f,
                "it is not known whether this statement took effect before: {}",
                Escaped(statement)
            ),
            Self::Apart { statement, is_known: false } => write!(
                f,
                "it is not known whether this statement took effect before, and what it needs of its session is gone: {}",
                Escaped(statement)
            ),
            Self::Apart { statement, is_known: true } => write!(
                f,
                "it was cut off behind this statement, and what the rest needs of its session is gone: {}",
                Escaped(statement)
            ),
            Self::Diverged { call, now } => write!(
                f,
                "run again, the hook does not do what it did before: its call {} is now: {}",
                call + 1,
                Escaped(now)
            ),
            Self::NotRehearsable { statement } => write!(
                f,
                "this statement cannot run in a transaction that is rolled back: {}",
                Escaped(statement)
            ),
        }
    }
}
