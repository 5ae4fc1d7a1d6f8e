//! Checks that lie beside components: `<id>.verify.sql`, which `runner test` runs after the alteration went up. They are
//! no part of what is shipped, so that they may change.

use super::{Outcome, PackedComponent, WriteError, Written, folder::SqlAlteration};
use crate::alteration::{AlterationId, Dialect};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFile {
    pub file_name: String,
    pub text: String,
}

/// Returns the name of the check of an alteration, on one dialect or on all that have none of their own.
fn file_name(id: &AlterationId, dialect: Option<Dialect>) -> String {
    match dialect {
        Some(dialect) => format!("{id}.{dialect}.verify.sql"),
        None => format!("{id}.verify.sql"),
    }
}

pub(super) fn of(alterations: &[&SqlAlteration]) -> Vec<CheckFile> {
    let files = alterations.iter().flat_map(|alteration| {
        alteration.checks.iter().map(|(dialect, text)| CheckFile {
            file_name: file_name(&alteration.id, *dialect),
            text: text.clone(),
        })
    });
    files.collect()
}

/// Writes the checks of `components` into `out`, where they are.
pub(super) fn write(
    components: &[PackedComponent],
    out: &Path,
) -> Result<Vec<Written>, WriteError> {
    let checks = components.iter().flat_map(|component| &component.checks);
    let written = checks.map(|check| {
        let path = out.join(&check.file_name);
        let outcome = match fs::read(&path) {
            Ok(before) if before == check.text.as_bytes() => Outcome::Unchanged,
            Ok(_) => Outcome::Replaced,
            Err(_) => Outcome::Created,
        };
        if outcome != Outcome::Unchanged {
            let failed = |error| WriteError::Check { path: path.clone(), error };
            fs::write(&path, &check.text).map_err(failed)?;
        }
        Ok(Written { path, size_bytes: check.text.len(), outcome })
    });
    written.collect()
}

/// Returns the check of an alteration on `dialect`, in the folder of its component.
pub fn find(folder: &Path, id: &AlterationId, dialect: Dialect) -> Option<PathBuf> {
    let mysql = (dialect == Dialect::Mariadb).then_some(Some(Dialect::Mysql));
    let written = [Some(Some(dialect)), mysql, Some(None)].into_iter().flatten();
    let mut paths = written.map(|dialect| folder.join(file_name(id, dialect)));
    paths.find(|path| path.is_file())
}
