//! The plan of a deploy: which alterations go up, and what speaks against it.
//!
//! `recorded` looks at what the database has, `requirements` at what each step needs.

mod recorded;
mod requirements;

pub(super) use requirements::reaches;

use super::{
    Asks, Bound, Finding, Plan, Policy, Reason, SkipReason, Skipped, Step, Target, begun,
    drafts::{self, Again},
    folders, order,
};
use crate::{
    alteration::{
        Alteration, AlterationKey, Catalog, Dialect, Direction, Level, PluginName, Version,
    },
    record::{Run, Snapshot, Status, StrangeLedger},
};
use std::collections::{BTreeMap, BTreeSet};

/// Plans deploying `catalog` to a database of `dialect` in the state of `snapshot`.
pub fn deploy(
    catalog: &Catalog,
    snapshot: &Snapshot,
    dialect: Dialect,
    target: &Target,
    policy: Policy,
) -> Plan {
    planned(catalog, snapshot, dialect, target, policy, None)
}

/// Plans as [`deploy`] does; with `recorded`, these are recorded without running them, and nothing else is done.
pub(super) fn planned(
    catalog: &Catalog,
    snapshot: &Snapshot,
    dialect: Dialect,
    target: &Target,
    policy: Policy,
    recorded: Option<&BTreeSet<AlterationKey>>,
) -> Plan {
    let mut planner = Planner {
        catalog,
        snapshot,
        dialect,
        policy,
        recorded,
        again: &BTreeSet::new(),
        plan: Plan {
            steps: Vec::new(),
            skipped: Vec::new(),
            released: Vec::new(),
            findings: Vec::new(),
        },
    };
    planner.locked();
    planner.plan.findings.extend(folders::findings(catalog, snapshot, policy));
    planner.renamed();
    planner.rows();
    match order::plugins(catalog) {
        Err(circle) => planner.plan.findings.push(circle),
        Ok(plugins) => {
            let bounds = planner.bounds(target);
            let Again { steps, findings, keys } = match planner.takes_down() {
                true => drafts::again(catalog, snapshot, &bounds),
                false => Again::default(),
            };
            planner.plan.steps = steps;
            planner.plan.findings.extend(findings);
            // From here on as if that had been done.
            let after = drafts::without(snapshot, &keys);
            let mut planner = Planner { snapshot: &after, again: &keys, ..planner };
            for plugin in plugins {
                planner.plugin(&plugin, bounds.get(&plugin));
            }
            planner.requirements();
            if recorded.is_none() {
                planner.plan.released = drafts::released(catalog, &after);
            }
            planner.unrecorded();
            return planner.plan;
        }
    }
    planner.unrecorded();
    planner.plan
}

struct Planner<'a> {
    catalog: &'a Catalog,
    snapshot: &'a Snapshot,
    dialect: Dialect,
    policy: Policy,
    /// Alterations to record without running them; `None` if what is pending runs.
    recorded: Option<&'a BTreeSet<AlterationKey>>,
    /// Alterations that the plan takes down before.
    again: &'a BTreeSet<AlterationKey>,
    plan: Plan,
}

