//! Drafts that are applied and are offered otherwise by now: what goes down, so that it can go up again as it is.
//!
//! What was applied after such a draft may build on it, so that all of its plugin that came later goes down with
//! it, the last first, and is applied again. Drafts alone: where one of those is released, nothing goes down,
//! and a finding says why. Pure, like all of the plan.

use super::{Asks, Bound, Finding, Reason, Step, begun, deploy::skip_reason};
use crate::{
    alteration::{Alteration, AlterationId, AlterationKey, Catalog, Direction, Level, PluginName},
    record::{Snapshot, StateRow, Status},
};
use serde::Serialize;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Why a draft cannot be taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// What was applied after it is released.
    Released,
    /// What was applied after it has no way back.
    Irreversible,
    /// It would not be applied again: there is no file of it, or the target does not include it.
    NotOffered,
    /// Another plugin's applied alteration requires its plugin.
    Required,
    /// An alteration of its plugin was begun and has not ended.
    Unfinished,
}

/// What is taken down before anything is applied.
#[derive(Default)]
pub(super) struct Again {
    pub(super) steps: Vec<Step>,
    pub(super) findings: Vec<Finding>,
    /// Those of the steps, which are applied again.
    pub(super) keys: BTreeSet<AlterationKey>,
}

/// Returns whether `row` is applied, is a draft, and is another one than `file`.
pub(super) fn has_changed(row: &StateRow, file: &Alteration) -> bool {
    row.status == Status::Applied && row.draft && row.checksum != file.checksum
}

/// Applied drafts of `snapshot` that `catalog` offers as they were applied, released by now. The target does not
/// matter: what is released is so however far a deploy goes, and must not be taken down as a draft any more.
pub(super) fn released(catalog: &Catalog, snapshot: &Snapshot) -> Vec<AlterationKey> {
    let drafts = snapshot.applied().filter(|row| row.draft);
    let released = drafts.filter(|row| {
        catalog.get(&row.key).is_some_and(|file| !file.draft && file.checksum == row.checksum)
    });
    released.map(|row| row.key.clone()).collect()
}

/// Returns whether `row` is a draft whose `down` was begun and has not ended.
pub(super) fn is_going_down(snapshot: &Snapshot, row: &StateRow) -> bool {
    row.draft && snapshot.is_going_down(&row.key)
}

/// Returns what goes down where drafts are allowed.
pub(super) fn again(
    catalog: &Catalog,
    snapshot: &Snapshot,
    bounds: &BTreeMap<PluginName, Bound>,
) -> Again {
    let mut again = Again::default();
    let mut leaving: Vec<(&StateRow, Reason)> = Vec::new();
    let is_offered = |key: &AlterationKey| {
        let file = catalog.get(key);
        file.is_some_and(|file| skip_reason(file, bounds.get(&key.plugin)).is_none())
    };
    let mut firsts: BTreeMap<&PluginName, &StateRow> = BTreeMap::new();
    for row in snapshot.rows.values() {
        let changed = catalog.get(&row.key).filter(|file| has_changed(row, file));
        match (changed, is_offered(&row.key)) {
            (_, true) if changed.is_some() || is_going_down(snapshot, row) => {
                again.findings.extend(begun::cut_off(snapshot, &row.key, false));
                let first = firsts.entry(&row.key.plugin).or_insert(row);
                if row.revision < first.revision {
                    *first = row;
                }
            }
            (Some(file), _) => again.findings.push(Finding::DraftChanged {
                key: row.key.clone(),
                recorded: row.checksum,
                found: file.checksum,
                allowed: true,
            }),
            (None, _) if is_going_down(snapshot, row) => {
                again.findings.push(begun::unfinished(snapshot, &row.key));
            }
            (None, _) => {}
        }
    }
    for (plugin, first) in firsts {
        let rows = with_later(snapshot, first);
        let held = held(snapshot, plugin, &rows, is_offered);
        if held.is_empty() {
            let draft = &first.key.id;
            leaving
                .extend(rows.into_iter().map(|row| (row, reason(catalog, snapshot, row, draft))));
        }
        again.findings.extend(held.into_iter().map(|(by, steps, hold)| Finding::DraftStays {
            key: first.key.clone(),
            by: by.clone(),
            hold,
            steps,
        }));
    }
    // The latest first, whatever plugin it is of, as in a rollback.
    leaving.sort_by_key(|(row, _)| Reverse(row.revision));
    again.keys = leaving.iter().map(|(row, _)| row.key.clone()).collect();
    again.steps = leaving.into_iter().map(|(row, reason)| step(row, reason)).collect();
    again
}

