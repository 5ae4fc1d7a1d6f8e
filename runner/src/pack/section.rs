//! The `runner:manifest` custom section: finding, replacing and lifting it in a file's bytes.
//!
//! Walks the top level of a file, section by section, without decoding what is inside. Every byte is
//! a stranger's: nothing is allocated by a size that the file claims, and nothing panics. Talks to
//! nobody; does not parse the manifest, does not validate the WebAssembly.

use super::draft::DRAFT_SECTION;
use crate::alteration::{MANIFEST_BYTES_MAX, MANIFEST_SECTION};
use serde::Serialize;
use std::{fmt, ops::Range};
use wasm_encoder::{CustomSection, Encode, Section as _};
use wasmparser::{BinaryReader, BinaryReaderError};

/// Upper bound for a component or module file: some 20 times what the largest known toolchain writes.
pub const COMPONENT_BYTES_MAX: usize = 256 << 20;

const MAGIC: [u8; 4] = *b"\0asm";
const HEADER_LEN: usize = 8;
const MODULE_VERSION: [u8; 4] = [1, 0, 0, 0];
const COMPONENT_VERSION: [u8; 4] = [0x0d, 0, 1, 0];
const CUSTOM: u8 = 0;
/// The id of a section of a component that holds one core module.
const NESTED_MODULE: u8 = 1;

/// What a WebAssembly file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// In the component model: what the runner loads.
    Component,
    /// Core WebAssembly: what `pack` makes a component of.
    Module,
}

/// What the first bytes of a file that is not WebAssembly look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    Empty,
    Text,
    Gzip,
    Zip,
    Elf,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    #[error("not a WebAssembly file{0}")]
    NotWasm(Guess),
    #[error(
        "WebAssembly of an unknown version ({}); this runner reads core modules of version 1 and components of version 13",
        hexadecimal(.0)
    )]
    UnknownVersion([u8; 4]),
    #[error("a core module, not a component; `runner pack` makes a component of it")]
    CoreModule,
    #[error("malformed or cut short at byte {offset}: {message}; build or copy it again")]
    Malformed { offset: usize, message: String },
    #[error(
        "more than one `{MANIFEST_SECTION}` section; which one holds cannot be told, so pack it again from its sources"
    )]
    Doubled,
    #[error("the manifest is {0} bytes; at most {MANIFEST_BYTES_MAX} are read")]
    TooLarge(usize),
    #[error("more than one `{DRAFT_SECTION}` section; build it again")]
    DraftDoubled,
    #[error(
        "its `{DRAFT_SECTION}` section has contents ({0} bytes), which no checksum covers; build it again"
    )]
    DraftNotEmpty(usize),
}

/// One section at the top level of a file.
struct Section<'a> {
    id: u8,
    /// Header and contents, as offsets into the file.
    whole: Range<usize>,
    contents: &'a [u8],
    contents_at: usize,
}

/// The sections after the eight bytes of header, up to the first that is malformed.
struct Sections<'a> {
    reader: BinaryReader<'a>,
    broken: bool,
}

/// Tells a component from a core module by the header alone.
pub fn kind(bytes: &[u8]) -> Result<Kind, SectionError> {
    let Some((header, _)) = bytes.split_at_checked(HEADER_LEN) else {
        return Err(match bytes.starts_with(&MAGIC) {
            true => SectionError::Malformed {
                offset: bytes.len(),
                message: "the header is not complete".to_owned(),
            },
            false => SectionError::NotWasm(guess(bytes)),
        });
    };
    let version = [header[4], header[5], header[6], header[7]];
    match (header.starts_with(&MAGIC), version) {
        (false, _) => Err(SectionError::NotWasm(guess(bytes))),
        (true, MODULE_VERSION) => Ok(Kind::Module),
        (true, COMPONENT_VERSION) => Ok(Kind::Component),
        (true, version) => Err(SectionError::UnknownVersion(version)),
    }
}

/// The manifest of a component: the contents of its one `runner:manifest` section.
///
/// `None` when it has no such section. The bytes are not parsed: see `Manifest::parse`.
pub fn manifest(bytes: &[u8]) -> Result<Option<&[u8]>, SectionError> {
    match kind(bytes)? {
        Kind::Module => Err(SectionError::CoreModule),
        Kind::Component => find(bytes),
    }
}

/// The component with `manifest` as its one manifest, at the end; one it had before is left out.
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

/// The file without its top-level custom sections called `name`.
pub(super) fn strip(bytes: &[u8], name: &str) -> Result<Vec<u8>, SectionError> {
    without(bytes, &[name], false)
}

/// The component without the sections that are the runner's own.
pub(super) fn strip_own(bytes: &[u8]) -> Result<Vec<u8>, SectionError> {
    without(bytes, &[MANIFEST_SECTION, DRAFT_SECTION], false)
}

/// The file without its custom sections that are called one of `names`, nor those of the core
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

/// Where the mark of a draft is in a component, its header included. See [`super::draft`].
pub(super) fn draft(component: &[u8]) -> Result<Option<Range<usize>>, SectionError> {
    if kind(component)? == Kind::Module {
        return Err(SectionError::CoreModule);
    }
    let mut found = None;
    for section in Sections::of(component) {
        let section = section?;
        if let Some((DRAFT_SECTION, contents)) = section.custom()? {
            if !contents.is_empty() {
                return Err(SectionError::DraftNotEmpty(contents.len()));
            }
            if found.replace(section.whole).is_some() {
                return Err(SectionError::DraftDoubled);
            }
        }
    }
    Ok(found)
}

