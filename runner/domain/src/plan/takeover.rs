//! Plugins that say what they were called before: which records one would take over, and what speaks against it.
//!
//! A manifest is a stranger's, and can claim to replace any plugin. So a takeover waits for the operator, who names both.

use super::Finding;
use crate::{
    alteration::{AlterationKey, Catalog, ParsePluginError, PluginName},
    escape::Escaped,
    record::{Snapshot, Status, Takeover},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// That one plugin may take over what is recorded of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rename {
    pub from: PluginName,
    pub to: PluginName,
}

pub type Renames = BTreeSet<Rename>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseRenameError {
    #[error("`{}` names no two plugins: expected OLD/NAME=NEW/NAME", Escaped(.0))]
    Shape(String),
    #[error(transparent)]
    Plugin(#[from] ParsePluginError),
}

impl FromStr for Rename {
    type Err = ParseRenameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, to) =
            text.split_once('=').ok_or_else(|| ParseRenameError::Shape(text.to_owned()))?;
        Ok(Self { from: from.parse()?, to: to.parse()? })
    }
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.from, self.to)
    }
}

/// Returns what plugins of `catalog` would take over of `snapshot`, and what is to be said about it. A takeover that
/// something else speaks against is not among the first.
pub fn takeovers(
    catalog: &Catalog,
    snapshot: &Snapshot,
    accepted: &Renames,
) -> (Vec<Takeover>, Vec<Finding>) {
    let (mut takeovers, mut findings) = (Vec::new(), Vec::new());
    for (from, to) in catalog.replaced() {
        let of_from = || snapshot.rows.values().filter(|row| row.key.plugin == *from);
        let applied = of_from().filter(|row| row.status == Status::Applied);
        let applied: Vec<&AlterationKey> = applied.map(|row| &row.key).collect();
        let is_unfinished = |key: &AlterationKey| {
            let is_running =
                snapshot.rows.get(key).is_some_and(|row| row.status == Status::Running);
            is_running || snapshot.runs.contains_key(key)
        };
        let of_both = snapshot.rows.keys().filter(|key| key.plugin == *from || key.plugin == *to);
        let is_any_left = !applied.is_empty() || of_from().any(|row| is_unfinished(&row.key));
        if !is_any_left {
            continue;
        }
        if let Some(key) = of_both.clone().find(|key| is_unfinished(key)) {
            let (from, to, key) = (from.clone(), to.clone(), key.clone());
            findings.push(Finding::TakesOverUnfinished { from, to, key });
            continue;
        }
        let twice = applied.iter().find(|key| {
            let key = AlterationKey { plugin: to.clone(), id: key.id.clone() };
            snapshot.rows.get(&key).is_some_and(|row| row.status == Status::Applied)
        });
        if let Some(key) = twice {
            let (from, to, id) = (from.clone(), to.clone(), key.id.clone());
            findings.push(Finding::AppliedTwice { from, to, id });
            continue;
        }
        let rename = Rename { from: from.clone(), to: to.clone() };
        findings.push(Finding::TakesOver {
            from: from.clone(),
            to: to.clone(),
            applied: applied.len(),
            accepted: accepted.contains(&rename),
        });
        takeovers.push(Takeover { from: from.clone(), to: to.clone(), checksums: BTreeMap::new() });
    }
    (takeovers, findings)
}
