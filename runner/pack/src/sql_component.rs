//! SQL alterations -> the bytes of one component, the same bytes for the same SQL everywhere.
//!
//! Wraps the core module of `sql_module` with the interface in `wit/`, and appends the manifest. Pure:
//! no I/O. Does not look into the SQL.

use super::{
    folder::{SqlAlteration, SqlFolder},
    section::{self, COMPONENT_BYTES_MAX},
    sql_module,
    sql_name::SqlHook,
    sql_table::Shape,
};
use crate::alteration::{
    AlterationId, Checksum, Declaration, DeclaredHooks, Dialect, Manifest, ManifestError,
    SettingNames,
};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{Encode, ProducersField, ProducersSection, Section as _};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

const WIT: &str = include_str!("../wit/alteration.wit");
/// The custom sections in which the encoder writes about itself.
const SIGNATURES: [&str; 3] = ["producers", "name", "component-name"];

#[derive(Debug, thiserror::Error)]
pub enum SqlComponentError {
    #[error(
        "the SQL of one component may be {} MiB; pack one component for each alteration, or load bulk data with a code component",
        COMPONENT_BYTES_MAX >> 20
    )]
    TooLarge,
    #[error(
        "no dialect has SQL for each alteration of one component ({0} rules out the last one); pack one component for each alteration, or write the files that are missing"
    )]
    NoCommonDialect(AlterationId),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// Makes components of SQL; holds the parsed interface, which is the same for all of them.
pub(super) struct SqlEncoder {
    resolve: Resolve,
    package: PackageId,
}

impl SqlEncoder {
    pub(super) fn new() -> Self {
        let mut resolve = Resolve::default();
        let package = resolve
            .push_source("alteration.wit", WIT)
            .expect("the interface is a part of this program and its tests parse it");
        Self { resolve, package }
    }

    #[cfg(test)]
    pub(super) fn resolve(&self) -> &Resolve {
        &self.resolve
    }

    /// Encodes one component that carries `alterations`, of which there must be at least one.
    pub(super) fn encode(
        &self,
        folder: &SqlFolder,
        alterations: &[&SqlAlteration],
    ) -> Result<(Vec<u8>, Manifest), SqlComponentError> {
        let manifest = manifest(folder, alterations)?;
        manifest.validate()?;
        let sql_bytes: usize = alterations.iter().map(|a| a.sql.size_bytes()).sum();
        if sql_bytes > COMPONENT_BYTES_MAX {
            return Err(SqlComponentError::TooLarge);
        }
        let module = sql_module::encode(alterations);
        let component = self.componentize(module, Shape::of(alterations));
        let json = manifest.to_json();
        // The component is this program's own, so only the manifest's size can be refused.
        let bytes =
            section::append(&component, &json).map_err(|_| ManifestError::TooLarge(json.len()))?;
        Ok((bytes, manifest))
    }

