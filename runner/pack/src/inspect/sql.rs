//! The SQL of a component that the runner made, for `runner inspect --sql`. Of any other it is not known what its
//! hooks will say before they run.

use super::{InspectFileError, ManifestFound, read_and_inspect};
use crate::{
    alteration::{Checksum, Dialect},
    section::Kind,
    sql_source::{HandedSql, SqlSource},
};
use serde::Serialize;
use std::path::Path;

/// What is known of a file's SQL.
#[derive(Debug)]
pub struct SqlOf {
    pub kind: Kind,
    /// SHA-256 of the whole file.
    pub component_checksum: Checksum,
    /// Whether its alterations may still change.
    pub draft: bool,
    /// Its alterations, with the plugin where the file names it.
    pub alterations: Vec<String>,
    /// The dialects that the file says it is for; none where it is for all.
    pub dialects: Vec<Dialect>,
    /// What its hooks hand over; `None` where only running it tells.
    pub texts: Option<Vec<HookSql>>,
}

/// What one hook hands over, byte for byte: escape it before printing.
#[derive(Debug, Clone, Serialize)]
pub struct HookSql {
    /// The id, with the plugin if the file names it.
    pub alteration: String,
    /// As the WIT package calls it: `up`, `before-up`, `step` and so on.
    pub hook: &'static str,
    /// The one that it is for, where the component has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The text.
    pub sql: String,
}

/// Reads a component of a bounded size.
pub fn sql_of_file(path: &Path) -> Result<SqlOf, InspectFileError> {
    let (bytes, inspection) = read_and_inspect(path)?;
    let manifest = match inspection.manifest {
        ManifestFound::Valid(manifest) => Some(manifest),
        _ => None,
    };
    let named = |id: &dyn std::fmt::Display| match &manifest {
        Some(manifest) => format!("{} {id}", manifest.plugin),
        None => id.to_string(),
    };
    let texts = SqlSource::of(&bytes).map(|source| {
        let texts = source.handed().into_iter().map(|HandedSql { id, hook, dialect, sql }| {
            HookSql { alteration: named(id), hook: hook.name(), dialect, sql: sql.to_owned() }
        });
        texts.collect()
    });
    let declared = manifest.iter().flat_map(|manifest| &manifest.alterations);
    Ok(SqlOf {
        kind: inspection.kind,
        component_checksum: inspection.component_checksum,
        draft: inspection.draft,
        alterations: declared.map(|declaration| named(&declaration.id)).collect(),
        dialects: manifest.iter().flat_map(|manifest| manifest.dialects.iter().copied()).collect(),
        texts,
    })
}
