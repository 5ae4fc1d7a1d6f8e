//! What is recorded about alterations: rows of the state table and the changes to them, as data.

use super::{Entropy, HookLimits, Mended, RecordedGrant, StrangeLedger};
use crate::{
    alteration::{
        Alteration, AlterationKey, Checksum, Dialect, Direction, ForeignKeys, Handed, Level,
        Permissions, PluginName, Requirements, SettingNames,
    },
    session::Counts,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// Enough not to meet another one by chance.
const MARKER_CHARS: usize = 32;

/// The version of the runner's own tables that this runner writes.
pub const SCHEMA_VERSION: i64 = 6;

/// The ledger's counter: advanced by every transaction that changes state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revision(pub i64);

impl Revision {
    /// The one that a change of this state leads to.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A stored status. Pending, changed, missing and out-of-order are computed, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is applied.
    Applied,
    /// It was taken back.
    Reverted,
    /// Its last attempt failed.
    Failed,
    /// An attempt of several parts was begun and has not ended.
    Running,
}

impl Status {
    /// Of an alteration that is done in this direction.
    pub fn after(direction: Direction) -> Self {
        match direction {
            Direction::Up => Self::Applied,
            Direction::Down => Self::Reverted,
        }
    }

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
    /// What it asks for by name. Values are not kept: each direction is handed its own.
    pub settings: SettingNames,
    pub requires: Requirements,
    pub irreversible: bool,
    /// What was applied was a draft, and no deploy was offered it as a release since.
    pub draft: bool,
    /// The ledger's revision that applied it: the order of application over all plugins.
    pub revision: Revision,
    pub error: Option<String>,
}

impl StateRow {
    /// Whether a baseline recorded it, so that its `up` never ran under this runner.
    pub fn never_ran(&self) -> bool {
        self.status == Status::Applied && self.duration_ms.is_none() && self.statements.is_none()
    }
}

/// The state at one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// `None` where the runner's tables do not exist yet.
    pub revision: Option<Revision>,
    /// How many tables are there without them; counted where the runner's do not exist, else 0.
    pub tables: u64,
    /// The schema that they are in, or would be made in, where a database has several.
    pub place: Option<String>,
    /// Tables of runners in other schemas that belong to others, and were not read; only where there are none of
    /// this user's own.
    pub strange: Vec<StrangeLedger>,
    pub rows: BTreeMap<AlterationKey, StateRow>,
    /// What plugins are called by now whose records another one took over, as the history says.
    pub successors: BTreeMap<PluginName, PluginName>,
    /// Attempts that were begun, are committed in several parts, and have not ended.
    pub runs: BTreeMap<AlterationKey, Run>,
    /// Those of them for which another component is offered than the one that began them, as far as that was
    /// looked at. What is to go on in it stands in `rows` and `runs` as it will be then.
    pub mended: BTreeMap<AlterationKey, Mended>,
    /// Those of them that cannot be resumed, in whatever file, and why, as messages show it.
    pub cut: BTreeMap<AlterationKey, String>,
    /// The plugins that ran confined here, and stay so.
    pub confined: BTreeSet<PluginName>,
    /// The permissions that persons granted, and did not take back.
    pub grants: Vec<RecordedGrant>,
}

impl Snapshot {
    pub fn empty() -> Self {
        Self {
            revision: None,
            tables: 0,
            place: None,
            strange: Vec::new(),
            rows: BTreeMap::new(),
            successors: BTreeMap::new(),
            runs: BTreeMap::new(),
            mended: BTreeMap::new(),
            cut: BTreeMap::new(),
            confined: BTreeSet::new(),
            grants: Vec::new(),
        }
    }

    /// Why an attempt that was begun cannot be resumed; `None` where it can, and where there is none.
    pub fn cut_off(&self, key: &AlterationKey) -> Option<&str> {
        self.cut.get(key).filter(|_| self.runs.contains_key(key)).map(String::as_str)
    }

