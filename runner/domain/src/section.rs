//! The `runner:manifest` and `runner:draft` custom sections: finding them in a file's bytes.
//!
//! ```text
//! header | section | … | runner:manifest | runner:draft, empty
//!          id, size, contents
//! ```
//!
//! Walks the top level of a file, section by section, without decoding what is inside. Every byte is
//! a stranger's: nothing is allocated by a size that the file claims, and nothing panics. Does not parse
//! the manifest, does not validate the WebAssembly, writes no section.

mod reader;

use crate::alteration::{MANIFEST_BYTES_MAX, MANIFEST_SECTION};
use reader::{Broken, Reader};
use serde::Serialize;
use std::{borrow::Cow, fmt, ops::Range};

/// Upper bound for a component or module file: some 20 times what the largest known toolchain writes.
pub const COMPONENT_BYTES_MAX: usize = 256 << 20;

/// The name of the custom section that marks a draft, at the component's top level, without contents.
pub const DRAFT_SECTION: &str = "runner:draft";

/// The length of a file's header, which [`kind`] checks.
pub const HEADER_LEN: usize = 8;
/// The id of a section of a component that holds one core module.
pub const NESTED_MODULE: u8 = 1;

const MAGIC: [u8; 4] = *b"\0asm";
const MODULE_VERSION: [u8; 4] = [1, 0, 0, 0];
const COMPONENT_VERSION: [u8; 4] = [0x0d, 0, 1, 0];
const CUSTOM: u8 = 0;

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
#[non_exhaustive]
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
#[derive(Debug)]
pub struct Section<'a> {
    pub id: u8,
    /// Header and contents, as offsets into the file.
    pub whole: Range<usize>,
    pub contents: &'a [u8],
    contents_at: usize,
}

/// The sections after the eight bytes of header, up to the first that is malformed.
#[derive(Debug)]
pub struct Sections<'a> {
    reader: Reader<'a>,
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
        Kind::Component => own_manifest(bytes),
    }
}

/// The manifest at the top level of a file of either kind.
pub fn own_manifest(bytes: &[u8]) -> Result<Option<&[u8]>, SectionError> {
    kind(bytes)?;
    let mut found = None;
    // To the very end even when the manifest came early, because a second one is an error.
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

/// Returns where the mark of a draft is in a component, its header included.
pub fn draft(component: &[u8]) -> Result<Option<Range<usize>>, SectionError> {
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

/// Takes the mark of a draft away, wherever it is. A component without one is returned as it is. Fails where the mark
/// is not empty: what else is in it would go with it.
pub fn release(component: &[u8]) -> Result<Cow<'_, [u8]>, SectionError> {
    Ok(match draft(component)? {
        Some(mark) => Cow::Owned([&component[..mark.start], &component[mark.end..]].concat()),
        None => Cow::Borrowed(component),
    })
}

/// Tells a draft from a released component.
pub fn is_draft(component: &[u8]) -> Result<bool, SectionError> {
    Ok(draft(component)?.is_some())
}

impl<'a> Sections<'a> {
    /// The sections of a file whose header [`kind`] knows.
    pub fn of(bytes: &'a [u8]) -> Self {
        let after = bytes.get(HEADER_LEN..).unwrap_or_default();
        Self { reader: Reader::new(after, HEADER_LEN), broken: false }
    }

    fn read(&mut self) -> Result<Section<'a>, Broken> {
        let start = self.reader.position();
        let id = self.reader.byte()?;
        let size = self.reader.number()? as usize;
        let contents_at = self.reader.position();
        let contents = self.reader.bytes(size)?;
        Ok(Section { id, whole: start..self.reader.position(), contents, contents_at })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, SectionError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.reader.is_at_end() {
            return None;
        }
        let section = self.read().map_err(SectionError::from);
        self.broken = section.is_err();
        Some(section)
    }
}

impl<'a> Section<'a> {
    /// Name and contents, if this is a custom section.
    pub fn custom(&self) -> Result<Option<(&'a str, &'a [u8])>, SectionError> {
        if self.id != CUSTOM {
            return Ok(None);
        }
        let mut reader = Reader::new(self.contents, self.contents_at);
        let name = reader.text()?;
        Ok(Some((name, reader.rest())))
    }
}

impl From<Broken> for SectionError {
    fn from(Broken { offset, message }: Broken) -> Self {
        Self::Malformed { offset, message: message.to_owned() }
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
