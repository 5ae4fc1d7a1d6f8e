//! What was released: the components that the lock names, each there and as it was.
//!
//! Where the plugin was renamed since, they are what the next release will make of them: the same code under the new
//! name, in the folder of what a build keeps, until that release puts them into `released`.

use super::{Lock, ProjectError, RELEASED, manifest::Source, stamp, wasm_files};
use alteration_domain::alteration::{AlterationId, Checksum, Declaration, Manifest};
use alteration_domain::component;
use alteration_pack::section;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A released component.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// What to deploy.
    pub(super) path: PathBuf,
    pub(super) manifest: Manifest,
    /// The file in `released`, where the plugin had another name then.
    pub(super) renamed: Option<PathBuf>,
}

/// Reads what was released by the project at `root`.
pub(super) fn read(root: &Path, lock: &Lock, source: &Source) -> Result<Vec<Kept>, ProjectError> {
    let mut missing: BTreeSet<Checksum> =
        lock.released.values().map(|released| released.component_checksum).collect();
    let mut kept = Vec::new();
    for path in wasm_files(&root.join(RELEASED)) {
        let io = |error| ProjectError::Io { path: path.clone(), error };
        let bytes = fs::read(&path).map_err(io)?;
        // What an interrupted release has left is still a draft.
        if missing.remove(&Checksum::of(&bytes)) {
            kept.push(one(root, source, path, &bytes)?);
        }
    }
    let lost = lock.released.iter().find(|(_, one)| missing.contains(&one.component_checksum));
    match lost {
        Some((id, _)) => Err(ProjectError::ReleasedMissing { id: id.clone() }),
        None => Ok(kept),
    }
}

fn one(root: &Path, source: &Source, path: PathBuf, bytes: &[u8]) -> Result<Kept, ProjectError> {
    let unread = |reason: String| ProjectError::Load { path: path.clone(), reason };
    let manifest = component::manifest(bytes)
        .map_err(|error| unread(error.to_string()))?
        .ok_or_else(|| unread("it has no manifest".to_owned()))?;
    if manifest.plugin == source.plugin {
        return Ok(Kept { path, manifest, renamed: None });
    }
    let before = manifest.plugin.clone();
    if source.replaces.as_ref() != Some(&before) {
        return Err(ProjectError::OtherPlugin { found: before, plugin: source.plugin.clone() });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = match name.strip_prefix(&format!("{}-", before.name())) {
        Some(rest) => format!("{}-{rest}", source.plugin.name()),
        None => name,
    };
    let manifest = Manifest { plugin: source.plugin.clone(), replaces: Some(before), ..manifest };
    let renamed = section::append(bytes, &manifest.to_json())
        .map_err(|error| ProjectError::Section { path: path.clone(), error })?;
    let io = |error| ProjectError::Io { path: path.clone(), error };
    let folder = stamp::work_folder(root).map_err(io)?.join("renamed");
    fs::create_dir_all(&folder).map_err(io)?;
    let target = folder.join(name);
    stamp::write_whole(&target, &renamed).map_err(io)?;
    Ok(Kept { path: target, manifest, renamed: Some(path) })
}

/// Refuses what `declared` says otherwise of a released alteration: it would have no effect.
pub(super) fn check_declarations<'a>(
    kept: &[Kept],
    declared: impl IntoIterator<Item = &'a Declaration>,
    manifest: &Path,
) -> Result<(), ProjectError> {
    let released: Vec<&Declaration> =
        kept.iter().flat_map(|kept| &kept.manifest.alterations).collect();
    for now in declared {
        let before = released.iter().find(|before| before.id == now.id);
        if before.is_some_and(|before| said(before) != said(now)) {
            let id: AlterationId = now.id.clone();
            return Err(ProjectError::ReleasedChanged { id, files: vec![manifest.to_owned()] });
        }
    }
    Ok(())
}

/// A declaration without what a build computes.
fn said(declaration: &Declaration) -> Declaration {
    Declaration {
        checksum: None,
        preparation: true,
        backfill: true,
        per_dialect: Default::default(),
        ..declaration.clone()
    }
}
