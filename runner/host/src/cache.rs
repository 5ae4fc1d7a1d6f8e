//! Compiled components on disk, so that the next run need not compile them again.
//!
//! An artefact is native code: whoever can write it runs with the operator's rights. So the folder and
//! its files must belong to this user and be writable by nobody else. An artefact is used in place, and
//! a label beside it says which component it is of and what its bytes hash to. Anything doubtful
//! counts as absent.

use super::synchronous;
use crate::alteration::Checksum;
use rustix::fs::{FileType, Mode, OFlags};
use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use wasmtime::{Engine, component::Component};

const MAGIC: &str = "RUNNERA2";
const LABEL_BYTES_MAX: u64 = 1 << 10;
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// The oldest artefacts go when the folder holds more than this.
const FOLDER_BYTES_MAX: u64 = 1 << 30;
/// So much is stored between two looks at the whole folder, which may hold some 100,000 files. The first
/// file that a process stores brings a look too, so that processes that are killed leave no more than this each.
const PRUNED_AFTER_BYTES: u64 = 128 << 20;

/// How much of a component an artefact holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extent {
    Whole,
    /// Without what waits for something: see [`synchronous`].
    Synchronous,
}

#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// Bytes stored since the folder was last pruned.
    unpruned: AtomicU64,
}

impl Cache {
    /// Opens the cache; `None` when the folder cannot be had or is not safe.
    pub(super) fn open(folder: &Path) -> Option<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()?;
        let stat = rustix::fs::lstat(folder).ok()?;
        let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let unpruned = AtomicU64::new(PRUNED_AFTER_BYTES);
        (is_folder && is_ours(&stat)).then(|| Self { folder: folder.to_owned(), unpruned })
    }

    pub(super) fn load(
        &self,
        engine: &Engine,
        checksum: Checksum,
        extent: Extent,
    ) -> Option<Component> {
        let path = self.verified(key(engine, checksum, extent))?;
        // SAFETY: the bytes were written by `store`, from `Component::serialize`: folder and files
        // belong to this user and nobody else may write them, so that they are what was verified; the
        // label names this component and this engine's settings, and the checksum shows that the
        // bytes are whole. Artefacts are replaced by others, and never changed in place. Wasmtime
        // verifies version and settings once more.
        let mapped = unsafe { Component::deserialize_file(engine, &path) };
        mapped.ok().or_else(|| {
            let artefact = std::fs::read(&path).ok()?;
            // Nothing in the folder may be executed. SAFETY: as above.
            unsafe { Component::deserialize(engine, artefact) }.ok()
        })
    }

    /// Stores an artefact. A cache that cannot be written is only slower, so errors end here.
    pub(super) fn store(
        &self,
        engine: &Engine,
        checksum: Checksum,
        extent: Extent,
        component: &Component,
    ) {
        if let Ok(artefact) = component.serialize() {
            let _ = self.write(key(engine, checksum, extent), &artefact);
            if self.is_prune_due(artefact.len() as u64) {
                let _ = self.prune(FOLDER_BYTES_MAX);
            }
        }
    }

    fn path(&self, key: Checksum) -> PathBuf {
        self.folder.join(format!("{key}.artefact"))
    }

    fn label_path(&self, key: Checksum) -> PathBuf {
        self.folder.join(format!("{key}.label"))
    }

    /// Returns where the artefact is, if it is whole and its label says so.
    fn verified(&self, key: Checksum) -> Option<PathBuf> {
        let mut said = String::new();
        open(&self.label_path(key))?.take(LABEL_BYTES_MAX).read_to_string(&mut said).ok()?;
        let path = self.path(key);
        let is = Checksum::read(open(&path)?).ok()?;
        (said == label(key, is)).then_some(path)
    }

    fn write(&self, key: Checksum, artefact: &[u8]) -> std::io::Result<()> {
        // A label that is older than its artefact says something else of it.
        self.put(&self.path(key), artefact)?;
        self.put(&self.label_path(key), label(key, Checksum::of(artefact)).as_bytes())
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        // Created with mode 0600, and renamed when whole: nobody reads half of it.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    }

    /// Counts `stored` bytes, and starts the count anew where it is time for a look at the folder.
    fn is_prune_due(&self, stored: u64) -> bool {
        let unpruned = self.unpruned.fetch_add(stored, Ordering::Relaxed) + stored;
        // Of several threads that get here, one resets the count.
        unpruned >= PRUNED_AFTER_BYTES
            && self.unpruned.swap(0, Ordering::Relaxed) >= PRUNED_AFTER_BYTES
    }

    /// Removes the oldest files until those left hold at most `bytes_max`. What cannot be read or removed is
    /// passed over: another process may be pruning.
    fn prune(&self, bytes_max: u64) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)?.flatten() {
            if let Ok(metadata) = entry.metadata()
                && metadata.is_file()
                && is_of_cache(&entry.file_name())
                && let Ok(modified) = metadata.modified()
            {
                files.push((modified, metadata.len(), entry.path()));
            }
        }
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        if total <= bytes_max {
            return Ok(());
        }
        files.sort();
        for (_, bytes, path) in files {
            if total <= bytes_max {
                break;
            }
            if std::fs::remove_file(path).is_ok() {
                total -= bytes;
            }
        }
        Ok(())
    }
}