/// The manifest that a toolchain left inside a core module, or inside the core modules of a
/// component, where a static with `#[link_section]` ends up.
pub(super) fn embedded_manifest(bytes: &[u8]) -> Result<Option<&[u8]>, SectionError> {
    if kind(bytes)? == Kind::Module {
        return find(bytes);
    }
    let mut found = None;
    for section in Sections::of(bytes) {
        let section = section?;
        if section.id != NESTED_MODULE {
            continue;
        }
        if let Some(manifest) = find(section.contents)?
            && found.replace(manifest).is_some()
        {
            return Err(SectionError::Doubled);
        }
    }
    Ok(found)
}

/// A component's first core module, and where the section that holds it is, its header included.
pub(super) fn first_module(component: &[u8]) -> Option<(Range<usize>, &[u8])> {
    kind(component).ok().filter(|kind| *kind == Kind::Component)?;
    let is_it = |section: &Result<Section<'_>, _>| {
        section.as_ref().map_or(true, |section| section.id == NESTED_MODULE)
    };
    let section = Sections::of(component).find(is_it)?.ok()?;
    Some((section.whole, section.contents))
}

/// The section of a component that holds the core module `module`.
pub(super) fn nested(module: &[u8]) -> Vec<u8> {
    let mut section = vec![NESTED_MODULE];
    module.encode(&mut section);
    section
}

/// Whether a core module has a custom section whose name starts with `prefix`.
pub(super) fn has_custom(module: &[u8], prefix: &str) -> Result<bool, SectionError> {
    kind(module)?;
    for section in Sections::of(module) {
        if section?.custom()?.is_some_and(|(name, _)| name.starts_with(prefix)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Walks to the very end even when the manifest came early, because a second one is an error.
fn find(bytes: &[u8]) -> Result<Option<&[u8]>, SectionError> {
    kind(bytes)?;
    let mut found = None;
    for section in Sections::of(bytes) {
        if let Some((MANIFEST_SECTION, contents)) = section?.custom()? {
            if contents.len() > MANIFEST_BYTES_MAX {
                return Err(SectionError::TooLarge(contents.len()));
            }
            if found.replace(contents).is_some() {
                return Err(SectionError::Doubled);
            }
        }
    }
    Ok(found)
}

impl<'a> Sections<'a> {
    /// `bytes` must have the header that [`kind`] checks.
    fn of(bytes: &'a [u8]) -> Self {
        Self { reader: BinaryReader::new(&bytes[HEADER_LEN..], HEADER_LEN), broken: false }
    }

    fn read(&mut self) -> Result<Section<'a>, BinaryReaderError> {
        let start = self.reader.original_position();
        let id = self.reader.read_u8()?;
        let size = self.reader.read_var_u32()? as usize;
        let contents_at = self.reader.original_position();
        let contents = self.reader.read_bytes(size)?;
        Ok(Section { id, whole: start..self.reader.original_position(), contents, contents_at })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, SectionError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.reader.eof() {
            return None;
        }
        let section = self.read().map_err(SectionError::from);
        self.broken = section.is_err();
        Some(section)
    }
}

impl<'a> Section<'a> {
    /// Name and contents, if this is a custom section.
    fn custom(&self) -> Result<Option<(&'a str, &'a [u8])>, SectionError> {
        if self.id != CUSTOM {
            return Ok(None);
        }
        let mut reader = BinaryReader::new(self.contents, self.contents_at);
        let name = reader.read_string()?;
        let rest = reader.read_bytes(reader.bytes_remaining())?;
        Ok(Some((name, rest)))
    }
}

impl From<BinaryReaderError> for SectionError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed { offset: error.offset(), message: error.message().to_owned() }
    }
}

fn guess(bytes: &[u8]) -> Guess {
    let start = &bytes[..bytes.len().min(512)];
    // A character cut in two by the 512 bytes is still text.
    let text = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    match start {
        [] => Guess::Empty,
        [0x1f, 0x8b, ..] => Guess::Gzip,
        [b'P', b'K', 3, 4, ..] => Guess::Zip,
        [0x7f, b'E', b'L', b'F', ..] => Guess::Elf,
        _ if text && !start.contains(&0) => Guess::Text,
        _ => Guess::Unknown,
    }
}

impl fmt::Display for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => ": it is empty",
            Self::Text => ": it is text; `runner pack` makes a component of a folder of SQL",
            Self::Gzip => ": it is compressed with gzip; unpack it first",
            Self::Zip => ": it is a zip archive; unpack it first",
            Self::Elf => ": it is a program for this machine; build it for WebAssembly",
            Self::Unknown => "",
        })
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_ends_at_the_first_broken_section() {
        let bytes = b"\0asm\x0d\0\x01\0\0\x02\x01a\0\x7f";
        let walked: Vec<_> = Sections::of(bytes).take(9).map(|section| section.is_ok()).collect();
        assert_eq!(walked, [true, false]);
    }
}
