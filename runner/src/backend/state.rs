//! What is recorded about alterations: rows of the state table and the changes to them, as data.

use crate::{
    alteration::{Alteration, AlterationKey, Checksum, Direction, Permissions, Requirements},
    operator,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The version of the runner's own tables that this runner writes.
pub const SCHEMA_VERSION: i64 = 1;

/// The ledger's counter: advanced by every transaction that changes state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revision(pub i64);

/// A stored status. Pending, changed, missing and out-of-order are computed, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Applied,
    Reverted,
    Failed,
    Running,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Reverted => "reverted",
            Self::Failed => "failed",
            Self::Running => "running",
        }
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Applied, Self::Reverted, Self::Failed, Self::Running]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One row of `alteration_state`.
#[derive(Debug, Clone)]
pub struct StateRow {
    pub key: AlterationKey,
    pub checksum: Checksum,
    pub component_checksum: Checksum,
    pub status: Status,
    /// RFC 3339, UTC.
    pub applied_at: Option<String>,
    pub duration_ms: Option<u64>,
    pub statements: Option<u64>,
    pub rows_affected: Option<u64>,
    pub applied_by: Option<String>,
    pub runner_version: Option<String>,
    /// What it was granted when it ran; `down` runs under the same.
    pub permissions: Permissions,
    pub requires: Requirements,
    pub irreversible: bool,
    /// The ledger's revision that applied it: the order of application over all plugins.
    pub revision: Revision,
    pub error: Option<String>,
}

/// The state at one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// `None` where the runner's tables do not exist yet.
    pub revision: Option<Revision>,
    pub rows: BTreeMap<AlterationKey, StateRow>,
}

impl Snapshot {
    pub fn empty() -> Self {
        Self { revision: None, rows: BTreeMap::new() }
    }

    pub fn applied(&self) -> impl Iterator<Item = &StateRow> {
        self.rows.values().filter(|row| row.status == Status::Applied)
    }
}

/// One try to run an alteration in one direction; what history and state rows say about it.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub key: AlterationKey,
    pub direction: Direction,
    pub checksum: Checksum,
    pub component_checksum: Checksum,
    pub permissions: Permissions,
    pub requires: Requirements,
    pub irreversible: bool,
    pub by: String,
}

impl Attempt {
    pub fn up(alteration: &Alteration) -> Self {
        Self {
            key: alteration.key.clone(),
            direction: Direction::Up,
            checksum: alteration.checksum,
            component_checksum: alteration.component_checksum,
            permissions: alteration.permissions.clone(),
            requires: alteration.requires.clone(),
            irreversible: alteration.irreversible,
            by: operator::identity(),
        }
    }

    pub fn down(row: &StateRow) -> Self {
        Self {
            key: row.key.clone(),
            direction: Direction::Down,
            checksum: row.checksum,
            component_checksum: row.component_checksum,
            permissions: row.permissions.clone(),
            requires: row.requires.clone(),
            irreversible: row.irreversible,
            by: operator::identity(),
        }
    }
}

/// What the first statements of a hook's transaction need to know.
#[derive(Debug)]
pub struct Claim<'a> {
    pub attempt: &'a Attempt,
    /// The revision that the ledger must still have.
    pub revision: Revision,
    /// The component's bytes, to archive with an `up`.
    pub component: &'a [u8],
}

/// How an attempt ended, as history says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Done,
    Failed,
    /// Somebody asked it to stop. The alteration is as it was before the attempt.
    Interrupted,
}

impl Ending {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}
