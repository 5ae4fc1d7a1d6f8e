//! What happens while the runner works, and what was done in the end, as data. Rendering is the
//! command line's.

mod rollback;

pub use rollback::{
    Certainty, Exported, Losses, LostColumn, LostRows, LostTable, Replaced, ReplacedSql,
};

use crate::{
    alteration::{AlterationKey, Checksum, Direction, PluginName, SettingName},
    backend::LockHolder,
    host::HookEvent,
    plan::Finding,
    session::Counts,
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// One thing that happened. Text inside [`HookEvent`] is the guest's: escape it.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many components are about to be verified and compiled.
    Loading { components: usize },
    /// Told every second while they are verified and compiled.
    Compiling { done: usize, total: usize, elapsed: Duration },
    /// Another runner holds the lock; this one goes on asking.
    Waiting { holder: &'a LockHolder },
    /// `position` counts from 1.
    Started {
        key: &'a AlterationKey,
        direction: Direction,
        /// What runs for it.
        component: Checksum,
        position: usize,
        total: usize,
    },
    /// It goes on with the settings that it was begun with, although others are given now.
    SettingsKept { key: &'a AlterationKey, names: &'a [SettingName] },
    /// `hook` is its name.
    Hook { key: &'a AlterationKey, hook: &'static str, event: HookEvent<'a> },
    /// A hook that has ended went on from this statement on in a session of its own, where it could not be resumed.
    /// Escape the text of the statement.
    NotResumable { key: &'a AlterationKey, hook: &'static str, statement: &'a str, reason: &'a str },
    /// A step of a backfill is committed. `rows` were changed in `elapsed` since this run began to
    /// step; `done` and `total` are the guest's own figures.
    Stepped {
        key: &'a AlterationKey,
        steps: u64,
        done: u64,
        total: Option<u64>,
        rows: u64,
        elapsed: Duration,
    },
    /// Something was in its way that may go away; it is tried again after the pause.
    Retrying { key: &'a AlterationKey, hook: &'static str, reason: &'a str, pause: Duration },
    /// These were committed, and a crash of the server took them along. They are done again.
    Lost { keys: &'a [AlterationKey] },
    /// It is committed, or in a rehearsal: it ran to its end. Until the job has come to its end a crash of
    /// the server may still take it along, as the job then tells.
    Finished { key: &'a AlterationKey, direction: Direction, counts: Counts },
    /// It is recorded as applied, and did not run.
    Recorded { key: &'a AlterationKey },
    /// What was recorded of one plugin is recorded of another now.
    TakenOver { taken: &'a TakenOver },
    /// It was applied as a draft, and is recorded as released now.
    Released { key: &'a AlterationKey },
    /// Where a test is done.
    Scratch(ScratchEvent<'a>),
    /// It is rolled back.
    Failed { key: &'a AlterationKey, direction: Direction, counts: Counts },
}

/// What happens to a test's database.
#[derive(Debug, Clone, Copy)]
pub enum ScratchEvent<'a> {
    /// Databases that a test left behind, or that one still works on.
    Others {
        names: &'a [String],
    },
    Made {
        url: &'a str,
    },
    NotRemoved {
        url: &'a str,
        reason: &'a str,
    },
}

/// Receives events, on whichever thread they happen.
pub type Observer = Arc<dyn Fn(Event<'_>) + Send + Sync>;

/// An observer that looks away.
pub fn silent() -> Observer {
    Arc::new(|_| {})
}

/// What was done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// What ran, in its order.
    pub steps: Vec<StepReport>,
    /// True when everything was rolled back again on purpose.
    pub rehearsed: bool,
    /// Wall-clock time in milliseconds, from the answer to the question on, with the wait for the lock.
    pub duration_ms: u64,
    /// What a rollback destroyed, or would, where that was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drops: Option<Losses>,
    /// Components that went down instead of those that were applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    /// What was written to files before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exported: Option<Exported>,
    /// Where a rehearsal had to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_rehearsed: Option<NotRehearsed>,
    /// Records that plugins took over from those that they replace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_over: Vec<TakenOver>,
    /// Applied drafts that are recorded as released now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<AlterationKey>,
    /// What an empty plan noticed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Finding>,
}

/// What a rehearsal could not run.
#[derive(Debug, Clone, Serialize)]
pub struct NotRehearsed {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// Why it could not.
    pub reason: Unrehearsed,
    /// The guest's statement, shortened, where that is why: escape it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Steps of the plan after it, which build on it.
    pub rest: usize,
}

/// Why a rehearsal had to end before a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unrehearsed {
    /// It runs a statement that nothing takes back.
    Statement,
    /// Of the two plugins one is confined: it works on a session of its own, which sees nothing of what the rehearsal did for
    /// the other.
    OtherPlugin,
    /// It has hooks outside of transactions, and its plugin is confined.
    Outside,
    /// Something would stay that it needs: an extension, or a role for its plugin that this user could not drop.
    Stays,
}

/// Records that were taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakenOver {
    /// The plugin that had the records.
    pub from: PluginName,
    /// The plugin that has them now.
    pub to: PluginName,
    /// How many applied alterations.
    pub applied: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct StepReport {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// Whether it was applied or taken back.
    pub direction: Direction,
    #[serde(flatten)]
    pub counts: Counts,
}
