//! Reads one file of a source, with an upper bound. Does not look at what is inside.

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
