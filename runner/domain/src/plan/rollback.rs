//! The plan of a rollback: which applied alterations go down. Needs no files at all.

use super::{Asks, Finding, Plan, Reason, Step, begun, deploy::reaches};
use crate::{
    alteration::{
        AlterationId, AlterationKey, Catalog, Dialect, Direction, Level, PluginName, Version,
    },
    record::{Snapshot, StateRow, Status},
};
use std::collections::{BTreeMap, BTreeSet};

/// How far to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTarget {
    /// The last so many alterations, of all plugins in the order they were applied.
    Steps(usize),
    /// Until the plugin is at this version again.
    Version(Version),
    /// Until the plugin has nothing applied.
    Nothing,
}

/// Plans going back, for one plugin or, with [`RollbackTarget::Steps`], for all. `baselined` allows
/// it for what was recorded by a baseline, too. What `with` declares goes down with that, on a database of the dialect
/// beside it.
pub fn rollback(
    snapshot: &Snapshot,
    plugin: Option<&PluginName>,
    target: &RollbackTarget,
    baselined: bool,
    (with, dialect): (&Catalog, Dialect),
) -> Plan {
    let mut findings = Vec::new();
    if let Some(plugin) = plugin
        && !snapshot.rows.keys().any(|key| key.plugin == *plugin)
    {
        findings.push(Finding::NothingRecorded { plugin: plugin.clone() });
    }
    // What is going down is applied until that has ended, and is taken up again.
    let going_down = snapshot.rows.values().filter(|row| snapshot.is_going_down(&row.key));
    let mut applied: Vec<&StateRow> = snapshot
        .applied()
        .chain(going_down)
        .filter(|row| plugin.is_none_or(|plugin| row.key.plugin == *plugin))
        .collect();
    // The latest first, whatever plugin it is of: what came later may build on what came before.
    applied.sort_by_key(|row| std::cmp::Reverse(row.revision));
    let (rows, reason): (Vec<&StateRow>, Reason) = match target {
        RollbackTarget::Steps(steps) => {
            applied.truncate(*steps);
            (applied, Reason::Last { steps: *steps })
        }
        RollbackTarget::Nothing => (applied, Reason::NewerThan { version: "none".to_owned() }),
        RollbackTarget::Version(version) => {
            for row in applied.iter().filter(|row| row.key.id.version().is_none()) {
                findings.push(Finding::Unversioned { key: row.key.clone() });
            }
            applied.retain(|row| row.key.id.version().is_some_and(|applied| applied > version));
            (applied, Reason::NewerThan { version: version.to_string() })
        }
    };
    for row in snapshot.rows.values().filter(|row| !snapshot.is_going_down(&row.key)) {
        let key = row.key.clone();
        if snapshot.runs.contains_key(&key) {
            findings.push(begun::unfinished(snapshot, &key));
        } else if row.status == Status::Running {
            findings.push(Finding::Running { key });
        }
    }
    for row in snapshot.rows.values().filter(|row| snapshot.is_going_down(&row.key)) {
        if !rows.iter().any(|leaving| leaving.key == row.key) {
            findings.push(begun::unfinished(snapshot, &row.key));
        }
    }
    let is_irreversible = |row: &StateRow| match with.get(&row.key) {
        Some(file) => file.is_irreversible(dialect),
        None => row.irreversible,
    };
    for row in rows.iter().filter(|row| is_irreversible(row)) {
        findings.push(Finding::Irreversible { key: row.key.clone() });
    }
    findings.extend(idle(with, &rows));
    for row in &rows {
        findings.extend(begun_otherwise(snapshot, row, with));
    }
    for row in rows.iter().filter(|row| row.never_ran()) {
        findings.push(Finding::NeverRan { key: row.key.clone(), allowed: baselined });
    }
    findings.extend(still_required(snapshot, &rows));
    let steps = rows
        .into_iter()
        .map(|row| Step {
            key: row.key.clone(),
            direction: Direction::Down,
            reason: match snapshot.runs.get(&row.key) {
                Some(run) => Reason::of_run(snapshot, &row.key, run.phase),
                None => reason.clone(),
            },
            description: None,
            irreversible: is_irreversible(row),
            draft: row.draft,
            with: with
                .get(&row.key)
                .map(|file| file.component_checksum)
                .filter(|with| *with != row.component_checksum),
            asks: match with.get(&row.key) {
                Some(file) => Asks::new(&file.permissions, &file.settings),
                None => Asks::new(&row.permissions, &row.settings),
            },
            creates: BTreeSet::new(),
            level: Level::default(),
        })
        .collect();
    Plan { steps, skipped: Vec::new(), released: Vec::new(), findings }
}

