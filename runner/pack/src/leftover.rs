//! Components that lie where a folder of SQL is packed to, of the same plugin, and that the folder no longer
//! makes: an alteration that was renamed is still there under its old name, and a deploy would run both.
//!
//! Reads what is there, and passes over what it cannot read: that is told when it is deployed. Removes nothing.

use super::{ManifestFound, PackedComponent, history, inspect, read, section::COMPONENT_BYTES_MAX};
use crate::alteration::AlterationId;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A component that its source no longer makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    pub path: PathBuf,
    /// One that is made instead, with the stamp of one that it holds.
    pub instead: Option<AlterationId>,
}

/// Returns the files in `out` that are none of `components`; sorted.
pub fn leftovers(components: &[PackedComponent], out: &Path) -> Vec<Leftover> {
    let Some(first) = components.first() else { return Vec::new() };
    let plugin = &first.manifest.plugin;
    let made_files: BTreeSet<&str> = components.iter().map(|c| c.file_name.as_str()).collect();
    let made: BTreeSet<&AlterationId> =
        components.iter().flat_map(|c| &c.manifest.alterations).map(|a| &a.id).collect();
    let entries = fs::read_dir(out).into_iter().flatten().flatten();
    let mut found: Vec<Leftover> = entries
        .filter(|entry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| name.ends_with(".wasm") && !made_files.contains(name))
        })
        .filter_map(|entry| {
            let path = entry.path();
            let bytes = read::read_file(&path, COMPONENT_BYTES_MAX).ok()?;
            let found = inspect(&bytes).ok()?;
            let ManifestFound::Valid(manifest) = found.manifest else { return None };
            // Code of the same plugin has a source of its own.
            let is_sql = found.producers.iter().any(|p| p.field == "language" && p.name == "SQL");
            if manifest.plugin != *plugin || !is_sql {
                return None;
            }
            let ids = manifest.alterations.iter().map(|alteration| &alteration.id);
            let mut ids =
                ids.filter(|id| !made.contains(id) && !history::is_repeatable(id)).peekable();
            ids.peek()?;
            let instead = ids.find_map(|id| made.iter().find(|made| made.stamp() == id.stamp()));
            Some(Leftover { path, instead: instead.map(|id| (*id).clone()) })
        })
        .collect();
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}
