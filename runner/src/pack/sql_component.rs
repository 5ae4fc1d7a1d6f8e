//! SQL alterations -> the bytes of one component, the same bytes for the same SQL everywhere.
//!
//! Wraps the core module of `sql_module` with the interface in `wit/`, and appends the manifest. Pure:
//! no I/O. Does not look into the SQL.

use super::{
    folder::{SqlAlteration, SqlFolder},
    section::{self, COMPONENT_BYTES_MAX},
    sql_module,
};
use crate::alteration::{Checksum, Declaration, Manifest, ManifestError};
use wasm_encoder::{Encode, ProducersField, ProducersSection, Section as _};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

const WIT: &str = include_str!("../../../wit/alteration.wit");
const WORLD: &str = "alteration";
/// The custom sections in which the encoder writes about itself.
const SIGNATURES: [&str; 3] = ["producers", "name", "component-name"];

#[derive(Debug, thiserror::Error)]
pub enum SqlComponentError {
    #[error(
        "the SQL of one component may be {} MiB; pack one component for each alteration, or load bulk data with a code component",
        COMPONENT_BYTES_MAX >> 20
    )]
    TooLarge,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Makes components of SQL; holds the parsed interface, which is the same for all of them.
pub(super) struct SqlEncoder {
    resolve: Resolve,
    world: WorldId,
}

impl SqlEncoder {
    pub(super) fn new() -> Self {
        let mut resolve = Resolve::default();
        let world = resolve
            .push_source("alteration.wit", WIT)
            .and_then(|package| resolve.select_world(&[package], Some(WORLD)))
            .expect("the interface is a part of this program and its tests parse it");
        Self { resolve, world }
    }

    #[cfg(test)]
    pub(super) fn resolve(&self) -> &Resolve {
        &self.resolve
    }

    /// One component that carries `alterations`, of which there must be at least one.
    pub(super) fn encode(
        &self,
        folder: &SqlFolder,
        alterations: &[&SqlAlteration],
    ) -> Result<(Vec<u8>, Manifest), SqlComponentError> {
        let manifest = manifest(folder, alterations);
        manifest.validate()?;
        let sql_bytes: usize =
            alterations.iter().map(|a| a.up.len() + a.down.as_ref().map_or(0, String::len)).sum();
        if sql_bytes > COMPONENT_BYTES_MAX {
            return Err(SqlComponentError::TooLarge);
        }
        let component = self.componentize(sql_module::encode(alterations));
        let json = manifest.to_json();
        // The component is this program's own, so only the manifest's size can be refused.
        let bytes =
            section::append(&component, &json).map_err(|_| ManifestError::TooLarge(json.len()))?;
        Ok((bytes, manifest))
    }

    /// The encoder signs its work with its own version, and names things for debuggers. A
    /// component's bytes identify the alteration, so they must not change when a library of the
    /// runner is brought up to date: both are taken out.
    fn componentize(&self, mut module: Vec<u8>) -> Vec<u8> {
        embed_component_metadata(&mut module, &self.resolve, self.world, StringEncoding::UTF8)
            .expect("the interface was parsed");
        let component = ComponentEncoder::default()
            .module(&module)
            .and_then(|mut encoder| encoder.encode())
            .expect("the module has the imports and exports of its interface");
        let mut bytes = section::strip_all(&component, &SIGNATURES)
            .expect("the encoder's output is well-formed");
        let producers = producers();
        bytes.push(producers.id());
        producers.encode(&mut bytes);
        bytes
    }
}

fn producers() -> ProducersSection {
    let mut language = ProducersField::new();
    language.value("SQL", "");
    let mut producers = ProducersSection::new();
    producers.field("language", &language);
    producers
}

fn manifest(folder: &SqlFolder, alterations: &[&SqlAlteration]) -> Manifest {
    let declarations = alterations
        .iter()
        .map(|alteration| Declaration {
            id: alteration.id.clone(),
            checksum: (alterations.len() > 1).then(|| checksum(alteration)),
            description: alteration.description.clone(),
            irreversible: alteration.down.is_none(),
            permissions: alteration.permissions.clone(),
        })
        .collect();
    // What an alteration says itself counts more than what its folder says for all.
    let mut requires = folder.requires.clone();
    requires.extend(alterations.iter().flat_map(|alteration| alteration.requires.clone()));
    Manifest {
        requires,
        dialects: folder.dialects.clone(),
        ..Manifest::new(folder.plugin.clone(), declarations)
    }
}

/// Of the sources alone, so that it stays when the alteration moves into another bundle.
fn checksum(alteration: &SqlAlteration) -> Checksum {
    let parts = [Some(alteration.up.as_bytes()), alteration.down.as_deref().map(str::as_bytes)];
    Checksum::of_parts(parts.into_iter().flatten())
}
