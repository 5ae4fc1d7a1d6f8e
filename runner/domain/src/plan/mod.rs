//! Plans: from what is offered and what is recorded to what would run, and why.
//!
//! Pure: (catalog, snapshot, target) in, data out. No I/O, no clock. What a plan says is rendered
//! by the command line and carried out by `deploy`.

mod advice;
mod asks;
mod baseline;
mod begun;
mod check;
mod deploy;
mod drafts;
mod finding;
mod folders;
mod order;
mod rollback;
mod status;
mod takeover;
mod target;

pub use asks::{AskedPermission, AskedSetting, Asks, GrantedBy};
pub use baseline::{
    BaselineError, End, ParseUpToError, UpTo, baseline, keys_of_former, keys_of_projects,
    keys_up_to,
};
pub use begun::cut_off_advice;
pub use check::{Answer, Check, NotDeployed, Undeployed};
pub use deploy::deploy;
pub use drafts::Hold;
pub use drafts::without;
pub use finding::{Finding, Severity};
pub use rollback::{RollbackTarget, rollback};
pub use rollback::{still_required, unmet};
pub use status::{Flag, StatusLine, status};
pub use takeover::{ParseRenameError, Rename, Renames, takeovers};
pub use target::{Bound, ParseTargetError, Target};

use crate::{
    alteration::{AlterationId, AlterationKey, Checksum, Direction, Level, PluginName},
    record::{Fit, Phase, Snapshot},
};
use serde::Serialize;
use std::collections::BTreeSet;

/// What would run, in order, with everything that speaks against it.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What would run, in this order.
    pub steps: Vec<Step>,
    /// Alterations of the catalog that are not applied and would not be.
    pub skipped: Vec<Skipped>,
    /// Applied drafts that are offered as they are, and released by now. A deploy records that; nothing runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<AlterationKey>,
    /// What it noticed.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Findings that forbid running the plan.
    pub fn objections(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity() != Severity::Note)
    }

    /// Returns whether one of its steps asks for a permission that is not granted.
    pub fn lacks_grants(&self) -> bool {
        let asked = self.steps.iter().flat_map(|step| &step.asks.permissions);
        asked.into_iter().any(|asked| !asked.granted)
    }

    /// Returns what lies in another folder than the recorded alterations of its plugin: whether it is of that plugin is
    /// only its manifest's word, so that nothing that was given to the plugin's name is given to it.
    pub fn elsewhere(&self) -> BTreeSet<AlterationKey> {
        let keys = self.findings.iter().filter_map(|finding| match finding {
            Finding::OtherFolder { plugin, ids, .. } => Some((plugin, ids)),
            _ => None,
        });
        let keys = keys.flat_map(|(plugin, ids)| {
            ids.iter().map(|id| AlterationKey { plugin: plugin.clone(), id: id.clone() })
        });
        keys.collect()
    }

    /// Returns whether something speaks against it that may be another runner at work.
    pub fn waits_for_an_attempt(&self) -> bool {
        self.findings.iter().any(|finding| {
            matches!(
                finding,
                Finding::Unfinished { .. }
                    | Finding::TakesOverUnfinished { .. }
                    | Finding::UnfinishedRollback { .. }
                    | Finding::CutOff { .. }
                    | Finding::Running { .. }
            )
        })
    }
}

/// One alteration to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// Whether it is applied or taken back.
    pub direction: Direction,
    /// Why it runs.
    pub reason: Reason,
    /// What it does, as its manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it has no way back.
    pub irreversible: bool,
    /// Whether it is a draft, which may still change.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// SHA-256 of the component that runs instead of the one that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Checksum>,
    #[serde(flatten)]
    pub asks: Asks,
    /// The tables and views that it makes, where a confined plugin can make no others: on MySQL and MariaDB.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub creates: BTreeSet<String>,
    /// The level at which its plugin runs: `confined`, `guarded` or `trusted`.
    pub level: Level,
}

