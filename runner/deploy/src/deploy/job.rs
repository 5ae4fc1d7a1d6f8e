//! The two jobs that alter a database, and what may be set for each.

use crate::{
    alteration::{Alteration, AlterationKey, Catalog, Checksum, Dialect, Direction, PluginName},
    backend::Snapshot,
    given::{Grants, Levels, Name, Settings},
    plan::{self, Asks, Finding, GrantedBy, Plan, Policy, Renames, RollbackTarget, Step, Target},
    sql::Level,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

/// How the work is done, in either direction.
#[derive(Debug, Clone)]
pub struct How {
    /// How long to wait for another runner.
    pub lock_patience: Duration,
    /// Run everything, and roll all of it back.
    pub rehearse: bool,
    /// Times that a hook is tried again when somebody else's lock was in its way.
    pub retries: u32,
    /// How long one step of a backfill may take.
    pub step_time: Option<Duration>,
    /// How long to let others work between two steps of a backfill.
    pub step_pause: Duration,
    /// How long other sessions may have to wait for locks of a part before it is rolled back; `None` for as long as it
    /// takes. On PostgreSQL.
    pub block_limit: Option<Duration>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            lock_patience: Duration::from_secs(60),
            rehearse: false,
            retries: 5,
            step_time: None,
            step_pause: Duration::ZERO,
            block_limit: Some(Duration::from_secs(10)),
        }
    }
}

/// What to deploy, and how.
#[derive(Debug, Clone, Default)]
pub struct DeployOptions {
    pub target: Target,
    pub policy: Policy,
    pub grants: Grants,
    pub settings: Settings,
    /// Begin new records, although another place of the same database has something of this applied.
    pub new_state: bool,
    /// At which level plugins run.
    pub levels: Levels,
    /// Plugins that may take over what is recorded of others.
    pub renames: Renames,
    pub how: How,
}

/// How to roll back.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// `None` means all plugins, in the order in which alterations were applied.
    pub plugin: Option<PluginName>,
    pub target: RollbackTarget,
    /// Also what a baseline recorded, whose `up` never ran here.
    pub baselined: bool,
    pub settings: Settings,
    /// At which level plugins run.
    pub levels: Levels,
    /// A folder that is not there yet, or empty: tables that lose something are written to it first.
    pub export: Option<PathBuf>,
    /// Components whose `down` runs instead of that of what was applied, for the alterations that they declare.
    pub with: Vec<PathBuf>,
    /// What these may do beyond what was granted to what was applied.
    pub grants: Grants,
    pub how: How,
}

/// What to record as applied without running it.
#[derive(Debug, Clone, Default)]
pub struct BaselineOptions {
    pub keys: BTreeSet<AlterationKey>,
    /// What they may do when they are rolled back.
    pub grants: Grants,
    /// Begin new records, although another place of the same database has something of this applied.
    pub new_state: bool,
    pub how: How,
}

/// What is to be done; the part that decides the plan.
pub(crate) enum Job<'a> {
    Deploy {
        catalog: &'a Catalog,
        options: &'a DeployOptions,
    },
    /// The one step of that deploy.
    DeployOne {
        catalog: &'a Catalog,
        options: &'a DeployOptions,
        key: &'a AlterationKey,
    },
    Baseline {
        catalog: &'a Catalog,
        options: &'a BaselineOptions,
    },
    Rollback {
        options: &'a RollbackOptions,
        /// What `options.with` offers.
        with: &'a Catalog,
    },
    /// The drafts that a deploy takes down before it applies anything.
    TakeDown {
        catalog: &'a Catalog,
        options: &'a DeployOptions,
    },
}

