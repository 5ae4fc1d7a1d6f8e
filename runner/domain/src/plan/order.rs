//! The order of plugins: each after those it requires.

use super::{Finding, join};
use crate::alteration::{Catalog, PluginName};
use std::collections::{BTreeMap, BTreeSet};

/// All plugins of the catalog, required ones first, otherwise by name. `Err` names a circle.
pub(super) fn plugins(catalog: &Catalog) -> Result<Vec<PluginName>, Finding> {
    let mut waiting: BTreeMap<&PluginName, BTreeSet<&PluginName>> = catalog
        .plugins()
        .map(|plugin| {
            let required = catalog.of(plugin).flat_map(|alteration| alteration.requires.keys());
            // Plugins that are not among the files are a matter of requirements, not of order.
            (plugin, required.filter(|required| catalog.has_plugin(required)).collect())
        })
        .collect();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let Some(next) =
            waiting.iter().find(|(_, required)| required.is_empty()).map(|(plugin, _)| *plugin)
        else {
            return Err(Finding::Cycle { path: circle(&waiting) });
        };
        waiting.remove(next);
        for required in waiting.values_mut() {
            required.remove(next);
        }
        order.push(next.clone());
    }
    Ok(order)
}

/// One circle among plugins of which each waits for another.
fn circle(waiting: &BTreeMap<&PluginName, BTreeSet<&PluginName>>) -> String {
    let mut path: Vec<&PluginName> = Vec::new();
    let mut next = waiting.keys().next().copied();
    while let Some(plugin) = next {
        if let Some(start) = path.iter().position(|seen| *seen == plugin) {
            return join(path[start..].iter().copied().chain([plugin]));
        }
        path.push(plugin);
        next = waiting[plugin].iter().next().copied();
    }
    join(path)
}

/// `plugin` with everything it requires, directly or not.
pub(super) fn with_required(catalog: &Catalog, plugin: &PluginName) -> BTreeSet<PluginName> {
    let mut found = BTreeSet::new();
    let mut left = vec![plugin.clone()];
    while let Some(plugin) = left.pop() {
        left.extend(catalog.of(&plugin).flat_map(|alteration| alteration.requires.keys().cloned()));
        if !found.insert(plugin) {
            // Seen before: what it requires is in the list already, and a circle must end.
            left.retain(|plugin| !found.contains(plugin));
        }
    }
    found
}