    /// Whether an attempt was begun that goes on with the bytes that began it, which are in the archive.
    pub fn is_archived_run(&self, key: &AlterationKey) -> bool {
        self.runs.contains_key(key) && !self.mended.get(key).is_some_and(|m| m.fit.is_taken())
    }

    /// The row of an alteration whose `down` was begun: it is applied as long as that has not ended.
    pub fn is_going_down(&self, key: &AlterationKey) -> bool {
        self.runs.get(key).is_some_and(|run| run.direction == Direction::Down)
    }

    /// The name under which a plugin's alterations are recorded now.
    pub fn name_now<'a>(&'a self, plugin: &'a PluginName) -> &'a PluginName {
        let mut name = plugin;
        // No longer than the list: somebody may have edited the history into a circle.
        for _ in 0..self.successors.len() {
            match self.successors.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        name
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
    /// What its hooks are handed.
    pub settings: Handed,
    pub requires: Requirements,
    pub irreversible: bool,
    /// Its component is marked as one that may still change.
    pub draft: bool,
    /// The tables and views that it makes, for a database that has to know them beforehand; `None` where its component
    /// does not say.
    pub creates: Option<BTreeSet<String>>,
    pub limits: HookLimits,
    /// What the state row says before it. Where it says something else, the claim is refused.
    pub previous: Option<Status>,
    /// The marker of the run that it takes up again.
    pub run: Option<String>,
    /// What the state row says, where this runs another component than the one that was applied.
    pub instead_of: Option<Applied>,
}

/// What a state row says of the component that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub component_checksum: Checksum,
    pub permissions: Permissions,
}

fn duration(ms: std::num::NonZeroU32) -> std::time::Duration {
    std::time::Duration::from_millis(ms.get().into())
}

/// The settings `names` before anybody gave a value to one.
fn asked(names: &SettingNames) -> Handed {
    names.iter().map(|name| (name.clone(), None)).collect()
}

impl Attempt {
    /// Without a value for any setting; irreversible where it is so on every dialect.
    pub fn up(alteration: &Alteration) -> Self {
        Self {
            key: alteration.key.clone(),
            direction: Direction::Up,
            checksum: alteration.checksum,
            component_checksum: alteration.component_checksum,
            permissions: alteration.permissions.clone(),
            settings: asked(&alteration.settings),
            requires: alteration.requires.clone(),
            draft: alteration.draft,
            creates: None,
            irreversible: Dialect::ALL.iter().all(|d| alteration.is_irreversible(*d)),
            limits: HookLimits {
                lock_wait: alteration.lock_timeout_ms.map(duration),
                statement_time: alteration.statement_timeout_ms.map(duration),
                level: Level::Guarded,
                foreign_keys: ForeignKeys::Checked,
            },
            previous: None,
            run: None,
            instead_of: None,
        }
    }

    /// The component and the permissions that the state row has to have before it goes down.
    pub fn applied(&self) -> (Checksum, &Permissions) {
        match &self.instead_of {
            Some(applied) => (applied.component_checksum, &applied.permissions),
            None => (self.component_checksum, &self.permissions),
        }
    }

    /// Runs `component` of the same alteration instead, with `permissions`.
    pub fn instead(mut self, component: Checksum, permissions: Permissions) -> Self {
        if component != self.component_checksum {
            self.instead_of = Some(Applied {
                component_checksum: self.component_checksum,
                permissions: std::mem::replace(&mut self.permissions, permissions),
            });
            self.component_checksum = component;
        }
        self
    }

    /// The same attempt, once begun: under what was recorded then.
    pub fn resumed(mut self, row: &StateRow, run: &Run) -> Self {
        self.run = Some(run.marker.clone());
        // The file that is offered may be the same one, released by now.
        self.draft = row.draft && (self.draft || self.checksum != row.checksum);
        self.checksum = row.checksum;
        self.component_checksum = row.component_checksum;
        self.permissions = row.permissions.clone();
        self.settings = run.settings.clone();
        // A `down` may have been begun, or goes on, with another component than the one that was applied.
        self.instead(run.component_checksum, row.permissions.clone())
    }