impl Job<'_> {
    /// The files that are offered, whatever of the job comes from them.
    pub(super) fn catalog(&self) -> Option<&Catalog> {
        match self {
            Self::Deploy { catalog, .. }
            | Self::DeployOne { catalog, .. }
            | Self::TakeDown { catalog, .. }
            | Self::Baseline { catalog, .. } => Some(catalog),
            Self::Rollback { .. } => None,
        }
    }

    /// The file that `key` comes from; none for what was begun with other bytes, or goes down with those that were
    /// applied.
    pub(super) fn file(&self, key: &AlterationKey, snapshot: &Snapshot) -> Option<&Alteration> {
        match (self, self.offer()) {
            _ if snapshot.is_archived_run(key) => None,
            (Self::Rollback { with, .. }, _) => with.get(key),
            (_, Some((catalog, _))) => catalog.get(key),
            (_, None) => None,
        }
    }

    /// The files that it works with, and what is granted to them; none for what goes down, which takes
    /// both from the records.
    pub(super) fn offer(&self) -> Option<(&Catalog, &Grants)> {
        match self {
            Self::Deploy { catalog, options } | Self::DeployOne { catalog, options, .. } => {
                Some((catalog, &options.grants))
            }
            Self::Baseline { catalog, options } => Some((catalog, &options.grants)),
            Self::Rollback { .. } | Self::TakeDown { .. } => None,
        }
    }

    /// Returns the checksum of the alteration that is offered as `key`.
    pub(super) fn checksum(&self, key: &AlterationKey) -> Option<Checksum> {
        let offered = match self {
            Self::Rollback { with, .. } => with.get(key),
            Self::Deploy { .. } | Self::DeployOne { .. } | Self::Baseline { .. } => {
                self.catalog()?.get(key)
            }
            Self::TakeDown { .. } => None,
        };
        offered.map(|alteration| alteration.checksum)
    }

    /// Returns the settings for the hooks; none if none are called.
    pub(super) fn settings(&self) -> Option<&Settings> {
        match self {
            Self::Deploy { options, .. }
            | Self::DeployOne { options, .. }
            | Self::TakeDown { options, .. } => Some(&options.settings),
            Self::Rollback { options, .. } => Some(&options.settings),
            Self::Baseline { .. } => None,
        }
    }

    /// Returns whether the operator asked for new records.
    pub(super) fn makes_records(&self) -> bool {
        match self {
            Self::Deploy { options, .. } | Self::DeployOne { options, .. } => options.new_state,
            Self::Baseline { options, .. } => options.new_state,
            Self::Rollback { .. } | Self::TakeDown { .. } => false,
        }
    }

    /// Returns the operator's levels; none if no hooks are called.
    pub(super) fn levels(&self) -> Option<&Levels> {
        match self {
            Self::Deploy { options, .. }
            | Self::DeployOne { options, .. }
            | Self::TakeDown { options, .. } => Some(&options.levels),
            Self::Rollback { options, .. } => Some(&options.levels),
            Self::Baseline { .. } => None,
        }
    }

    /// The level at which a plugin runs.
    fn level(&self, name: Name<'_>, snapshot: &Snapshot) -> Level {
        self.levels().map(|levels| levels.level(name, snapshot)).unwrap_or_default()
    }

    /// Returns the folder to save in what is destroyed.
    pub(super) fn export(&self) -> Option<&Path> {
        match self {
            Self::Rollback { options, .. } => options.export.as_deref(),
            Self::Deploy { .. }
            | Self::DeployOne { .. }
            | Self::TakeDown { .. }
            | Self::Baseline { .. } => None,
        }
    }

    /// Returns whether it is told first what is destroyed: by the end of a plugin, and where that is to be written.
    pub(super) fn destroys(&self) -> bool {
        match self {
            Self::Rollback { options, .. } => {
                options.target == RollbackTarget::Nothing || options.export.is_some()
            }
            Self::Deploy { .. }
            | Self::DeployOne { .. }
            | Self::TakeDown { .. }
            | Self::Baseline { .. } => false,
        }
    }

    /// Returns the takeovers that are allowed.
    pub(super) fn renames(&self) -> &Renames {
        static NONE: Renames = Renames::new();
        match self {
            Self::Deploy { options, .. }
            | Self::DeployOne { options, .. }
            | Self::TakeDown { options, .. } => &options.renames,
            Self::Baseline { .. } | Self::Rollback { .. } => &NONE,
        }
    }

    /// Returns whether steps are recorded and do not run.
    pub(super) fn only_records(&self) -> bool {
        matches!(self, Self::Baseline { .. })
    }

    pub(crate) fn plan(&self, snapshot: &Snapshot, dialect: Dialect) -> Plan {
        let mut plan = self.steps(snapshot, dialect);
        let elsewhere = plan.elsewhere();
        for step in &mut plan.steps {
            let key = step.key.clone();
            let name = Name::of(&key, &elsewhere);
            step.level = self.level(name, snapshot);
            self.mark(step, name, snapshot);
        }
        // What goes down has the level that it went up with.
        if matches!(self, Self::Rollback { .. } | Self::TakeDown { .. }) {
            return plan;
        }
        let kept = |plugin: &PluginName| {
            self.levels().is_some_and(|levels| levels.is_kept_guarded(plugin, snapshot))
        };
        for plugin in super::trust::at(Level::Guarded, &plan).into_iter().filter(kept) {
            plan.findings.push(Finding::NotConfined { plugin });
        }
        plan
    }

    /// Marks what a step has of what it asks for.
    fn mark(&self, step: &mut Step, name: Name<'_>, snapshot: &Snapshot) {
        let plugin = &step.key.plugin;
        let run = snapshot.runs.get(&step.key).filter(|run| run.direction == step.direction);
        let row = snapshot.rows.get(&step.key);
        let is_mended = snapshot.mended.get(&step.key).is_some_and(|m| m.fit.is_taken());
        if let (Some(run), Some(row)) = (run.filter(|_| !is_mended), row) {
            // What was begun goes on with what it had then, and may come from another file.
            step.asks = Asks::new(&row.permissions, &run.settings.keys().cloned().collect());
        }
        for permission in &mut step.asks.permissions {
            let asked = &permission.name;
            let granted = |grants: &Grants| match self.checksum(&step.key) {
                Some(checksum) => {
                    name.granted((grants, &snapshot.grants), (&step.key, checksum), asked)
                }
                None => name.has(grants, asked).then_some(GrantedBy::Given),
            };
            let by = match (self, step.direction) {
                // What goes down has what was granted to it when it went up.
                (Self::Rollback { options, .. }, _) => {
                    match row.is_none_or(|row| row.permissions.contains(asked)) {
                        true => Some(GrantedBy::Applied),
                        false => granted(&options.grants),
                    }
                }
                (_, Direction::Up) if run.is_none() || is_mended => match self.offer() {
                    Some((_, grants)) => granted(grants),
                    None => Some(GrantedBy::Applied),
                },
                (_, Direction::Up | Direction::Down) => Some(GrantedBy::Applied),
            };
            permission.mark(by);
        }
        match self.settings() {
            Some(settings) => {
                for setting in &mut step.asks.settings {
                    setting.given = match run {
                        Some(run) => run.settings.get(&setting.name).is_some_and(Option::is_some),
                        None => settings.has(plugin, &setting.name),
                    };
                }
            }
            None => step.asks.settings.clear(),
        }
    }

    fn steps(&self, snapshot: &Snapshot, dialect: Dialect) -> Plan {
        match self {
            Self::Deploy { catalog, options } => {
                plan::deploy(catalog, snapshot, dialect, &options.target, options.policy)
            }
            Self::DeployOne { catalog, options, key } => {
                let mut plan = Job::Deploy { catalog, options }.steps(snapshot, dialect);
                plan.steps.retain(|step| step.key == **key);
                plan.released.clear();
                plan
            }
            Self::TakeDown { catalog, options } => {
                let mut plan = Job::Deploy { catalog, options }.steps(snapshot, dialect);
                plan.steps.retain(|step| step.direction == Direction::Down);
                // That is the second half's, which is planned of what the first one leaves.
                plan.released.clear();
                plan
            }
            Self::Baseline { catalog, options } => {
                plan::baseline(catalog, snapshot, dialect, &options.keys)
            }
            Self::Rollback { options, with } => {
                let RollbackOptions { plugin, target, baselined, .. } = options;
                plan::rollback(snapshot, plugin.as_ref(), target, *baselined, (with, dialect))
            }
        }
    }
}
