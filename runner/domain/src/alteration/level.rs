//! How far an operator trusts a plugin.

use serde::Serialize;
use std::fmt;

/// How far the operator trusts a plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A database role of its own, with what was granted to it: the database refuses the rest.
    Confined,
    /// The operator's rights, with everything refused that reaches beyond the database.
    #[default]
    Guarded,
    /// The operator's own product: it may also decide who its session is, and set what holds for the server.
    Trusted,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confined => "confined",
            Self::Guarded => "guarded",
            Self::Trusted => "trusted",
        }
    }

    /// Returns whether it may decide who its session is, and set what holds for the server.
    pub fn is_trusted(self) -> bool {
        self == Self::Trusted
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
