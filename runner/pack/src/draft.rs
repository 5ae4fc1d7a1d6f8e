//! The `runner:draft` custom section: marks a component whose alterations may still change.
//!
//! ```text
//! component | runner:manifest | runner:draft, empty
//! ^------- checksum, the same once released ------^
//! ```
//!
//! The mark stands at the top level and is appended last. It is outside of an alteration's checksum, so that
//! taking it away ([`release`]) changes nothing but that the alterations are released. A section of that name
//! inside a nested module means nothing. Knows neither manifests nor what is in a component.

pub use alteration_domain::section::{DRAFT_SECTION, is_draft, release};

use super::section::{self, Kind, SectionError};
use wasm_encoder::{CustomSection, Encode, Section as _};

/// Marks a component as a draft: it has exactly one mark then, at its end.
pub fn mark(component: &[u8]) -> Result<Vec<u8>, SectionError> {
    if section::kind(component)? == Kind::Module {
        return Err(SectionError::CoreModule);
    }
    let mut bytes = section::strip(component, DRAFT_SECTION)?;
    let section = CustomSection { name: DRAFT_SECTION.into(), data: (&[]).into() };
    bytes.push(section.id());
    section.encode(&mut bytes);
    Ok(bytes)
}