    /// Without a value for any setting.
    pub fn down(row: &StateRow) -> Self {
        Self {
            key: row.key.clone(),
            direction: Direction::Down,
            checksum: row.checksum,
            component_checksum: row.component_checksum,
            permissions: row.permissions.clone(),
            settings: asked(&row.settings),
            requires: row.requires.clone(),
            irreversible: row.irreversible,
            draft: row.draft,
            creates: None,
            limits: HookLimits::default(),
            previous: Some(row.status),
            run: None,
            instead_of: None,
        }
    }
}

/// Where an attempt that is committed in several parts stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// `before-up` or `before-down`.
    Preparation,
    /// `up` or `down`.
    Main,
    /// `step`, again and again.
    Backfill,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparation => "preparation",
            Self::Main => "main",
            Self::Backfill => "backfill",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Preparation, Self::Main, Self::Backfill]
            .into_iter()
            .find(|phase| phase.as_str() == text)
    }
}

/// How far a backfill has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The guest's own.
    pub state: Option<Vec<u8>>,
    /// Steps that are committed.
    pub steps: u64,
    /// What the guest says of its progress.
    pub done: u64,
    pub total: Option<u64>,
}

/// An attempt that is committed in several parts and has not ended: a journaled hook, a backfill.
#[derive(Debug, Clone)]
pub struct Run {
    pub key: AlterationKey,
    pub direction: Direction,
    pub phase: Phase,
    /// What the state row said before; `None` where there was none.
    pub previous: Option<Status>,
    /// The bytes that began it: only they can go on.
    pub component_checksum: Checksum,
    /// What the hooks got as chance and time: a replay gets the same.
    pub entropy: Entropy,
    /// What the hooks are handed, whatever is given by now: a replay gets the same.
    pub settings: Handed,
    pub wit_version: String,
    pub dialect: Dialect,
    /// Goes to the server with statements that commit, so that one that outlived its runner is
    /// found.
    pub marker: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub checkpoint: Checkpoint,
    /// What its parts counted so far.
    pub counts: Counts,
}

impl Run {
    /// A run of `attempt` that is yet to be begun, with chance and time of its own. `wit_version` is
    /// that of the interface its hooks are called with; `started_at` is in RFC 3339, UTC.
    pub fn new(
        attempt: &Attempt,
        phase: Phase,
        dialect: Dialect,
        wit_version: &str,
        entropy: Entropy,
        started_at: String,
    ) -> Self {
        Self {
            key: attempt.key.clone(),
            direction: attempt.direction,
            phase,
            previous: attempt.previous,
            component_checksum: attempt.component_checksum,
            entropy,
            settings: attempt.settings.clone(),
            wit_version: wit_version.to_owned(),
            dialect,
            // Not the seed itself: the marker is visible to whoever sees the server's processes.
            marker: entropy.part("marker").seed_text()[..MARKER_CHARS].to_owned(),
            started_at,
            checkpoint: Checkpoint::default(),
            counts: Counts::default(),
        }
    }
}

/// What the first statements of a hook's transaction need to know.
#[derive(Debug, Clone, Copy)]
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
    /// Somebody asked it to stop. The alteration is as it was before the attempt, or stands where
    /// its run says.
    Interrupted,
    /// A person said how it ended.
    Resolved,
    /// It was there before the runner came, and did not run.
    Baseline,
    /// Another plugin took it over, and did not run.
    TakenOver,
    /// It was applied as a draft, and was offered as a release since.
    Released,
    /// It goes on in another component than the one that began it.
    Mended,
    /// Its plugin is confined from here on, which ran with the rights of the operator's user before.
    Confined,
    /// Its plugin is confined no more.
    Guarded,
}

impl Ending {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Resolved => "resolved",
            Self::Baseline => "baseline",
            Self::TakenOver => "taken-over",
            Self::Released => "released",
            Self::Mended => "mended",
            Self::Confined => "confined",
            Self::Guarded => "guarded",
        }
    }
}