/// Returns whether a file is called as those of the cache are, finished or not: an operator may keep others in the same
/// folder.
fn is_of_cache(name: &std::ffi::OsStr) -> bool {
    let is_so = |name: &str| {
        name.ends_with(".artefact") || name.ends_with(".label") || name.starts_with(".tmp")
    };
    name.to_str().is_some_and(is_so)
}

fn is_ours(stat: &rustix::fs::Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & WRITABLE_BY_OTHERS == 0
}

/// Opens a file that nobody else can have written.
fn open(path: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let stat = rustix::fs::fstat(&file).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    (is_file && is_ours(&stat)).then_some(file)
}

fn label(key: Checksum, artefact: Checksum) -> String {
    format!("{MAGIC} {key} {artefact}\n")
}

/// Names the artefact of one component under one engine's settings and version.
fn key(engine: &Engine, checksum: Checksum, extent: Extent) -> Checksum {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let extent = match extent {
        Extent::Whole => &[],
        Extent::Synchronous => synchronous::METHOD,
    };
    let checksum = checksum.to_string();
    Checksum::of_parts([checksum.as_bytes(), &settings.finish().to_le_bytes(), extent])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    const KEY: &[u8] = b"component";

    fn cache() -> (tempfile::TempDir, Cache, Checksum) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let key = Checksum::of(KEY);
        cache.write(key, b"artefact").unwrap();
        (folder, cache, key)
    }

    #[test]
    fn what_was_written_is_read() {
        let (_folder, cache, key) = cache();
        assert_eq!(fs::read(cache.verified(key).unwrap()).unwrap(), b"artefact");
        assert_eq!(cache.verified(Checksum::of(b"other")), None);
        cache.write(key, b"another").unwrap();
        assert_eq!(fs::read(cache.verified(key).unwrap()).unwrap(), b"another");
    }

    #[test]
    fn a_flipped_bit_or_another_name_counts_as_absent() {
        let (_folder, cache, key) = cache();
        let other = Checksum::of(b"other");
        fs::copy(cache.path(key), cache.path(other)).unwrap();
        assert_eq!(cache.verified(other), None);
        fs::copy(cache.label_path(key), cache.label_path(other)).unwrap();
        assert_eq!(cache.verified(other), None);
        let mut bytes = fs::read(cache.path(key)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(cache.path(key), bytes).unwrap();
        assert_eq!(cache.verified(key), None);
    }

    #[test]
    fn what_others_can_write_is_not_trusted() {
        let (_folder, cache, key) = cache();
        for path in [cache.path(key), cache.label_path(key)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
            assert_eq!(cache.verified(key), None);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(cache.verified(key).is_some());
        }
        fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Cache::open(&cache.folder).is_none());
    }

    #[test]
    fn the_oldest_files_go_and_nothing_stops_that() {
        let (_folder, cache, key) = cache();
        fs::create_dir(cache.folder.join("a-folder")).unwrap();
        let now = std::time::SystemTime::now();
        for age in 1..=4 {
            let file = File::create(cache.folder.join(format!("{age}.artefact"))).unwrap();
            file.set_len(1_000).unwrap();
            file.set_modified(now - std::time::Duration::from_secs(age * 60)).unwrap();
        }
        cache.prune(2_500).unwrap();
        let is_there = |age: u64| cache.folder.join(format!("{age}.artefact")).exists();
        assert_eq!([1, 2, 3, 4].map(is_there), [true, true, false, false]);
        assert!(cache.verified(key).is_some());
    }

    #[test]
    fn the_folder_is_looked_at_for_the_first_file_and_then_now_and_then() {
        let (_folder, cache, _) = cache();
        let kib = 20 << 10;
        let looks = (0..20_000).filter(|_| cache.is_prune_due(kib)).count() as u64;
        assert_eq!(looks, 1 + 19_999 * kib / PRUNED_AFTER_BYTES);
        assert!(cache.is_prune_due(PRUNED_AFTER_BYTES));
    }

    #[test]
    fn links_are_not_followed() {
        let (folder, cache, key) = cache();
        let moved = folder.path().join("elsewhere");
        fs::rename(cache.path(key), &moved).unwrap();
        std::os::unix::fs::symlink(&moved, cache.path(key)).unwrap();
        assert_eq!(cache.verified(key), None);
    }
}
