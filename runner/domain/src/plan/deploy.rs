//! The plan of a deploy: which alterations go up, and what speaks against it.

use super::{
    Asks, Bound, Finding, Plan, Policy, Reason, SkipReason, Skipped, Step, Target, begun,
    drafts::{self, Again},
    folders, order,
};
use crate::{
    alteration::{
        Alteration, AlterationId, AlterationKey, Catalog, Dialect, Direction, Level, PluginName,
        Version,
    },
    record::{Fit, Run, Snapshot, StateRow, Status, StrangeLedger},
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

/// As [`deploy`]; with `recorded`, these are recorded without running them, and nothing else is done.
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
    /// What is recorded without running it; `None` if what is pending runs.
    recorded: Option<&'a BTreeSet<AlterationKey>>,
    /// What the plan takes down before.
    again: &'a BTreeSet<AlterationKey>,
    plan: Plan,
}

impl Planner<'_> {
    fn find(&mut self, finding: Finding) {
        self.plan.findings.push(finding);
    }

    /// Says what is otherwise than the operator pinned.
    fn locked(&mut self) {
        let differences = self.catalog.lock().map(|lock| lock.differences(self.catalog));
        for difference in differences.into_iter().flatten() {
            self.find(Finding::NotAsLocked { difference: Box::new(difference) });
        }
    }

    /// Whether drafts that have changed are taken down and applied again.
    fn takes_down(&self) -> bool {
        self.policy.drafts && self.recorded.is_none()
    }

    /// Says that `alteration` is a draft, where none may be applied.
    fn draft(&mut self, alteration: &Alteration) {
        if alteration.draft && !self.policy.drafts {
            let recorded = self.recorded.is_some();
            self.find(Finding::Draft { key: alteration.key.clone(), recorded });
        }
    }

    /// Says when this is the first time in a database that is in use: it may have what would run. And when there are
    /// records that are somebody else's.
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

    /// How far each plugin goes; a plugin that is not in the answer is left alone.
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

    /// Says which plugins are recorded under another name by now. Their alterations look as if they had never run.
    fn renamed(&mut self) {
        for plugin in self.catalog.plugins() {
            let now = self.snapshot.name_now(plugin);
            if now != plugin && self.snapshot.applied().any(|row| row.key.plugin == *now) {
                let (from, to) = (plugin.clone(), now.clone());
                self.plan.findings.push(Finding::Renamed { from, to });
            }
        }
    }

    /// What is to be said about recorded alterations.
    fn rows(&mut self) {
        let mut absent: BTreeMap<&PluginName, usize> = BTreeMap::new();
        for row in self.snapshot.rows.values() {
            let key = row.key.clone();
            match row.status {
                // What is to be said about it depends on the target.
                _ if self.takes_down() && drafts::is_going_down(self.snapshot, row) => {}
                Status::Running | Status::Failed if self.snapshot.runs.contains_key(&key) => {
                    self.unfinished(row);
                }
                Status::Running => self.find(Finding::Running { key }),
                Status::Failed if self.catalog.get(&row.key).is_some() => {
                    let error = row.error.clone().unwrap_or_default();
                    self.failed(key, error, false);
                }
                Status::Failed | Status::Reverted => {}
                Status::Applied => match self.catalog.get(&row.key) {
                    Some(file) if drafts::has_changed(row, file) => {
                        let (recorded, found) = (row.checksum, file.checksum);
                        let allowed = self.policy.changed;
                        if !self.takes_down() {
                            self.find(Finding::DraftChanged { key, recorded, found, allowed });
                        }
                    }
                    // An applied draft with the same checksum is what is offered, and stays.
                    Some(file) if file.checksum != row.checksum => self.find(Finding::Changed {
                        key,
                        recorded: row.checksum,
                        found: file.checksum,
                        allowed: self.policy.changed,
                    }),
                    Some(_) => {}
                    None => match self.catalog.of(&row.key.plugin).next_back() {
                        None => *absent.entry(&row.key.plugin).or_default() += 1,
                        Some(newest) if row.key.id > newest.key.id => {
                            let newest_file = newest.key.id.clone();
                            self.ahead(&row.key.plugin, &row.key.id, newest_file);
                        }
                        Some(_) => {
                            let allowed = self.policy.missing;
                            self.find(Finding::Missing { key, allowed });
                        }
                    },
                },
            }
        }
        for (plugin, applied) in absent {
            self.find(Finding::PluginAbsent { plugin: plugin.clone(), applied });
        }
    }

    /// What is to be said about an attempt that was begun and has not ended.
    fn unfinished(&mut self, row: &StateRow) {
        let key = row.key.clone();
        let file = self.catalog.get(&key);
        let goes_on = !self.snapshot.is_going_down(&key)
            && file.is_some_and(|file| file.checksum == row.checksum);
        if let Some(finding) = begun::cut_off(self.snapshot, &key, !goes_on) {
            self.find(finding);
        } else if self.snapshot.is_going_down(&key) {
            self.find(Finding::UnfinishedRollback { key });
        } else if let Some(file) = file.filter(|file| file.checksum != row.checksum) {
            // What took effect is not how this file begins, or nobody knows whether it is.
            let (recorded, found) = (row.checksum, file.checksum);
            let is_code = self.snapshot.mended.get(&key).is_some_and(|m| m.fit == Fit::Unknown);
            let took_effect = Vec::new();
            let direction = Direction::Up;
            self.find(Finding::BegunOtherwise {
                key,
                direction,
                recorded,
                found,
                is_code,
                took_effect,
            });
        } else if file.is_none() {
            self.find(Finding::Unfinished { key });
        } else if row.status == Status::Failed {
            let error = row.error.clone().unwrap_or_default();
            self.failed(key, error, true);
        }
    }

    fn failed(&mut self, key: AlterationKey, error: String, unfinished: bool) {
        let mended = self.snapshot.mended.contains_key(&key);
        let took_effect = Vec::new();
        self.find(Finding::Failed { key, error, blocks: false, unfinished, mended, took_effect });
    }

    /// Says once for each plugin, with the newest applied alteration, that the files are older.
    fn ahead(&mut self, plugin: &PluginName, id: &AlterationId, newest_file: AlterationId) {
        let known = self.plan.findings.iter_mut().find_map(|finding| match finding {
            Finding::Ahead { plugin: known, applied, newer, .. } if known == plugin => {
                Some((applied, newer))
            }
            _ => None,
        });
        match known {
            Some((applied, newer)) => {
                *applied = id.clone().max(applied.clone());
                *newer += 1;
            }
            None => {
                let (plugin, applied) = (plugin.clone(), id.clone());
                self.find(Finding::Ahead { plugin, applied, newest_file, newer: 1 });
            }
        }
    }

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
                self.plan.steps.push(Step {
                    key: key(),
                    direction: Direction::Up,
                    reason: Reason::of_run(self.snapshot, &alteration.key, *phase),
                    description: alteration.description.clone(),
                    draft: alteration.draft,
                    with: None,
                    irreversible: alteration.is_irreversible(self.dialect),
                    asks: Asks::new(&alteration.permissions, &alteration.settings),
                    level: Level::default(),
                });
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
            self.plan.steps.push(Step {
                key: key(),
                direction: Direction::Up,
                reason,
                description: alteration.description.clone(),
                draft: alteration.draft,
                with: None,
                irreversible: alteration.is_irreversible(self.dialect),
                asks: Asks::new(&alteration.permissions, &alteration.settings),
                level: Level::default(),
            });
        }
    }

    /// Checks that every plugin that is about to change finds what it requires.
    fn requirements(&mut self) {
        let mut checked = BTreeSet::new();
        for step in self.plan.steps.clone() {
            let Some(alteration) = self.catalog.get(&step.key) else { continue };
            for needs in &alteration.needs {
                if !self.is_there_after(&AlterationKey { id: needs.clone(), ..step.key.clone() }) {
                    self.find(Finding::UnmetNeed { key: step.key.clone(), needs: needs.clone() });
                }
            }
            for (requires, requirement) in &alteration.requires {
                let known = (step.key.plugin.clone(), requires.clone(), requirement.to_string());
                if !checked.insert(known) {
                    continue;
                }
                if let Some(found) = self.unmet(requires, requirement) {
                    self.find(Finding::UnmetRequirement {
                        plugin: step.key.plugin.clone(),
                        requires: requires.clone(),
                        requirement: requirement.to_string(),
                        found,
                    });
                }
            }
        }
    }

    /// Whether an alteration is applied, or would be by this plan, or is of no use to this database.
    fn is_there_after(&self, key: &AlterationKey) -> bool {
        let is_up = |step: &Step| step.direction == Direction::Up && step.key == *key;
        let is_elsewhere = |skipped: &Skipped| {
            matches!(skipped.reason, SkipReason::Elsewhere { .. }) && skipped.key == *key
        };
        self.snapshot.applied().any(|row| row.key == *key)
            || self.plan.steps.iter().any(is_up)
            || self.plan.skipped.iter().any(is_elsewhere)
    }

    /// Why `requires` would not meet `requirement` after the plan; `None` if it would.
    fn unmet(&self, requires: &PluginName, requirement: &semver::VersionReq) -> Option<String> {
        let requires = self.snapshot.name_now(requires);
        let applied = self.snapshot.applied().map(|row| &row.key);
        let up = |step: &&Step| step.direction == Direction::Up;
        let planned = self.plan.steps.iter().filter(up).map(|step| &step.key);
        // What only other databases need is not missing here.
        let elsewhere = self.plan.skipped.iter().filter_map(|skipped| match skipped.reason {
            SkipReason::Elsewhere { .. } => Some(&skipped.key),
            _ => None,
        });
        let ids: Vec<&AlterationId> = applied
            .chain(planned)
            .chain(elsewhere)
            .filter(|key| key.plugin == *requires)
            .map(|key| &key.id)
            .collect();
        let found = reaches(&ids, requirement).err()?;
        let is_offered = ids.is_empty() && self.catalog.has_plugin(requires);
        Some(if is_offered { "it is not applied, and not in this plan".to_owned() } else { found })
    }
}

/// Whether alterations `ids` of one plugin bring it to a version that meets `requirement`; else
/// what they bring it to.
pub(super) fn reaches(
    ids: &[&AlterationId],
    requirement: &semver::VersionReq,
) -> Result<(), String> {
    if ids.is_empty() {
        return Err("it is not applied and not among the files".to_owned());
    }
    if *requirement == semver::VersionReq::STAR {
        return Ok(());
    }
    let newest: Option<&Version> = ids.iter().filter_map(|id| id.version()).max();
    match newest {
        Some(version) if version.meets(requirement) => Ok(()),
        Some(version) => Err(format!("it would be at {version}")),
        None => Err("its alterations carry no version".to_owned()),
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
