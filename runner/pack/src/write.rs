//! Writes components into a folder: all of them or none, as far as a file system allows.
//!
//! Everything is written in a temporary folder inside the target, and then synced at once, before the first
//! file gets its name; if one cannot get it, those before it are taken back. Does not remove files that
//! were there before. Of what the bytes mean it knows one thing: whether they are a draft.

use super::{PackedComponent, draft, shown};
use serde::Serialize;
use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// What to do with a file of the same name and other contents. A draft is replaced by a draft whatever is
/// said here, and a released component by none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// A component that was shipped never changes: its alterations may be applied somewhere.
    Keep,
    Replace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// There was no such file.
    Created,
    /// A file of this name had other bytes.
    Replaced,
    /// The file was there with the same bytes; it was not touched.
    Unchanged,
}

/// One component on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: usize,
    /// What became of the file.
    pub outcome: Outcome,
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("cannot write to {}: {error}; no component was written", shown(.path))]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "the source of {} has changed since it was built, or its manifest or alteration.toml. Already shipped? Restore it and add a new alteration. Not shipped? Pack again with `--replace`. No component was written",
        shown(.path)
    )]
    Exists { path: PathBuf },
    #[error(
        "{} is released, and no draft replaces it: give what has changed an id of its own, or move the file away; no component was written",
        shown(.path)
    )]
    Released { path: PathBuf },
    #[error("cannot write to {}: {error}; the components were written", shown(.path))]
    Check { path: PathBuf, error: io::Error },
    #[error(
        "cannot write to {}: {error}; and {} could not be put back: {undo_error}. Compare the folder with its backup",
        shown(.path), shown(.undo_path)
    )]
    HalfWritten { path: PathBuf, error: io::Error, undo_path: PathBuf, undo_error: io::Error },
}

/// Writes `components` into `out`, which is created if it does not exist.
pub(super) fn write(
    components: &[PackedComponent],
    out: &Path,
    existing: Existing,
) -> Result<Vec<Written>, WriteError> {
    let written: Vec<Written> =
        components.iter().map(|c| compare(c, out, existing)).collect::<Result<_, _>>()?;
    if written.iter().all(|file| file.outcome == Outcome::Unchanged) {
        return Ok(written);
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| WriteError::Io { path, error }
    };
    fs::create_dir_all(out).map_err(failed(out))?;
    let staging = tempfile::Builder::new().prefix(".pack-").tempdir_in(out).map_err(failed(out))?;
    let mut renames = Vec::new();
    for (component, file) in components.iter().zip(&written) {
        if file.outcome != Outcome::Unchanged {
            let staged = staging.path().join(&component.file_name);
            write_new(&staged, &component.bytes).map_err(failed(&staged))?;
            let backup = staging.path().join(format!("{}.before", component.file_name));
            renames.push(Rename { staged, target: file.path.clone(), backup });
        }
    }
    sync_staged(staging.path(), &renames)?;
    rename_all(&renames)?;
    sync_folder(out).map_err(failed(out))?;
    Ok(written)
}

fn compare(
    component: &PackedComponent,
    out: &Path,
    existing: Existing,
) -> Result<Written, WriteError> {
    let path = out.join(&component.file_name);
    let size_bytes = component.bytes.len();
    let is_draft = |bytes: &[u8]| draft::is_draft(bytes).unwrap_or(false);
    let outcome = match fs::read(&path) {
        Ok(bytes) if bytes == component.bytes => Outcome::Unchanged,
        Ok(bytes) if is_draft(&component.bytes) => match is_draft(&bytes) {
            true => Outcome::Replaced,
            false => return Err(WriteError::Released { path }),
        },
        Ok(_) if existing == Existing::Replace => Outcome::Replaced,
        Ok(_) => return Err(WriteError::Exists { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Created,
        Err(error) => return Err(WriteError::Io { path, error }),
    };
    Ok(Written { path, size_bytes, outcome })
}

struct Rename {
    staged: PathBuf,
    target: PathBuf,
    /// Where a file that is replaced waits until all is done; the temporary folder goes with it.
    backup: PathBuf,
}

impl Rename {
    fn apply(&self) -> io::Result<()> {
        match fs::hard_link(&self.target, &self.backup) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Not every file system has hard links.
            Err(_) => drop(fs::copy(&self.target, &self.backup)?),
            Ok(()) => {}
        }
        fs::rename(&self.staged, &self.target)
    }

    fn undo(&self) -> io::Result<()> {
        match fs::rename(&self.backup, &self.target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_file(&self.target),
            result => result,
        }
    }
}

fn rename_all(renames: &[Rename]) -> Result<(), WriteError> {
    for (index, rename) in renames.iter().enumerate() {
        let Err(error) = rename.apply() else { continue };
        let path = rename.target.clone();
        for done in renames[..index].iter().rev() {
            if let Err(undo_error) = done.undo() {
                let undo_path = done.target.clone();
                return Err(WriteError::HalfWritten { path, error, undo_path, undo_error });
            }
        }
        return Err(WriteError::Io { path, error });
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::File::create_new(path)?.write_all(bytes)
}

/// So few files are synced one by one: the file system may hold much of other programs.
const SYNCED_ONE_BY_ONE_MAX: usize = 8;

/// Waits until the disk has what was staged. Each file's own sync waits for the file system's journal, so
/// that thousands take minutes; many are synced with their whole file system instead, where that is possible.
fn sync_staged(folder: &Path, staged: &[Rename]) -> Result<(), WriteError> {
    if staged.len() > SYNCED_ONE_BY_ONE_MAX && sync_file_system(folder).is_ok() {
        return Ok(());
    }
    for Rename { staged, .. } in staged {
        let synced = fs::File::open(staged).and_then(|file| file.sync_all());
        synced.map_err(|error| WriteError::Io { path: staged.clone(), error })?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn sync_file_system(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(fs::File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_folder: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes the new names survive a power failure; only Unix can open a folder to say so.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_renamed_before_a_failure_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let rename = |n| Rename {
            staged: path(&format!("staged-{n}")),
            target: path(&format!("target-{n}")),
            backup: path(&format!("backup-{n}")),
        };
        fs::write(path("target-1"), "old").unwrap();
        fs::write(path("staged-1"), "new").unwrap();
        fs::write(path("staged-2"), "new").unwrap();
        // The third was never staged, so it cannot be renamed.
        let error = rename_all(&[rename(1), rename(2), rename(3)]).unwrap_err();
        assert!(matches!(error, WriteError::Io { path: failed, .. } if failed == path("target-3")));
        assert_eq!(fs::read(path("target-1")).unwrap(), b"old");
        assert!(!path("target-2").exists());

        fs::write(path("staged-1"), "new").unwrap();
        fs::write(path("staged-2"), "new").unwrap();
        rename_all(&[rename(1), rename(2)]).unwrap();
        assert_eq!(fs::read(path("target-1")).unwrap(), b"new");
        assert_eq!(fs::read(path("target-2")).unwrap(), b"new");
    }
}
