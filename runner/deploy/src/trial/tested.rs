//! The result for one alteration: its passes, what did not come back, what failed. Read by reports, and printed as JSON.

use super::Difference;
use crate::{
    alteration::{AlterationKey, Direction},
    backend::Locks,
    session::Counts,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// One alteration that was tested, to its end unless a hook of it failed.
#[derive(Debug, Clone, Serialize)]
pub struct Tested {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// The outcome of this alteration.
    pub outcome: Verdict,
    /// Set if a check of its own ran after it was applied.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub checked: bool,
    /// Each way through it that ran.
    pub passes: Vec<Pass>,
    /// Differences that `down` or the second `up` left.
    pub differences: Vec<Difference>,
    /// The tables and views that it made, on MySQL and MariaDB.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub creates: BTreeSet<String>,
    /// What its manifest has to say of that before its plugin can be confined there; absent if it says it, or its SQL does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declare: Option<Declare>,
}

/// What is missing from a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declare {
    /// All that `creates` has to name.
    pub creates: BTreeSet<String>,
    /// Set if that is written into `alteration.toml`, because the alteration is SQL.
    pub in_toml: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All came back as it was.
    Passed,
    /// It left something behind, or did not bring it back.
    Differs,
    /// It has no way back, so that only its `up` could run.
    Irreversible,
    /// One of its hooks failed; `failures` of the whole test say how.
    Failed,
}

/// One way through an alteration.
#[derive(Debug, Clone, Serialize)]
pub struct Pass {
    /// Applied, or taken back.
    pub direction: Direction,
    #[serde(flatten)]
    pub counts: Counts,
    /// The locks that others had to wait for.
    pub locks: Locks,
}

/// A hook that failed, or left behind what cannot be read.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// The direction of the hook that failed.
    pub direction: Direction,
    /// Set if it was the second `up`, after `down`.
    pub again: bool,
    /// The error's text.
    pub message: String,
}

/// An alteration that could not be tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotTested {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// The one that failed, and that it needs.
    pub without: AlterationKey,
}

/// The pass after which a difference was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// `down` did not bring back what was before `up`.
    Down,
    /// The second `up` did not bring what the first had brought.
    SecondUp,
    /// `up` brought it: no fault, and shown to an author who looks on.
    Up,
}
