//! Files that a build keeps for the next one: what a component was made of, so that it is made once.

use super::WORK;
use alteration_domain::alteration::Checksum;
use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Says what a component in `dist` was made of.
pub(super) struct Stamp {
    path: PathBuf,
    inputs: Checksum,
}

impl Stamp {
    /// Of the component called `file_name`, which is made of `inputs`.
    pub(super) fn new(root: &Path, file_name: &str, inputs: Checksum) -> Self {
        Self { path: root.join(WORK).join(format!("{file_name}.inputs")), inputs }
    }

    /// Returns whether the component at `built` was made of the same inputs, and is as it was made.
    pub(super) fn holds(&self, built: &Path) -> bool {
        let (Ok(text), Ok(bytes)) = (fs::read_to_string(&self.path), fs::read(built)) else {
            return false;
        };
        text == self.text(&bytes)
    }

    /// Remembers that `bytes` were made of the inputs.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        fs::write(&self.path, self.text(bytes))
    }

    fn text(&self, bytes: &[u8]) -> String {
        format!("{} {}\n", self.inputs, Checksum::of(bytes))
    }
}

/// Makes the folder for what a build keeps.
pub(super) fn work_folder(root: &Path) -> io::Result<PathBuf> {
    let folder = root.join(WORK);
    fs::create_dir_all(&folder)?;
    folder.canonicalize()
}

/// Writes a file whole or not at all, and waits for the disk.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mode = fs::metadata(path).map(|metadata| metadata.permissions());
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    match mode {
        Ok(mode) => file.as_file().set_permissions(mode)?,
        Err(_) => as_others(file.as_file())?,
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Gives a temporary file, which is the owner's alone, what other files of a project have.
#[cfg(unix)]
fn as_others(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn as_others(_: &fs::File) -> io::Result<()> {
    Ok(())
}
