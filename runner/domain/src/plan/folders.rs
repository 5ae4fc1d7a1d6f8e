//! Whose folder an alteration lies in: a manifest can claim any plugin's name, and with it what was given to that name.
//!
//! Without a lock file, the files of what is recorded vouch for the folder that they lie in. Only folders of the same run are
//! compared, so that a checkout that was moved as a whole is none that is another one.

use super::{Finding, Folders, Policy};
use crate::{
    alteration::{Alteration, AlterationId, Catalog, PluginName, Version},
    record::{Snapshot, Status},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Says which plugins lie in several folders and have something pending. With a lock file there is nothing to say: bytes are
/// pinned, wherever they lie.
pub(super) fn findings(catalog: &Catalog, snapshot: &Snapshot, policy: Policy) -> Vec<Finding> {
    if catalog.lock().is_some() || policy.folders == Folders::Ignored {
        return Vec::new();
    }
    let of = |plugin| of_plugin(catalog, snapshot, policy, plugin);
    catalog.plugins().flat_map(of).collect()
}

fn of_plugin(
    catalog: &Catalog,
    snapshot: &Snapshot,
    policy: Policy,
    plugin: &PluginName,
) -> Vec<Finding> {
    let folders: BTreeSet<&Path> = catalog.of(plugin).map(folder).collect();
    let is_pending = |one: &&Alteration| {
        snapshot.rows.get(&one.key).is_none_or(|row| row.status != Status::Applied)
    };
    if folders.len() < 2 || !catalog.of(plugin).any(|one| is_pending(&one)) {
        return Vec::new();
    }
    let recorded = recorded(catalog, snapshot, plugin);
    let homes: BTreeSet<&Path> = recorded.iter().copied().map(home).collect();
    let mut elsewhere: BTreeMap<&Path, Vec<AlterationId>> = BTreeMap::new();
    // A draft comes from where its author builds it, and is applied only where it may be.
    let is_judged = |one: &&Alteration| is_pending(one) && !(policy.drafts && one.draft);
    for one in catalog.of(plugin).filter(is_judged) {
        if !homes.is_empty() && !homes.contains(home(folder(one))) {
            elsewhere.entry(folder(one)).or_default().push(one.key.id.clone());
        }
    }
    let owned = |folders: &BTreeSet<&Path>| -> Vec<PathBuf> {
        folders.iter().copied().map(Into::into).collect()
    };
    if elsewhere.is_empty() {
        let (plugin, folders) = (plugin.clone(), owned(&folders));
        return vec![Finding::SeveralFolders { plugin, folders }];
    }
    let finding = |(folder, ids): (&Path, _)| Finding::OtherFolder {
        plugin: plugin.clone(),
        folder: folder.into(),
        ids,
        recorded: owned(&recorded),
        allowed: policy.folders == Folders::Allowed,
    };
    elsewhere.into_iter().map(finding).collect()
}

/// The folders of files whose bytes are recorded. Where there are none, because everything was built anew, those of files
/// that say that they are what is recorded.
fn recorded<'a>(
    catalog: &'a Catalog,
    snapshot: &Snapshot,
    plugin: &PluginName,
) -> BTreeSet<&'a Path> {
    let with = |is_same: fn(&Alteration, &crate::record::StateRow) -> bool| -> BTreeSet<&'a Path> {
        let is_recorded =
            |one: &&Alteration| snapshot.rows.get(&one.key).is_some_and(|row| is_same(one, row));
        catalog.of(plugin).filter(is_recorded).map(folder).collect()
    };
    let by_bytes = with(|one, row| one.component_checksum == row.component_checksum);
    match by_bytes.is_empty() {
        true => with(|one, row| one.checksum == row.checksum),
        false => by_bytes,
    }
}

fn folder(alteration: &Alteration) -> &Path {
    alteration.path.parent().unwrap_or(Path::new(""))
}

/// A folder without the versions at its end: a vendor may ship each release in a folder of its own.
fn home(folder: &Path) -> &Path {
    let mut home = folder;
    while let (Some(name), Some(above)) = (home.file_name(), home.parent()) {
        let name = name.to_string_lossy();
        if name.trim_start_matches('v').parse::<Version>().is_err() {
            break;
        }
        home = above;
    }
    home
}