    /// The encoder signs its work with its own version, and names things for debuggers. A
    /// component's bytes identify the alteration, so they must not change when a library of the
    /// runner is brought up to date: both are taken out.
    pub(super) fn componentize(&self, mut module: Vec<u8>, shape: Shape) -> Vec<u8> {
        let world = self
            .resolve
            .select_world(&[self.package], Some(shape.world()))
            .expect("the interface has a world for each shape, and tests make them all");
        embed_component_metadata(&mut module, &self.resolve, world, StringEncoding::UTF8)
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

fn manifest(
    folder: &SqlFolder,
    alterations: &[&SqlAlteration],
) -> Result<Manifest, SqlComponentError> {
    let shape = Shape::of(alterations);
    let several = alterations.len() > 1;
    let declarations = alterations.iter().map(|alteration| declaration(alteration, shape, several));
    let declarations = declarations.collect();
    // What an alteration says itself counts more than what its folder says for all.
    let mut requires = folder.requires.clone();
    requires.extend(alterations.iter().flat_map(|alteration| alteration.requires.clone()));
    let dialects = match folder.dialects.is_empty() {
        true => common_dialects(alterations)?,
        false => folder.dialects.clone(),
    };
    Ok(Manifest {
        requires,
        replaces: folder.replaces.clone(),
        dialects,
        ..Manifest::new(folder.plugin.clone(), declarations)
    })
}

/// Returns the dialects that each alteration runs on, unless it says that only others need it; empty for all.
fn common_dialects(alterations: &[&SqlAlteration]) -> Result<BTreeSet<Dialect>, SqlComponentError> {
    let mut common = BTreeSet::from(Dialect::ALL);
    for alteration in alterations.iter().filter(|alteration| alteration.needed_on.is_empty()) {
        let runs_on = alteration.sql.dialects();
        common.retain(|dialect| runs_on.contains(dialect));
        if common.is_empty() {
            return Err(SqlComponentError::NoCommonDialect(alteration.id.clone()));
        }
    }
    if common.len() == Dialect::ALL.len() {
        common.clear();
    }
    Ok(common)
}

fn declaration(alteration: &SqlAlteration, shape: Shape, several: bool) -> Declaration {
    let hooks: BTreeMap<Dialect, DeclaredHooks> = alteration
        .runs_on()
        .into_iter()
        .map(|dialect| {
            let has = |hooks: &[SqlHook]| {
                hooks.iter().any(|hook| !alteration.sql.text(*hook, dialect).is_empty())
            };
            let hooks = DeclaredHooks {
                irreversible: !has(&[SqlHook::Down, SqlHook::BeforeDown]),
                preparation: !shape.preparation || has(&[SqlHook::BeforeUp, SqlHook::BeforeDown]),
                backfill: !shape.backfill || has(&[SqlHook::Step]),
            };
            (dialect, hooks)
        })
        .collect();
    let plain = Declaration::new(alteration.id.clone());
    let first = hooks.values().next().copied().unwrap_or(plain.hooks(Dialect::Sqlite));
    Declaration {
        checksum: several.then(|| checksum(alteration)),
        description: alteration.description.clone(),
        irreversible: first.irreversible,
        preparation: first.preparation,
        backfill: first.backfill,
        dialects: alteration.needed_on.clone(),
        needs: alteration.needs.clone(),
        per_dialect: hooks.into_iter().filter(|(_, hooks)| *hooks != first).collect(),
        permissions: alteration.permissions.clone(),
        creates: alteration.creates.clone(),
        // SQL cannot ask for any.
        settings: SettingNames::new(),
        lock_timeout_ms: alteration.lock_timeout_ms,
        statement_timeout_ms: alteration.statement_timeout_ms,
        foreign_keys: alteration.foreign_keys,
        ..plain
    }
}

/// Of the sources alone, so that it stays when the alteration moves into another bundle.
///
/// An alteration of `up` and `down` is hashed as it was before there were other hooks, and one that is the
/// same for all dialects as it was before these could differ. Any other is more parts, so that the
/// sorts cannot be mistaken for each other.
fn checksum(alteration: &SqlAlteration) -> Checksum {
    let text = |hook, dialect| alteration.sql.text(hook, dialect).as_bytes();
    if alteration.sql.varies() {
        let hooks = SqlHook::ALL.into_iter();
        return Checksum::of_parts(
            hooks.flat_map(|h| Dialect::ALL.map(|dialect| text(h, dialect))),
        );
    }
    let text = |hook| text(hook, Dialect::Sqlite);
    if alteration.sql.hooks().all(|hook| matches!(hook, SqlHook::Up | SqlHook::Down)) {
        let parts = [SqlHook::Up, SqlHook::Down].map(text);
        return Checksum::of_parts(parts.into_iter().filter(|sql| !sql.is_empty()));
    }
    Checksum::of_parts(SqlHook::ALL.map(text))
}
