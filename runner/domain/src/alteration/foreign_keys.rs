//! How SQLite treats foreign keys while an alteration runs.

use serde::{Deserialize, Serialize};

/// What an alteration declares about foreign keys on SQLite. Other databases enforce theirs always, and ignore it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignKeys {
    /// They do nothing while a hook runs, and are checked at its end: a table that is rebuilt keeps its children.
    #[default]
    Checked,
    /// SQLite enforces them in each hook, as after `PRAGMA foreign_keys = ON`: children follow their parents.
    Enforced,
}

impl ForeignKeys {
    pub fn is_checked(&self) -> bool {
        *self == Self::Checked
    }
}
