//! What the custom sections of a file and of its parts say: by what it was made, under which
//! licence, from which source, with which packages in it.
//!
//! Nothing of it is proven: whoever made the file wrote it. Each section is read within bounds, and one
//! that cannot be read tells nothing and does no harm.

use super::sbom::{self, Sbom};
use serde::Serialize;
use wasmparser::{BinaryReaderError, CustomSectionReader, KnownCustom, Parser, Payload};

/// The sections of plain text, as the tools of the component model name them.
const TEXTS: [&str; 7] =
    ["description", "version", "revision", "authors", "licenses", "source", "homepage"];
/// What is longer was not written for a person to read.
const TEXT_BYTES_MAX: usize = 4 << 10;
/// A file may have millions of small sections, and each is compared with those before.
const ENTRIES_MAX: usize = 1_000;
/// Each may unpack to some MiB.
const SBOMS_MAX: usize = 16;

/// One entry of a `producers` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// What made it.
    pub name: String,
    /// Empty where there is none.
    pub version: String,
}

/// One section of text, such as `licenses` with an SPDX expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// The section's name.
    pub field: &'static str,
    /// What the section says.
    pub text: String,
    /// Whether it is said of a module or component inside, not of the whole.
    pub of_part: bool,
}

/// What was found, in the order of the file and each thing once.
#[derive(Debug)]
pub(super) struct Sections {
    pub(super) producers: Bounded<Producer>,
    pub(super) about: Bounded<About>,
    pub(super) sboms: Bounded<Sbom>,
    pub(super) core_module_sizes_bytes: Vec<usize>,
}

/// Different entries, out of no more than were allowed to be looked at.
#[derive(Debug)]
pub(super) struct Bounded<T> {
    pub(super) entries: Vec<T>,
    left: usize,
}

/// Reads the sections at every depth.
pub(super) fn read(bytes: &[u8]) -> Result<Sections, BinaryReaderError> {
    let mut found = Sections {
        producers: Bounded::new(ENTRIES_MAX),
        about: Bounded::new(ENTRIES_MAX),
        sboms: Bounded::new(SBOMS_MAX),
        core_module_sizes_bytes: Vec::new(),
    };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { unchecked_range, .. } => {
                depth += 1;
                found.core_module_sizes_bytes.push(unchecked_range.len());
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) => found.add(&section, depth > 0),
            _ => {}
        }
    }
    Ok(found)
}

impl Sections {
    fn add(&mut self, section: &CustomSectionReader<'_>, of_part: bool) {
        if let KnownCustom::Producers(reader) = section.as_known() {
            for field in reader.into_iter().flatten() {
                for value in field.values.into_iter().flatten() {
                    let texts = [field.name, value.name, value.version];
                    self.producers.offer(|| {
                        let [field, name, version] = texts.map(str::to_owned);
                        Some(Producer { field, name, version })
                    });
                }
            }
        } else if let Some(field) = TEXTS.into_iter().find(|&name| name == section.name()) {
            let about = |text| About { field, text, of_part };
            self.about.offer(|| text(section.data()).map(about));
        } else if let Some(name) = sbom::NAMES.into_iter().find(|&name| name == section.name()) {
            self.sboms.offer(|| Some(sbom::read(name, section.data())));
        }
    }
}

impl<T: PartialEq> Bounded<T> {
    fn new(left: usize) -> Self {
        Self { entries: Vec::new(), left }
    }

    fn offer(&mut self, entry: impl FnOnce() -> Option<T>) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        if let Some(entry) = entry().filter(|entry| !self.entries.contains(entry)) {
            self.entries.push(entry);
        }
    }
}

fn text(data: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(data).ok()?.trim();
    (!text.is_empty() && text.len() <= TEXT_BYTES_MAX).then(|| text.to_owned())
}
