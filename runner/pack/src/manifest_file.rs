//! The manifest in a file of its own, JSON or TOML by the file's ending. Both have the same fields.

use super::{
    module::hint,
    read::{ReadError, read_file},
    shown,
};
use crate::{
    alteration::{MANIFEST_BYTES_MAX, Manifest, ManifestError},
    escape::EscapedLines,
};
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ManifestFileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}: a manifest file ends in .json or .toml", shown(.path))]
    UnknownFormat { path: PathBuf },
    #[error("{}: {}", shown(.path), EscapedLines(.message))]
    Toml { path: PathBuf, message: String },
    #[error("{}: {error}{}", shown(.path), hint(.error))]
    Invalid { path: PathBuf, error: ManifestError },
}

/// Reads and validates.
pub fn read(path: &Path) -> Result<Manifest, ManifestFileError> {
    let invalid = |error| ManifestFileError::Invalid { path: path.to_owned(), error };
    let extension = path.extension().and_then(|extension| extension.to_str());
    if !matches!(extension, Some("json" | "toml")) {
        return Err(ManifestFileError::UnknownFormat { path: path.to_owned() });
    }
    let mut bytes = read_file(path, MANIFEST_BYTES_MAX)?;
    if bytes.len() > MANIFEST_BYTES_MAX {
        return Err(invalid(ManifestError::TooLarge(bytes.len())));
    }
    if extension == Some("toml") {
        bytes = to_json(&bytes)
            .map_err(|message| ManifestFileError::Toml { path: path.to_owned(), message })?;
    }
    Manifest::parse_source(&bytes).map_err(invalid)
}

/// By way of JSON, so that one parser decides what a manifest is.
fn to_json(toml: &[u8]) -> Result<Vec<u8>, String> {
    let text = str::from_utf8(toml).map_err(|_| "not UTF-8; save the file as UTF-8".to_owned())?;
    let value: serde_json::Value =
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    Ok(value.to_string().into_bytes())
}
