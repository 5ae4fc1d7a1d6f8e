//! Puts the files of a new project into a folder that is not there yet: all of them, or nothing.

use super::NewFile;
use alteration_domain::escape::Escaped;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum NewError {
    #[error("{} is there already", Escaped(&.0.display().to_string()))]
    Exists(PathBuf),
    #[error("cannot write {}: {error}", Escaped(&.path.display().to_string()))]
    Io { path: PathBuf, error: io::Error },
}

/// Writes `files` into `folder`, under a temporary name beside it until all are there.
pub fn write(files: &[NewFile], folder: &Path) -> Result<(), NewError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| NewError::Io { path, error }
    };
    if fs::symlink_metadata(folder).is_ok() {
        return Err(NewError::Exists(folder.to_owned()));
    }
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let staging =
        tempfile::Builder::new().prefix(".new-").tempdir_in(parent).map_err(failed(parent))?;
    // What is made below has the rights that everything of the author's has.
    let project = staging.path().join("project");
    for file in files {
        let path = project.join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(&project)).map_err(failed(&path))?;
        fs::write(&path, &file.text).map_err(failed(&path))?;
        if file.is_executable {
            make_executable(&path).map_err(failed(&path))?;
        }
    }
    fs::rename(&project, folder).map_err(failed(folder))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    // Whoever may read it may run it.
    let mode = mode | (mode & 0o444) >> 2;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}
