//! Releases drafts: the very bytes that were tested, without their mark, become files of `released`.
//!
//! The lock is written last. If that does not happen, the files are there and the lock does not name them: the
//! next release finds them equal, and goes on.

use super::{DIST, Lock, Project, ProjectError, RELEASED, build::Built, lock::Released};
use crate::{
    alteration::{AlterationId, Checksum, Dialect},
    pack::{self, draft},
    source,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A component in version control that is larger than this slows everybody down.
const LARGE_BYTES: usize = 5 << 20;

/// A component of drafts, held from before its test until its release.
#[derive(Debug, Clone)]
pub struct Tested {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// What was released.
#[derive(Debug, Clone)]
pub struct ReleaseReport {
    pub components: Vec<PathBuf>,
    pub alterations: Vec<AlterationId>,
    /// Files that version control will not like, with their sizes.
    pub large: Vec<(PathBuf, usize)>,
}

impl Project {
    /// Reads the components that are about to be tested.
    pub fn to_release(&self, built: &Built) -> Result<Vec<Tested>, ProjectError> {
        if built.components.is_empty() {
            return Err(ProjectError::NothingToRelease);
        }
        let read = |written: &pack::Written| {
            let path = written.path.clone();
            match fs::read(&path) {
                Ok(bytes) => Ok(Tested { path, bytes }),
                Err(error) => Err(ProjectError::Io { path, error }),
            }
        };
        built.components.iter().map(read).collect()
    }

    /// Releases what was tested.
    pub fn release(
        &self,
        built: &Built,
        tested: &[Tested],
        untested: &BTreeSet<Dialect>,
    ) -> Result<ReleaseReport, ProjectError> {
        let mut lock = Lock::read(&self.root)?;
        let folder = self.root.join(RELEASED);
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| ProjectError::Io { path, error }
        };
        fs::create_dir_all(&folder).map_err(io(&folder))?;
        let mut report =
            ReleaseReport { components: Vec::new(), alterations: Vec::new(), large: Vec::new() };
        for Tested { path, bytes } in tested {
            if fs::read(path).map_err(io(path))? != *bytes {
                return Err(ProjectError::ChangedMeanwhile(path.clone()));
            }
            let released = draft::release(bytes)
                .map_err(|error| ProjectError::Section { path: path.clone(), error })?;
            let target = folder.join(path.file_name().unwrap_or_default());
            match fs::read(&target) {
                Ok(there) if there == *released => {}
                Ok(_) => return Err(ProjectError::StrangeRelease(target)),
                Err(_) => super::stamp::write_whole(&target, &released).map_err(io(&target))?,
            }
            if released.len() > LARGE_BYTES {
                report.large.push((target.clone(), released.len()));
            }
            report.components.push(target);
        }
        for path in &report.components {
            let catalog =
                source::read(std::slice::from_ref(path), pack::section::COMPONENT_BYTES_MAX)
                    .map_err(|error| ProjectError::Load {
                        path: path.clone(),
                        reason: error.to_string(),
                    })?;
            for alteration in catalog.iter() {
                let id = alteration.key.id.clone();
                let source = built.sources.get(&id).copied();
                let released = Released {
                    checksum: alteration.checksum,
                    component_checksum: alteration.component_checksum,
                    source: source.unwrap_or_else(|| Checksum::of(b"")),
                    untested: untested.clone(),
                };
                lock.released.insert(id.clone(), released);
                report.alterations.push(id);
            }
        }
        lock.write(&self.root)?;
        for Tested { path, .. } in tested {
            fs::remove_file(path).map_err(io(path))?;
        }
        let _ = fs::remove_dir(self.root.join(DIST));
        Ok(report)
    }

    /// Dialects that the drafts are meant for, as far as their manifest says.
    pub fn dialects(&self, built: &Built) -> Result<BTreeSet<Dialect>, ProjectError> {
        let paths: Vec<PathBuf> =
            built.components.iter().map(|written| written.path.clone()).collect();
        let catalog =
            source::read(&paths, pack::section::COMPONENT_BYTES_MAX).map_err(|error| {
                ProjectError::Load { path: self.root.join(DIST), reason: error.to_string() }
            })?;
        Ok(catalog.iter().flat_map(|alteration| alteration.dialects.clone()).collect())
    }
}
