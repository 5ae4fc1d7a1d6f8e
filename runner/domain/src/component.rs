//! A component as files offer it: from its bytes, and its name where it carries no manifest, to what it declares.
//!
//! Hashes the bytes and reads the manifest in them; does not look at the code, and opens no file.

use crate::{
    alteration::{
        AlterationId, Checksum, ComponentFile, Declaration, Manifest, ManifestError, ParseIdError,
        ParsePluginError, PluginName,
    },
    section::{self, SectionError},
};
use std::{borrow::Cow, path::Path};

/// Why a file is no component that could be deployed.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    #[error(transparent)]
    Section(#[from] SectionError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("has no manifest, and its file name does not identify it: {0}")]
    Id(ParseIdError),
    #[error("has no manifest, and its folders do not name its plugin: {0}")]
    Plugin(ParsePluginError),
}

/// Reads the manifest that a component carries; `None` where its name identifies it.
pub fn manifest(bytes: &[u8]) -> Result<Option<Manifest>, ComponentError> {
    let json = section::manifest(bytes)?;
    Ok(json.map(Manifest::parse).transpose()?)
}

/// Reads the component whose file is called `path`.
pub fn read(path: &Path, bytes: &[u8]) -> Result<ComponentFile, ComponentError> {
    let manifest = match manifest(bytes)? {
        Some(manifest) => manifest,
        None => from_names(path)?,
    };
    let component_checksum = Checksum::of(bytes);
    let released_checksum = match section::release(bytes)? {
        Cow::Borrowed(_) => component_checksum,
        Cow::Owned(released) => Checksum::of(&released),
    };
    let component_bytes = bytes.len() as u64;
    let path = path.to_owned();
    Ok(ComponentFile { path, component_checksum, component_bytes, released_checksum, manifest })
}

/// Identifies a component without a manifest: `…/vendor/name/<id>.wasm`.
fn from_names(path: &Path) -> Result<Manifest, ComponentError> {
    let part = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
    };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let id: AlterationId = stem.parse().map_err(ComponentError::Id)?;
    let folder = path.parent();
    let name = part(folder).unwrap_or_default();
    let vendor = part(folder.and_then(Path::parent)).unwrap_or_default();
    let plugin: PluginName = format!("{vendor}/{name}").parse().map_err(ComponentError::Plugin)?;
    Ok(Manifest::new(plugin, vec![Declaration::new(id)]))
}
