//! Releases drafts: the very bytes that were tested, without their mark, become files of `released`.
//!
//! The lock is written last. If that does not happen, the files are there and the lock does not name them: the
//! next release finds them equal, and goes on.

use super::{DIST, Lock, Project, ProjectError, RELEASED, build::Built, lock::Released};
use alteration_domain::alteration::{AlterationId, Catalog, Dialect};
use alteration_pack::{self as pack, draft};
use alteration_source as source;
use std::{
    collections::{BTreeMap, BTreeSet},
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
        if built.components.is_empty() && !built.is_renamed() {
            return Err(ProjectError::NothingToRelease);
        }
        if let Some(id) = built.sources.keys().find(|id| id.is_next()) {
            return Err(ProjectError::NoRelease(id.to_string()));
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

    /// Releases what was tested; `untested` are dialects that an alteration is for and was not tested on.
    pub fn release(
        &self,
        built: &Built,
        tested: &[Tested],
        untested: &BTreeMap<AlterationId, BTreeSet<Dialect>>,
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
        let renamed = self.rename(built, &mut lock)?;
        for path in &report.components {
            for alteration in catalog(path)?.iter() {
                let id = alteration.key.id.clone();
                let source = built.sources.get(&id).copied();
                let source = source.ok_or_else(|| ProjectError::ChangedMeanwhile(path.clone()))?;
                let released = Released {
                    checksum: alteration.checksum,
                    component_checksum: alteration.component_checksum,
                    source,
                    untested: untested.get(&id).cloned().unwrap_or_default(),
                };
                lock.released.insert(id.clone(), released);
                report.alterations.push(id);
            }
        }
        lock.write(&self.root)?;
        // From here on they are released; the next build removes what stays.
        for Tested { path, .. } in tested {
            let _ = fs::remove_file(path);
        }
        let _ = fs::remove_dir(self.root.join(DIST));
        for (new, old) in renamed {
            if new != old {
                let _ = fs::remove_file(old);
            }
            report.components.push(new);
        }
        Ok(report)
    }

    /// Puts what was released under another name of the plugin into `released` under its new one.
    fn rename(
        &self,
        built: &Built,
        lock: &mut Lock,
    ) -> Result<Vec<(PathBuf, PathBuf)>, ProjectError> {
        let mut renamed = Vec::new();
        for kept in &built.released {
            let Some(old) = &kept.renamed else { continue };
            let target = self.root.join(RELEASED).join(kept.path.file_name().unwrap_or_default());
            for alteration in catalog(&kept.path)?.iter() {
                if let Some(released) = lock.released.get_mut(&alteration.key.id) {
                    released.checksum = alteration.checksum;
                    released.component_checksum = alteration.component_checksum;
                }
            }
            let io = |error| ProjectError::Io { path: target.clone(), error };
            let bytes = fs::read(&kept.path).map_err(io)?;
            super::stamp::write_whole(&target, &bytes).map_err(io)?;
            renamed.push((target, old.clone()));
        }
        Ok(renamed)
    }
}

fn catalog(path: &Path) -> Result<Catalog, ProjectError> {
    let paths = [path.to_owned()];
    source::read(&paths, pack::section::COMPONENT_BYTES_MAX)
        .map_err(|error| ProjectError::Load { path: path.to_owned(), reason: error.to_string() })
}