/// Components that were named to go down with, and declare nothing that goes down.
fn idle(with: &Catalog, leaving: &[&StateRow]) -> Vec<Finding> {
    let mut files: BTreeMap<_, (&AlterationKey, bool)> = BTreeMap::new();
    for file in with.iter() {
        let (_, is_used) = files.entry(&file.path).or_insert((&file.key, false));
        *is_used |= leaving.iter().any(|row| row.key == file.key);
    }
    let idle = files.into_values().filter(|(_, is_used)| !is_used);
    idle.map(|(key, _)| Finding::NotGoingDown { key: key.clone() }).collect()
}

/// Says that the `down` of `row` was begun and cannot be resumed; or with another component, and cannot go on in the one
/// that was named.
fn begun_otherwise(snapshot: &Snapshot, row: &StateRow, with: &Catalog) -> Option<Finding> {
    let run = snapshot.runs.get(&row.key).filter(|run| run.direction == Direction::Down)?;
    let file = with.get(&row.key);
    let is_other = file.is_some_and(|file| file.component_checksum != run.component_checksum);
    if let Some(finding) = begun::cut_off(snapshot, &row.key, is_other) {
        return Some(finding);
    }
    let file = file?;
    (run.component_checksum != file.component_checksum).then(|| Finding::BegunOtherwise {
        key: row.key.clone(),
        direction: Direction::Down,
        recorded: run.component_checksum,
        found: file.component_checksum,
        is_code: false,
        took_effect: Vec::new(),
    })
}

/// Returns what `row` requires and is not applied.
pub fn unmet(snapshot: &Snapshot, row: &StateRow) -> Option<Finding> {
    row.requires.iter().find_map(|(requires, requirement)| {
        let now = snapshot.name_now(requires);
        let applied = snapshot.applied().filter(|row| row.key.plugin == *now);
        let ids: Vec<&AlterationId> = applied.map(|row| &row.key.id).collect();
        let found = reaches(&ids, requirement).err()?;
        let found = if ids.is_empty() { "it is not applied".to_owned() } else { found };
        Some(Finding::UnmetRequirement {
            plugin: row.key.plugin.clone(),
            requires: now.clone(),
            requirement: requirement.to_string(),
            found,
        })
    })
}

/// Returns what stays applied and would lose what it requires.
pub fn still_required(snapshot: &Snapshot, leaving: &[&StateRow]) -> Vec<Finding> {
    let leaving_keys: BTreeSet<_> = leaving.iter().map(|row| &row.key).collect();
    let ids = |plugin: &PluginName, after: bool| -> Vec<&AlterationId> {
        snapshot
            .applied()
            .filter(|row| row.key.plugin == *plugin)
            .filter(|row| !after || !leaving_keys.contains(&row.key))
            .map(|row| &row.key.id)
            .collect()
    };
    let mut found = Vec::new();
    for row in snapshot.applied().filter(|row| !leaving_keys.contains(&row.key)) {
        for (requires, requirement) in &row.requires {
            let requires = snapshot.name_now(requires);
            // What is not met today is not made worse by going back.
            let met = reaches(&ids(requires, false), requirement).is_ok();
            if met && reaches(&ids(requires, true), requirement).is_err() {
                let dependents = snapshot.applied().filter(|other| {
                    other.key.plugin == row.key.plugin && other.revision >= row.revision
                });
                found.push(Finding::StillRequired {
                    dependent: row.key.clone(),
                    steps: dependents.count(),
                    requires: requires.clone(),
                    requirement: requirement.to_string(),
                });
            }
        }
    }
    found
}