/// `first` and what was applied of its plugin after it. What is going down is applied until that has ended.
fn with_later<'a>(snapshot: &'a Snapshot, first: &StateRow) -> Vec<&'a StateRow> {
    let is_there =
        |row: &StateRow| row.status == Status::Applied || snapshot.is_going_down(&row.key);
    let of_plugin = snapshot.rows.values().filter(|row| row.key.plugin == first.key.plugin);
    of_plugin.filter(|row| is_there(row) && row.revision >= first.revision).collect()
}

/// Returns what keeps `rows` of `plugin` from going down, with how many alterations of its own plugin would have to go
/// for it to go.
fn held<'a>(
    snapshot: &'a Snapshot,
    plugin: &PluginName,
    rows: &[&'a StateRow],
    is_offered: impl Fn(&AlterationKey) -> bool,
) -> Vec<(&'a AlterationKey, usize, Hold)> {
    let own = rows.iter().filter_map(|row| match () {
        () if !row.draft => Some((*row, Hold::Released)),
        () if row.irreversible => Some((*row, Hold::Irreversible)),
        () if !is_offered(&row.key) => Some((*row, Hold::NotOffered)),
        () => None,
    });
    let begun = snapshot.rows.values().filter(|row| {
        let run = snapshot.runs.get(&row.key);
        row.key.plugin == *plugin && run.is_some_and(|run| run.direction == Direction::Up)
    });
    let dependents = snapshot
        .applied()
        .filter(|row| row.key.plugin != *plugin && row.requires.contains_key(plugin));
    let later = |held: &StateRow| {
        let of_plugin = snapshot.applied().filter(|row| row.key.plugin == held.key.plugin);
        of_plugin.filter(|row| row.revision >= held.revision).count()
    };
    own.chain(begun.map(|row| (row, Hold::Unfinished)))
        .chain(dependents.map(|row| (row, Hold::Required)))
        .map(|(row, hold)| (&row.key, later(row), hold))
        .collect()
}

fn reason(catalog: &Catalog, snapshot: &Snapshot, row: &StateRow, draft: &AlterationId) -> Reason {
    match (snapshot.runs.get(&row.key), catalog.get(&row.key)) {
        (Some(run), _) => Reason::of_run(snapshot, &row.key, run.phase),
        (None, Some(file)) if has_changed(row, file) => Reason::DraftChanged,
        (None, _) => Reason::AfterDraft { draft: draft.clone() },
    }
}

fn step(row: &StateRow, reason: Reason) -> Step {
    Step {
        key: row.key.clone(),
        direction: Direction::Down,
        reason,
        description: None,
        irreversible: row.irreversible,
        draft: row.draft,
        with: None,
        asks: Asks::new(&row.permissions, &row.settings),
        creates: BTreeSet::new(),
        level: Level::default(),
    }
}

/// The state once `keys` are taken down.
pub fn without(snapshot: &Snapshot, keys: &BTreeSet<AlterationKey>) -> Snapshot {
    let mut after = snapshot.clone();
    for key in keys {
        after.runs.remove(key);
        if let Some(row) = after.rows.get_mut(key) {
            row.status = Status::Reverted;
        }
    }
    after
}
