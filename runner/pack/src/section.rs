//! The `runner:manifest` custom section: replacing and lifting it in a file's bytes.
//!
//! How it is found, and what is refused, is [`alteration_domain::section`]'s. Does not parse the manifest,
//! does not validate the WebAssembly.

pub use alteration_domain::section::{
    COMPONENT_BYTES_MAX, Guess, Kind, SectionError, kind, manifest,
};

use crate::alteration::{MANIFEST_BYTES_MAX, MANIFEST_SECTION};
use alteration_domain::section::{
    DRAFT_SECTION, HEADER_LEN, NESTED_MODULE, Section, Sections, own_manifest,
};
use std::ops::Range;
use wasm_encoder::{CustomSection, Encode, Section as _};

/// Returns the component with `manifest` as its one manifest, at the end; one it had before is left out.
pub fn append(component: &[u8], manifest: &[u8]) -> Result<Vec<u8>, SectionError> {
    if manifest.len() > MANIFEST_BYTES_MAX {
        return Err(SectionError::TooLarge(manifest.len()));
    }
    if kind(component)? == Kind::Module {
        return Err(SectionError::CoreModule);
    }
    let mut bytes = strip(component, MANIFEST_SECTION)?;
    let section = CustomSection { name: MANIFEST_SECTION.into(), data: manifest.into() };
    bytes.push(section.id());
    section.encode(&mut bytes);
    Ok(bytes)
}

/// Returns the file without its top-level custom sections called `name`.
pub(super) fn strip(bytes: &[u8], name: &str) -> Result<Vec<u8>, SectionError> {
    without(bytes, &[name], false)
}

/// Returns the component without the sections that are the runner's own.
pub(super) fn strip_own(bytes: &[u8]) -> Result<Vec<u8>, SectionError> {
    without(bytes, &[MANIFEST_SECTION, DRAFT_SECTION], false)
}

/// Returns the file without its custom sections that are called one of `names`, nor those of the core
/// modules directly in it.
pub(super) fn strip_all(bytes: &[u8], names: &[&str]) -> Result<Vec<u8>, SectionError> {
    without(bytes, names, true)
}

fn without(bytes: &[u8], names: &[&str], nested: bool) -> Result<Vec<u8>, SectionError> {
    let nested = kind(bytes)? == Kind::Component && nested;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(&bytes[..HEADER_LEN]);
    for section in Sections::of(bytes) {
        let section = section?;
        if nested && section.id == NESTED_MODULE {
            kept.push(NESTED_MODULE);
            without(section.contents, names, false)?.encode(&mut kept);
        } else if section.custom()?.is_none_or(|(found, _)| !names.contains(&found)) {
            kept.extend_from_slice(&bytes[section.whole]);
        }
    }
    Ok(kept)
}

/// Returns the manifest that a toolchain left inside a core module, or inside the core modules of a
/// component, where a static with `#[link_section]` ends up.
pub(super) fn embedded_manifest(bytes: &[u8]) -> Result<Option<&[u8]>, SectionError> {
    if kind(bytes)? == Kind::Module {
        return own_manifest(bytes);
    }
    let mut found = None;
    for section in Sections::of(bytes) {
        let section = section?;
        if section.id != NESTED_MODULE {
            continue;
        }
        if let Some(manifest) = own_manifest(section.contents)?
            && found.replace(manifest).is_some()
        {
            return Err(SectionError::Doubled);
        }
    }
    Ok(found)
}

/// Returns a component's first core module, and where the section that holds it is, its header included.
pub(super) fn first_module(component: &[u8]) -> Option<(Range<usize>, &[u8])> {
    kind(component).ok().filter(|kind| *kind == Kind::Component)?;
    let is_it = |section: &Result<Section<'_>, _>| {
        section.as_ref().map_or(true, |section| section.id == NESTED_MODULE)
    };
    let section = Sections::of(component).find(is_it)?.ok()?;
    Some((section.whole, section.contents))
}

/// Returns the section of a component that holds the core module `module`.
pub(super) fn nested(module: &[u8]) -> Vec<u8> {
    let mut section = vec![NESTED_MODULE];
    module.encode(&mut section);
    section
}

/// Returns whether a core module has a custom section whose name starts with `prefix`.
pub(super) fn has_custom(module: &[u8], prefix: &str) -> Result<bool, SectionError> {
    kind(module)?;
    for section in Sections::of(module) {
        if section?.custom()?.is_some_and(|(name, _)| name.starts_with(prefix)) {
            return Ok(true);
        }
    }
    Ok(false)
}