impl Planner<'_> {
    fn find(&mut self, finding: Finding) {
        self.plan.findings.push(finding);
    }

    /// Reports what differs from the operator's pins.
    fn locked(&mut self) {
        let differences = self.catalog.lock().map(|lock| lock.differences(self.catalog));
        for difference in differences.into_iter().flatten() {
            self.find(Finding::NotAsLocked { difference: Box::new(difference) });
        }
    }

    /// Returns whether drafts that have changed are taken down and applied again.
    fn takes_down(&self) -> bool {
        self.policy.drafts && self.recorded.is_none()
    }

    /// Reports that `alteration` is a draft, where none may be applied.
    fn draft(&mut self, alteration: &Alteration) {
        if alteration.draft && !self.policy.drafts {
            let recorded = self.recorded.is_some();
            self.find(Finding::Draft { key: alteration.key.clone(), recorded });
        }
    }

    /// Reports the first deploy to a database in use, which may already have what would run; and records that belong to
    /// others.
    fn unrecorded(&mut self) {
        for ledger in &self.snapshot.strange {
            let StrangeLedger { schema, owner } = ledger.clone();
            self.plan.findings.push(Finding::StrangeRecords { schema, owner });
        }
        let tables = self.snapshot.tables;
        if tables > 0 && self.recorded.is_none() && !self.plan.steps.is_empty() {
            self.find(Finding::Unrecorded { tables });
        }
    }

    /// Returns how far each plugin goes; a plugin that is not in the answer is left alone.
    fn bounds(&mut self, target: &Target) -> BTreeMap<PluginName, Bound> {
        match target {
            Target::All(bound) => {
                self.catalog.plugins().map(|plugin| (plugin.clone(), bound.clone())).collect()
            }
            Target::Plugins(named) => {
                let mut bounds = BTreeMap::new();
                for (plugin, bound) in named {
                    if !self.catalog.has_plugin(plugin) {
                        self.find(Finding::UnknownTarget { plugin: plugin.clone() });
                    }
                    self.version_exists(plugin, bound);
                    for required in order::with_required(self.catalog, plugin) {
                        bounds.entry(required).or_insert(Bound::Latest);
                    }
                    bounds.insert(plugin.clone(), bound.clone());
                }
                // A plugin that is both named and required goes as far as it was named.
                bounds.extend(named.iter().map(|(plugin, bound)| (plugin.clone(), bound.clone())));
                bounds
            }
        }
    }

    /// Says when a target names a version that no alteration has.
    fn version_exists(&mut self, plugin: &PluginName, bound: &Bound) {
        let Bound::Version(version) = bound else { return };
        let known: BTreeSet<&Version> =
            self.catalog.of(plugin).filter_map(|alteration| alteration.key.id.version()).collect();
        if let Some(newest) = known.last().filter(|_| !known.contains(version)) {
            let (version, newest) = (version.to_string(), newest.to_string());
            self.find(Finding::NoSuchVersion { plugin: plugin.clone(), version, newest });
        }
    }

    /// Adds the step that applies `alteration`.
    fn go_up(&mut self, alteration: &Alteration, reason: Reason) {
        self.plan.steps.push(Step {
            key: alteration.key.clone(),
            direction: Direction::Up,
            reason,
            description: alteration.description.clone(),
            draft: alteration.draft,
            with: None,
            irreversible: alteration.is_irreversible(self.dialect),
            asks: Asks::new(&alteration.permissions, &alteration.settings),
            creates: BTreeSet::new(),
            level: Level::default(),
        });
    }

    /// Plans the alterations of one plugin, as far as `bound`.
    fn plugin(&mut self, plugin: &PluginName, bound: Option<&Bound>) {
        let newest_applied = self
            .snapshot
            .applied()
            .filter(|row| row.key.plugin == *plugin)
            .map(|row| &row.key.id)
            .max();
        for alteration in self.catalog.of(plugin) {
            let row = self.snapshot.rows.get(&alteration.key);
            let status = row.map(|row| row.status);
            let key = || alteration.key.clone();
            let run = self.snapshot.runs.get(&alteration.key);
            let is_recorded = self.recorded.map(|recorded| recorded.contains(&alteration.key));
            if let (Some(_), Some(is_recorded)) = (run, is_recorded) {
                if is_recorded {
                    self.find(begun::unfinished(self.snapshot, &alteration.key));
                }
                continue;
            }
            if let (Some(Run { phase, direction: Direction::Up, .. }), Some(_)) = (run, status) {
                self.go_up(alteration, Reason::of_run(self.snapshot, &alteration.key, *phase));
                self.draft(alteration);
                continue;
            }
            if let Some(Status::Applied | Status::Running) = status {
                if let (Some(bound @ Bound::Version(_)), Some(Status::Applied)) = (bound, status)
                    && !bound.includes(&alteration.key.id)
                {
                    self.find(Finding::AboveTarget { key: key(), target: bound.to_string() });
                }
                continue;
            }
            // Its `down` has to end before it can go up again.
            if run.is_some() {
                continue;
            }
            let is_elsewhere = alteration.is_elsewhere(self.dialect);
            if is_recorded == Some(false) && !is_elsewhere {
                let reason = SkipReason::NotRecorded;
                self.plan.skipped.push(Skipped { key: key(), reason });
                continue;
            }
            if let Some(reason) = skip_reason(alteration, bound) {
                self.plan.skipped.push(Skipped { key: key(), reason });
                continue;
            }
            if is_elsewhere {
                let reason = SkipReason::Elsewhere { needed_on: names(&alteration.needed_on) };
                self.plan.skipped.push(Skipped { key: key(), reason });
                continue;
            }
            if !alteration.is_written_for(self.dialect) {
                let written_for = names(&alteration.dialects);
                self.find(Finding::WrongDialect {
                    key: key(),
                    written_for,
                    database: self.dialect,
                });
            }
            self.draft(alteration);
            let newer = newest_applied.filter(|newest| **newest > alteration.key.id).cloned();
            let reason = match (newer, status) {
                _ if is_recorded.is_some() => Reason::Recorded,
                // Where it belongs was decided when it was applied for the first time.
                _ if self.again.contains(&alteration.key) => Reason::Again,
                (Some(newest_applied), _) => {
                    if !self.policy.out_of_order {
                        let newest_applied = newest_applied.clone();
                        self.find(Finding::OutOfOrder { key: key(), newest_applied });
                    }
                    let allowed = self.policy.out_of_order;
                    Reason::OutOfOrder { newest_applied, allowed }
                }
                (None, Some(Status::Failed)) => Reason::FailedBefore,
                (None, Some(_)) => Reason::RolledBack,
                (None, None) => Reason::New,
            };
            self.go_up(alteration, reason);
        }
    }
}

fn names(dialects: &BTreeSet<Dialect>) -> String {
    dialects.iter().map(|dialect| dialect.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn skip_reason(alteration: &Alteration, bound: Option<&Bound>) -> Option<SkipReason> {
    let id = &alteration.key.id;
    match bound {
        None => Some(SkipReason::NotTargeted),
        Some(bound) if bound.includes(id) => None,
        Some(Bound::Version(version)) => {
            Some(SkipReason::BeyondTarget { version: version.to_string() })
        }
        Some(Bound::Latest | Bound::Next) => Some(SkipReason::NotReleased),
    }
}
