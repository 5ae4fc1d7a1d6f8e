//! The runner's lock on SQLite: an operating system lock on a file beside the database.
//!
//! It gives order and good messages; safety comes from the ledger. The file is named from what
//! SQLite resolved, so that two spellings of one path meet. The lock dies with its process.

use crate::{
    backend::{BackendError, LockHolder},
    operator,
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
};

const HOLDER_BYTES_MAX: u64 = 4_096;

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
    path: PathBuf,
}

/// The result of one try.
#[derive(Debug)]
pub(super) enum Try {
    Held(FileLock),
    HeldBy(LockHolder),
    /// The folder cannot be written to, so there can be no lock file. The ledger still protects.
    Impossible,
}

pub(super) fn path_for(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".runner-lock");
    name.into()
}

/// Tries once; never waits.
pub(super) fn try_lock(path: &Path) -> Result<Try, BackendError> {
    let failed = |error: std::io::Error| BackendError::LockFile {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            return Ok(Try::Impossible);
        }
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Try::HeldBy(read_holder(&mut file))),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // The last holder removes the file when it releases the lock. A lock on a removed file excludes no other process.
    if !is_still_there(&file, path) {
        return Ok(Try::HeldBy(LockHolder::unknown()));
    }
    // The holder is written for messages only; on a full disk the lock still works.
    let _ = write_holder(&mut file);
    Ok(Try::Held(FileLock { file, path: path.to_owned() }))
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    serde_json::to_writer(&mut *file, &operator::lock_holder())?;
    file.flush()
}

fn read_holder(file: &mut File) -> LockHolder {
    let mut text = String::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_string(&mut text);
    match read.ok().and_then(|_| serde_json::from_str(&text).ok()) {
        Some(holder) => holder,
        None => LockHolder::unknown(),
    }
}

fn is_still_there(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(found)) = (rustix::fs::fstat(file), rustix::fs::stat(path)) else {
        return false;
    };
    (held.st_dev, held.st_ino) == (found.st_dev, found.st_ino)
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Removed while still locked, so that no other process can lock the old file unnoticed. If removing fails, the
        // empty file stays and does no harm.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_nothing_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_for(&folder.path().join("a.db"));
        let Try::Held(held) = try_lock(&path).unwrap() else { panic!("the first gets it") };
        let Try::HeldBy(holder) = try_lock(&path).unwrap() else { panic!("the second does not") };
        assert_eq!(holder.pid, std::process::id());
        drop(held);
        assert!(!path.exists());
        assert!(matches!(try_lock(&path).unwrap(), Try::Held(_)));
    }

    #[test]
    fn a_stale_file_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_for(&folder.path().join("a.db"));
        std::fs::write(&path, "garbage").unwrap();
        assert!(matches!(try_lock(&path).unwrap(), Try::Held(_)));
    }
}
