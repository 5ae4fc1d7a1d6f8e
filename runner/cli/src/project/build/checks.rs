//! What must hold before anything is compiled: released sources as they were, every draft declared, none of a released version.

use crate::project::{
    Lock, ProjectError,
    describe::{Described, Description},
};
use alteration_domain::alteration::{AlterationId, Manifest};
use std::collections::{BTreeMap, BTreeSet};

/// Refuses to change what was released.
pub(super) fn check_released(
    lock: &Lock,
    described: &BTreeMap<AlterationId, Described>,
) -> Result<(), ProjectError> {
    for (id, released) in &lock.released {
        // One whose source was removed is still there as a component.
        if let Some(found) = described.get(id)
            && found.source != released.source
        {
            let files = found.files.clone();
            return Err(ProjectError::ReleasedChanged { id: id.clone(), files });
        }
    }
    Ok(())
}

/// Refuses what is not declared: it would be in no component, and nobody would notice.
pub(super) fn check_declared(
    manifest: &Manifest,
    description: &Description,
) -> Result<(), ProjectError> {
    let declared: BTreeSet<_> = manifest.alterations.iter().map(|one| &one.id).collect();
    match description.alterations.iter().find(|(id, _)| !declared.contains(id)) {
        None => Ok(()),
        Some((id, described)) => {
            let file = described.files.first().map(|file| file.display().to_string());
            Err(ProjectError::Sources(format!(
                "the manifest does not declare {id}, which {} is",
                file.unwrap_or_default()
            )))
        }
    }
}

/// Refuses a draft of a version that was released, or older than one: a release is a whole.
pub(super) fn check_version(id: &AlterationId, lock: &Lock) -> Result<(), ProjectError> {
    let (id, newest) = (id.clone(), lock.released.keys().max());
    match (id.version(), newest) {
        (Some(version), _) if lock.versions().contains(version) => {
            let version = version.clone();
            Err(ProjectError::VersionReleased { id, version })
        }
        (version, Some(newest)) if id < *newest || version < newest.version() => {
            Err(ProjectError::OutOfOrder { id, newest: newest.clone() })
        }
        _ => Ok(()),
    }
}
