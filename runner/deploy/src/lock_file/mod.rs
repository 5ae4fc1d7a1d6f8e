//! `runner.lock`: the components that an operator pinned.
//!
//! ```text
//! text ──format──> LockFile ──Catalog::locked──> findings of a plan
//! files ──pin──> LockFile ──format──> text
//! ```
//!
//! Whoever can write the file decides what is deployed, so that it is read only where nobody else can: not from a plugin's
//! folder, and not through a link that nobody named. Opens no file that is named in it.

mod creates;
mod format;
mod pin;

pub use crate::lock::{
    ChangedPin, LockDifference, LockFile, LockProblem, LockedPlugin, Moved, Pin, Pinned, Pins,
    PluginChanges, changes,
};
pub(crate) use creates::with_creates;
pub use format::to_text;
pub use pin::pin;

use crate::{
    config::{Doubt, at, doubt, is_within, shown},
    escape::Escaped,
};
use rustix::fs::{Mode, OFlags};
use std::{
    fs::{self, File, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The file that is looked for beside `runner.toml`, or in the working directory.
pub const LOCK_FILE: &str = "runner.lock";
/// Some 50,000 alterations.
const BYTES_MAX: usize = 16 << 20;
const READABLE: u32 = 0o644;
const NOT_WRITABLE_BY_OTHERS: u32 = 0o755;

/// Where a lock file is or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockPlace {
    /// The operator named it.
    Named(PathBuf),
    /// It is looked for there.
    Found(PathBuf),
}

/// A lock file that was read, with its bytes.
#[derive(Debug, Clone)]
pub struct LockRead {
    pub file: LockFile,
    bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    #[error("{}: cannot be read: {error}", shown(.path))]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: there is no such lock file", shown(.path))]
    NotThere { path: PathBuf },
    #[error("{}: not a regular file", shown(.path))]
    NotAFile { path: PathBuf },
    #[error("{}: a symbolic link", shown(.path))]
    Link { path: PathBuf },
    #[error("{}: more than {BYTES_MAX} bytes", shown(.path))]
    TooLarge { path: PathBuf },
    #[error("{}: {who} may write to it, and could pin what you would not", shown(.path))]
    Writable { path: PathBuf, who: &'static str },
    #[error("{}: belongs to the user with id {owner}, who could pin what you would not", shown(.path))]
    Foreign { path: PathBuf, owner: u32 },
    #[error("{}: lies among the plugins, and nobody named it", shown(.path))]
    AmongPlugins { path: PathBuf },
    #[error("{}: has the format version {found}; this runner knows {}", shown(.path), format::VERSION)]
    Version { path: PathBuf, found: i64 },
    #[error("{}{}: {}", shown(.path), at(*.line), Escaped(.reason))]
    Invalid { path: PathBuf, line: Option<usize>, reason: String },
    /// A component, or a folder of some, that cannot be pinned.
    #[error("{}: its path {reason}, and cannot stand in a lock file", shown(.path))]
    Name { path: PathBuf, reason: &'static str },
    #[error("{}: cannot be written: {error}", shown(.path))]
    Unwritable { path: PathBuf, error: io::Error },
    #[error("{}: was changed while this was waiting for an answer", shown(.path))]
    ChangedMeanwhile { path: PathBuf },
}

impl LockPlace {
    /// Beside `config`, or in the working directory.
    pub fn beside(config: Option<&Path>) -> Self {
        let folder = config.and_then(Path::parent).unwrap_or(Path::new(""));
        Self::Found(folder.join(LOCK_FILE))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Named(path) | Self::Found(path) => path,
        }
    }

    /// Reads it, if it is there. Unless it was named, it may not have come with `plugins`.
    pub fn read(&self, plugins: &[PathBuf]) -> Result<Option<LockRead>, LockFileError> {
        let path = self.path();
        let Some(file) = self.open()? else { return Ok(None) };
        let metadata = file
            .metadata()
            .map_err(|error| LockFileError::Unreadable { path: path.into(), error })?;
        if !metadata.is_file() {
            return Err(LockFileError::NotAFile { path: path.into() });
        }
        self.may_lie_there(plugins)?;
        let users = (metadata.uid(), rustix::process::geteuid().as_raw());
        match doubt(metadata.mode(), Some(users)) {
            None => {}
            Some(Doubt::WritableBy(who)) => {
                return Err(LockFileError::Writable { path: path.into(), who });
            }
            Some(Doubt::Foreign { owner }) => {
                return Err(LockFileError::Foreign { path: path.into(), owner });
            }
        }
        let mut bytes = Vec::new();
        file.take(BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| LockFileError::Unreadable { path: path.into(), error })?;
        if bytes.len() > BYTES_MAX {
            return Err(LockFileError::TooLarge { path: path.into() });
        }
        let file = format::parse(path, &bytes)?;
        Ok(Some(LockRead { file, bytes }))
    }

    /// A deploy must not take its lock file from whoever ships the plugins.
    fn may_lie_there(&self, plugins: &[PathBuf]) -> Result<(), LockFileError> {
        match self {
            Self::Found(path) if is_within(folder(path), plugins) => {
                Err(LockFileError::AmongPlugins { path: path.clone() })
            }
            Self::Found(_) | Self::Named(_) => Ok(()),
        }
    }

    /// Opens it without waiting, which a pipe would let it do.
    fn open(&self) -> Result<Option<File>, LockFileError> {
        let path = self.path();
        let follow = match self {
            Self::Named(_) => OFlags::empty(),
            Self::Found(_) => OFlags::NOFOLLOW,
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | follow;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(opened) => Ok(Some(File::from(opened))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(rustix::io::Errno::LOOP) => Err(LockFileError::Link { path: path.into() }),
            Err(error) => Err(LockFileError::Unreadable { path: path.into(), error: error.into() }),
        }
    }

    /// Writes `file` whole, or not at all, if the file is still what was `read`. It keeps its permissions, and a link is
    /// never followed.
    pub fn write(
        &self,
        file: &LockFile,
        read: Option<&LockRead>,
        plugins: &[PathBuf],
    ) -> Result<(), LockFileError> {
        let path = self.path();
        self.may_lie_there(plugins)?;
        let mode = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(LockFileError::Link { path: path.into() });
            }
            Ok(metadata) if !metadata.is_file() => {
                return Err(LockFileError::NotAFile { path: path.into() });
            }
            Ok(metadata) => Some(metadata.mode() & NOT_WRITABLE_BY_OTHERS),
            Err(_) => None,
        };
        let now = self.read(plugins)?.map(|now| now.bytes);
        if now.as_ref() != read.map(|read| &read.bytes) {
            return Err(LockFileError::ChangedMeanwhile { path: path.into() });
        }
        let text = to_text(file);
        let written = replace(path, text.as_bytes(), mode);
        written.map_err(|error| LockFileError::Unwritable { path: path.into(), error })
    }
}

/// Puts a file with these bytes in the place of whatever is called `path`.
fn replace(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    let mut file = builder
        .prefix(".runner.lock-")
        .permissions(Permissions::from_mode(READABLE))
        .tempfile_in(folder(path))?;
    if let Some(mode) = mode {
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // So that the name is on the disk too. Some file systems cannot, and the file is whole either way.
    let _ = File::open(folder(path)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
