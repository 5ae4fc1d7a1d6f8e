//! What a toolchain built (a core module, or a component) -> a component with its manifest.
//!
//! A core module is wrapped; a component is taken as it is. The manifest comes from the file itself or
//! from its author; where it is said twice it must be said alike. Pure: no I/O. Does not run anything,
//! and does not judge what a component imports: that is the host's.

use super::{
    interfaces,
    section::{self, Kind, SectionError},
};
use crate::{
    alteration::{MANIFEST_SECTION, Manifest, ManifestError},
    escape::EscapedLines,
};
use std::fmt;
use wit_component::ComponentEncoder;

const HOOKS: &str = "runner:alteration/hooks@";
/// The import modules of programs built for WASI before the component model.
const WASI_OF_MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];
/// The prefix of the custom sections in which bindings leave the interface they were made from.
const INTERFACE_SECTION: &str = "component-type";

/// Where a manifest was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestOrigin {
    /// The component's own section, where an earlier `pack` put it.
    Component,
    /// A section inside a core module, where the sources put it.
    CoreModule,
    /// The file that the author named.
    File,
}

#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    #[error(transparent)]
    Section(#[from] SectionError),
    #[error("not valid WebAssembly at byte {offset}: {}; build it again", EscapedLines(.message))]
    Invalid { offset: usize, message: String },
    #[error(
        "a core module that imports `{0}`, which the runner does not offer; build it for wasm32-unknown-unknown or wasm32-wasip2 instead"
    )]
    Wasi(&'static str),
    #[error(
        "a core module that does not say which interface it was built for (no `{INTERFACE_SECTION}` section); build it with the SDK or with bindings of the package runner:alteration, and do not strip its custom sections"
    )]
    NoInterface,
    #[error("the core module does not fit its interface: {}", EscapedLines(.0))]
    Componentize(String),
    #[error(
        "it exports no `{HOOKS}0.1.0`, so it has neither `up` nor `down`; build it for a world of the package runner:alteration that exports hooks"
    )]
    NoHooks,
    #[error(
        "it has no manifest; give a JSON or TOML file with `--manifest`, or a static in the sources with the link section `{MANIFEST_SECTION}`"
    )]
    NoManifest,
    #[error("{origin}: {error}{}", hint(.error))]
    Manifest { origin: ManifestOrigin, error: ManifestError },
    #[error("the manifest {first} and the manifest {second} differ; make them agree or remove one")]
    ManifestsDiffer { first: ManifestOrigin, second: ManifestOrigin },
}

/// Makes a component of `bytes`. `given` is the manifest file's, already valid.
pub(super) fn pack(
    bytes: &[u8],
    given: Option<Manifest>,
) -> Result<(Vec<u8>, Manifest), ModuleError> {
    let own = match section::kind(bytes)? {
        Kind::Component => section::manifest(bytes)?,
        Kind::Module => None,
    };
    let found = [
        parse(ManifestOrigin::Component, own, Manifest::parse)?,
        parse(
            ManifestOrigin::CoreModule,
            section::embedded_manifest(bytes)?,
            Manifest::parse_source,
        )?,
        given.map(|manifest| (ManifestOrigin::File, manifest)),
    ];
    // The module first: that it cannot become a component matters more than what it lacks.
    let component = match section::kind(bytes)? {
        Kind::Component => bytes.to_vec(),
        Kind::Module => componentize(bytes)?,
    };
    let exports = interfaces::of_component(&component).map_err(ModuleError::from)?.exports;
    if !exports.iter().any(|interface| interface.name.starts_with(HOOKS)) {
        return Err(ModuleError::NoHooks);
    }
    let manifest = agree(found.into_iter().flatten())?;
    Ok((section::append(&component, &manifest.to_json())?, manifest))
}

fn parse(
    origin: ManifestOrigin,
    json: Option<&[u8]>,
    parse: fn(&[u8]) -> Result<Manifest, ManifestError>,
) -> Result<Option<(ManifestOrigin, Manifest)>, ModuleError> {
    json.map(parse)
        .transpose()
        .map(|manifest| manifest.map(|manifest| (origin, manifest)))
        .map_err(|error| ModuleError::Manifest { origin, error })
}

fn agree(
    mut found: impl Iterator<Item = (ManifestOrigin, Manifest)>,
) -> Result<Manifest, ModuleError> {
    let (first, manifest) = found.next().ok_or(ModuleError::NoManifest)?;
    match found.find(|(_, other)| *other != manifest) {
        Some((second, _)) => Err(ModuleError::ManifestsDiffer { first, second }),
        None => Ok(manifest),
    }
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let imports = interfaces::of_module(module).map_err(ModuleError::from)?.imports;
    if let Some(wasi) =
        WASI_OF_MODULES.into_iter().find(|wasi| imports.iter().any(|i| i.name == *wasi))
    {
        return Err(ModuleError::Wasi(wasi));
    }
    if !section::has_custom(module, INTERFACE_SECTION)? {
        return Err(ModuleError::NoInterface);
    }
    // Lifted: the manifest belongs at the component's top level, and only there.
    let module = section::strip(module, MANIFEST_SECTION)?;
    ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| ModuleError::Componentize(format!("{error:#}")))
}

impl From<wasmparser::BinaryReaderError> for ModuleError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid { offset: error.offset(), message: error.message().to_owned() }
    }
}

impl fmt::Display for ManifestOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Component => "in the component",
            Self::CoreModule => "in its core module",
            Self::File => "in the manifest file",
        })
    }
}

/// Returns what to do about the one mistake whose remedy is not plain from its message.
pub(super) fn hint(error: &ManifestError) -> &'static str {
    match error {
        ManifestError::ChecksumMissing(_) => {
            "; give each alteration the SHA-256 of its own source file, so that the runner sees which one changed"
        }
        ManifestError::ChecksumGiven(_) => "; remove it",
        _ => "",
    }
}
