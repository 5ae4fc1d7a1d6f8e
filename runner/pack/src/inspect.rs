//! What a WebAssembly file says about itself and what it can do, for `runner inspect`.
//!
//! Reads and validates bytes; compiles and runs nothing. Every text in the result is a stranger's, as
//! it stands in the file: whoever prints it escapes it.

mod dialects;
mod sbom;
mod sections;
mod sql;

pub use dialects::SqlText;
pub use sbom::{Package, Sbom};
pub use sections::{About, Producer};
pub use sql::{HookSql, SqlOf, sql_of_file};

use super::{
    creates, draft,
    interfaces::{self, Interface},
    read::{ReadError, read_file},
    section::{self, COMPONENT_BYTES_MAX, Kind, SectionError},
    shown,
};
use crate::alteration::{AlterationId, Checksum, Manifest, Permissions};
use sections::Sections;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};
use wasmparser::BinaryReaderError;

/// Everything about one file that can be told without running it.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Whether it is a component or a core module.
    pub kind: Kind,
    /// The size of the file.
    pub size_bytes: usize,
    /// SHA-256 of the whole file.
    pub component_checksum: Checksum,
    /// Whether its alterations may still change.
    pub draft: bool,
    /// What it says of itself.
    pub manifest: ManifestFound,
    /// What its alterations ask for together; empty without a valid manifest.
    pub permissions: Permissions,
    /// The tables and views that its alterations make on MySQL or MariaDB, by their ids: what the manifest declares, and what
    /// is read from SQL that `pack` turned into a component.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub creates: BTreeMap<AlterationId, BTreeSet<String>>,
    /// The interfaces that it imports.
    pub imports: Vec<Interface>,
    /// The interfaces that it exports.
    pub exports: Vec<Interface>,
    /// What each dialect gets, of SQL that differs between them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sql: Vec<SqlText>,
    /// In what it was written and by what it was made, as far as the tools have signed.
    pub producers: Vec<Producer>,
    /// Licence, source and the like, as its maker wrote them.
    pub about: Vec<About>,
    /// The packages in it, as far as it names them.
    pub sboms: Vec<Sbom>,
    /// The sizes of the core modules in the component; none for a core module itself.
    pub core_module_sizes_bytes: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ManifestFound {
    /// The manifest.
    Valid(Manifest),
    /// Why it cannot be used.
    Invalid(String),
    /// It has none.
    Absent,
}

#[derive(Debug, thiserror::Error)]
pub enum InspectFileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}: larger than {} MiB", shown(.path), COMPONENT_BYTES_MAX >> 20)]
    TooLarge { path: PathBuf },
    #[error("{}: {error}", shown(.path))]
    Inspect { path: PathBuf, error: InspectError },
}

#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    #[error(transparent)]
    Section(#[from] SectionError),
    #[error(
        "not valid WebAssembly at byte {}: {}",
        .0.offset(),
        crate::escape::EscapedLines(.0.message())
    )]
    Invalid(BinaryReaderError),
}

/// Does as [`inspect`] for a file, whose size is bounded.
pub fn inspect_file(path: &Path) -> Result<Inspection, InspectFileError> {
    Ok(read_and_inspect(path)?.1)
}

fn read_and_inspect(path: &Path) -> Result<(Vec<u8>, Inspection), InspectFileError> {
    let bytes = read_file(path, COMPONENT_BYTES_MAX)?;
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(InspectFileError::TooLarge { path: path.to_owned() });
    }
    let inspection = inspect(&bytes)
        .map_err(|error| InspectFileError::Inspect { path: path.to_owned(), error })?;
    Ok((bytes, inspection))
}

/// Looks at a component, or at a core module that is yet to be packed.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    let kind = section::kind(bytes)?;
    let (manifest, interfaces) = match kind {
        Kind::Component => (section::manifest(bytes), interfaces::of_component(bytes)),
        Kind::Module => (section::embedded_manifest(bytes), interfaces::of_module(bytes)),
    };
    let interfaces = interfaces.map_err(InspectError::Invalid)?;
    let manifest = match manifest {
        Ok(None) => ManifestFound::Absent,
        Ok(Some(json)) => match Manifest::parse(json) {
            Ok(manifest) => ManifestFound::Valid(manifest),
            Err(error) => ManifestFound::Invalid(error.to_string()),
        },
        Err(error @ (SectionError::Doubled | SectionError::TooLarge(_))) => {
            ManifestFound::Invalid(error.to_string())
        }
        Err(error) => return Err(error.into()),
    };
    let permissions = match &manifest {
        ManifestFound::Valid(manifest) => {
            manifest.alterations.iter().flat_map(|a| a.permissions.iter().cloned()).collect()
        }
        _ => Permissions::new(),
    };
    let Sections { producers, about, sboms, core_module_sizes_bytes } =
        sections::read(bytes).map_err(InspectError::Invalid)?;
    Ok(Inspection {
        kind,
        size_bytes: bytes.len(),
        component_checksum: Checksum::of(bytes),
        draft: kind == Kind::Component && draft::is_draft(bytes)?,
        manifest,
        permissions,
        creates: creates::creates(bytes).all(),
        imports: interfaces.imports,
        exports: interfaces.exports,
        sql: dialects::read(bytes),
        producers: producers.entries,
        about: about.entries,
        sboms: sboms.entries,
        core_module_sizes_bytes,
    })
}