/// Why a step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// It was never applied.
    New,
    /// Its last attempt failed and changed nothing.
    FailedBefore,
    /// It was begun, parts of it are done, and it has not ended.
    Unfinished {
        /// The part that it stands in.
        phase: Phase,
    },
    /// It was begun, parts of it are done, and it cannot be resumed.
    CutOff,
    /// It was begun with another component, and the statements that took effect are the first ones of this one.
    Mended {
        /// How many statements took effect.
        statements: usize,
    },
    /// It was rolled back.
    RolledBack,
    /// It is older than an applied one. Unless that is allowed, a finding says so too.
    OutOfOrder {
        /// The newest alteration that is applied.
        newest_applied: AlterationId,
        /// Whether `--out-of-order allow` was given.
        allowed: bool,
    },
    /// It is reverted because it is a draft that has changed.
    DraftChanged,
    /// It is reverted because it was applied after such a draft.
    AfterDraft {
        /// That draft.
        draft: AlterationId,
    },
    /// It is applied again: this plan reverts it first.
    Again,
    /// It is recorded as applied, and does not run.
    Recorded,
    /// It is newer than the version to go back to.
    NewerThan {
        /// The version to go back to.
        version: String,
    },
    /// It is among the last that were applied.
    Last {
        /// How many were asked for.
        steps: usize,
    },
}

/// An alteration that is pending but not part of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// Why.
    pub reason: SkipReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SkipReason {
    /// Its version is `next`, and the target is not.
    NotReleased,
    /// Its version is newer than the target.
    BeyondTarget {
        /// The target's version.
        version: String,
    },
    /// The target names other plugins.
    NotTargeted,
    /// The baseline does not include it.
    NotRecorded,
    /// Only other databases need it.
    Elsewhere {
        /// The databases that need it.
        needed_on: String,
    },
}

/// What may be done although it usually should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    pub out_of_order: bool,
    pub changed: bool,
    pub missing: bool,
    /// What lies in another folder than the recorded alterations of its plugin.
    pub folders: Folders,
    /// Applies drafts, and takes an applied one that has changed down first, with what was applied of its
    /// plugin after it: what they made in the database goes with them.
    pub drafts: bool,
}

/// What becomes of alterations that lie in another folder than the recorded ones of their plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Folders {
    /// They are objected to.
    #[default]
    Judged,
    /// They run, and nothing that was given to their plugin's name is given to them.
    Allowed,
    /// Folders say nothing: on a scratch database all that is recorded was applied a moment ago.
    Ignored,
}

impl Reason {
    /// Returns why an unfinished attempt at `key`, which is in `phase`, is part of the plan.
    fn of_run(snapshot: &Snapshot, key: &AlterationKey, phase: Phase) -> Self {
        if snapshot.cut_off(key).is_some() {
            return Self::CutOff;
        }
        match snapshot.mended.get(key).map(|mended| mended.fit) {
            Some(Fit::GoesOn { statements }) => Self::Mended { statements },
            _ => Self::Unfinished { phase },
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("not applied yet"),
            Self::FailedBefore => f.write_str("failed before, changed nothing"),
            Self::Unfinished { phase: Phase::Backfill } => f.write_str("resumes its backfill"),
            Self::Unfinished { .. } => f.write_str("resumes an unfinished attempt"),
            Self::CutOff => f.write_str("was begun and cannot be resumed"),
            Self::Mended { statements } => {
                let s = if *statements == 1 { "" } else { "s" };
                write!(f, "resumes in the corrected file after {statements} statement{s}")
            }
            Self::RolledBack => f.write_str("was rolled back"),
            Self::OutOfOrder { newest_applied, allowed } => {
                let allowed = if *allowed { ", allowed" } else { "" };
                write!(f, "out of order: older than {newest_applied}{allowed}")
            }
            Self::DraftChanged => f.write_str("a draft that has changed"),
            Self::AfterDraft { draft } => {
                write!(f, "applied after {draft}, a draft that has changed")
            }
            Self::Again => f.write_str("again, as it is now"),
            Self::Recorded => f.write_str("recorded, does not run"),
            Self::NewerThan { version } => write!(f, "newer than {version}"),
            Self::Last { steps: 1 } => f.write_str("the last one applied"),
            Self::Last { steps } => write!(f, "among the last {steps} applied"),
        }
    }
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotReleased => f.write_str("not released yet; --target next deploys it"),
            Self::BeyondTarget { version } => write!(f, "newer than the target {version}"),
            Self::NotTargeted => f.write_str("its plugin is not in the target"),
            Self::NotRecorded => f.write_str("stays pending"),
            Self::Elsewhere { needed_on } => write!(f, "only for {needed_on}"),
        }
    }
}

/// Joins the names of plugins for a message, as in `a/b -> c/d`.
fn join<'a>(plugins: impl IntoIterator<Item = &'a PluginName>) -> String {
    plugins.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> ")
}

#[cfg(test)]
mod tests;
