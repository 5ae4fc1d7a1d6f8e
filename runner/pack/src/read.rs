//! Reads one file of a source, with an upper bound, and none that a link puts into a folder from elsewhere.
//! Does not look at what is inside.

use super::shown;
use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read {}: {error}", shown(.path))]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}: not a regular file; replace it with one, or move it away", shown(.path))]
    NotAFile { path: PathBuf },
    #[error(
        "{} leads to {}, outside of the folder that is packed; put the file itself in its place, or remove it",
        shown(.path), shown(.target)
    )]
    Outside { path: PathBuf, target: PathBuf },
}

/// [`read_file`], where the file is in `folder` for good: what is packed is shipped, and a link could
/// lead to anything that its user can read.
pub(super) fn read_within(folder: &Path, path: &Path, max: usize) -> Result<Vec<u8>, ReadError> {
    let resolved = |path: &Path| {
        path.canonicalize().map_err(|error| ReadError::Unreadable { path: path.to_owned(), error })
    };
    let target = resolved(path)?;
    match target.starts_with(resolved(folder)?) {
        true => read_file(path, max),
        false => Err(ReadError::Outside { path: path.to_owned(), target }),
    }
}

/// At most `max` bytes and one more, by which the caller sees that there are too many.
pub(super) fn read_file(path: &Path, max: usize) -> Result<Vec<u8>, ReadError> {
    let unreadable = |error| ReadError::Unreadable { path: path.to_owned(), error };
    // Opening a named pipe would wait for ever, so its kind is looked at before.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(ReadError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(max as u64 + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    Ok(bytes)
}
