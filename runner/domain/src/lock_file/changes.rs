//! What an update of a lock file changes, for the question before it is written.

use super::{LockFile, LockedPlugin, Pin};
use crate::alteration::{AlterationId, Permissions, PluginName};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What changes of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginChanges {
    /// The plugin.
    pub plugin: PluginName,
    /// Alterations that become pinned.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub added: BTreeMap<AlterationId, Pin>,
    /// Alterations that are no longer pinned.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<AlterationId, Pin>,
    /// Alterations that become pinned to something else.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<AlterationId, ChangedPin>,
    /// Permissions that the plugin may ask for from then on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions_gained: Permissions,
    /// Permissions that it may no longer ask for.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions_lost: Permissions,
    /// Tables and views that it may make on MySQL and MariaDB from then on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub creates_gained: BTreeSet<String>,
    /// Tables and views that it may no longer make there.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub creates_lost: BTreeSet<String>,
    /// Its folder, if that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Moved>,
}

/// A pin before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedPin {
    /// What is pinned now.
    pub from: Pin,
    /// What would be.
    pub to: Pin,
}

/// A folder before and after, relative to the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The folder that is recorded; null if the plugin is new.
    pub from: Option<String>,
    /// The folder that would be; null if the plugin is no longer pinned.
    pub to: Option<String>,
}

/// Lists what leads from one lock file to another, by plugin; empty if they say the same.
pub fn changes(from: &LockFile, to: &LockFile) -> Vec<PluginChanges> {
    let plugins: BTreeSet<&PluginName> = from.plugins.keys().chain(to.plugins.keys()).collect();
    let differ =
        plugins.into_iter().filter(|plugin| from.plugins.get(plugin) != to.plugins.get(plugin));
    differ.map(|plugin| of(plugin, from.plugins.get(plugin), to.plugins.get(plugin))).collect()
}

fn of(
    plugin: &PluginName,
    from: Option<&LockedPlugin>,
    to: Option<&LockedPlugin>,
) -> PluginChanges {
    let none = (BTreeMap::new(), Permissions::new());
    let pins = |locked: Option<&LockedPlugin>| match locked {
        Some(locked) => (locked.alterations.clone(), locked.permissions.clone()),
        None => none.clone(),
    };
    let ((mut removed, had), (mut added, has)) = (pins(from), pins(to));
    let mut changed = BTreeMap::new();
    for id in removed.keys().cloned().collect::<Vec<_>>() {
        let Some(to) = added.remove(&id) else { continue };
        let Some(from) = removed.remove(&id) else { continue };
        if from != to {
            changed.insert(id, ChangedPin { from, to });
        }
    }
    let made = |locked: Option<&LockedPlugin>| {
        locked.and_then(|locked| locked.creates.clone()).unwrap_or_default()
    };
    let (made, makes) = (made(from), made(to));
    let source = |locked: Option<&LockedPlugin>| locked.map(|locked| locked.source.clone());
    let moved = Moved { from: source(from), to: source(to) };
    PluginChanges {
        plugin: plugin.clone(),
        added,
        removed,
        changed,
        permissions_gained: has.difference(&had).cloned().collect(),
        permissions_lost: had.difference(&has).cloned().collect(),
        creates_gained: makes.difference(&made).cloned().collect(),
        creates_lost: made.difference(&makes).cloned().collect(),
        source: (moved.from != moved.to).then_some(moved),
    }
}
