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

use super::section::{self, Kind, SectionError};
use std::borrow::Cow;
use wasm_encoder::{CustomSection, Encode, Section as _};

/// The name of the custom section, at the component's top level, without contents.
pub const DRAFT_SECTION: &str = "runner:draft";

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

/// Takes the mark away, wherever it is. A component without one is returned as it is. Fails where the mark is
/// not one that [`mark`] makes: what else is in it would go with it.
pub fn release(component: &[u8]) -> Result<Cow<'_, [u8]>, SectionError> {
    Ok(match section::draft(component)? {
        Some(mark) => Cow::Owned([&component[..mark.start], &component[mark.end..]].concat()),
        None => Cow::Borrowed(component),
    })
}

/// Tells a draft from a released component.
pub fn is_draft(component: &[u8]) -> Result<bool, SectionError> {
    Ok(section::draft(component)?.is_some())
}
