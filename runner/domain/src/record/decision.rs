//! What a person decided about an alteration, and how the history says it.

use crate::escape::Escaped;
use serde::Serialize;
use std::{fmt, str::FromStr};

/// What a person says about an alteration; of a statement, where an attempt is unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The alteration is in place, all of it.
    Applied,
    /// The alteration is not in place, nothing of it.
    Reverted,
    /// The statement whose end nobody saw took effect; the rest is still to be done.
    StatementDone,
    /// The statement whose end nobody saw took no effect, and may run again.
    StatementNotDone,
}

impl Decision {
    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "resolved: it is applied",
            Self::Reverted => "resolved: it is reverted",
            Self::StatementDone => "resolved: the statement took effect",
            Self::StatementNotDone => "resolved: the statement took no effect",
        }
    }

    /// Returns what the history holds of the decision; [`Decided::new`] reads it.
    pub fn text(self, because: Option<&Because>) -> String {
        let because =
            because.map(|Because(reason)| format!("{BECAUSE}{reason}")).unwrap_or_default();
        format!("{}{because}", self.as_str())
    }
}

/// Bytes of a reason.
const REASON_BYTES_MAX: usize = 1000;

/// Why a person decided so, in that person's words: escape it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseBecauseError {
    #[error("a reason is needed")]
    Empty,
    #[error("a reason has at most {REASON_BYTES_MAX} bytes")]
    TooLong,
}

impl FromStr for Because {
    type Err = ParseBecauseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Err(ParseBecauseError::Empty),
            text if text.len() > REASON_BYTES_MAX => Err(ParseBecauseError::TooLong),
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// A decision, as history tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// When (RFC 3339, UTC).
    pub at: String,
    /// Who decided, as `user@host`.
    pub by: String,
    /// What was decided.
    pub decision: String,
    /// Why, in that person's words: escape it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What stands between a decision and its reason in the history.
const BECAUSE: &str = ", because: ";

impl Decided {
    /// Reads what [`Decision::text`] wrote.
    pub fn new(at: String, by: String, text: &str) -> Self {
        let (decision, because) = match text.split_once(BECAUSE) {
            Some((decision, because)) => (decision, Some(because.to_owned())),
            None => (text, None),
        };
        let decision = decision.strip_prefix("resolved: ").unwrap_or(decision).to_owned();
        Self { at, by, decision, because }
    }
}
