//! What an alteration may ask for beyond its database connection.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// Something that a manifest declares and that an operator must grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Permission {
    /// Random bytes and the time of day, through the `entropy` interface.
    Entropy,
}

pub type Permissions = BTreeSet<Permission>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown permission; this runner knows `entropy`")]
pub struct ParsePermissionError;

impl Permission {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entropy => "entropy",
        }
    }
}

impl FromStr for Permission {
    type Err = ParsePermissionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "entropy" => Ok(Self::Entropy),
            _ => Err(ParsePermissionError),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
