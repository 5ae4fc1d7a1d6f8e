//! Supabase CLI: `<stamp>_<name>.sql` in `supabase/migrations`, ordered by the names as text.
//!
//! As the CLI reads it: a file with another name is none of its own, and neither is
//! `<stamp>_init.sql` of before December 2021 where it is the very first in the folder: older versions of the CLI wrote it. A file is sent as one pipeline,
//! which is one transaction; version 3 sends by itself what refuses one. There is no way back. The database is PostgreSQL.

use super::{
    Context, Layout, Migration,
    alone::stand_alone,
    error::HistoryError,
    files::{self, File, Listing},
    name, textual,
};
use crate::{alteration::LedgerKey, read::ReadError, sql_name::SqlHook};
use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
};

const FIRST_INIT_STAMP: &str = "20211209000000";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::list(folder)?.files;
    let mut migrations: Vec<(&str, &File, Migration)> = Vec::new();
    let first = first_entry(folder)?;
    for file in &files {
        let Some(stem) = file.stem() else { continue };
        let Some((version, rest)) = version(stem) else { continue };
        let is_old = rest == "init" && version.len() == 14 && version < FIRST_INIT_STAMP;
        if is_old && first.as_deref() == Some(OsStr::new(&file.name)) {
            continue;
        }
        if let Some((_, first, _)) = migrations.iter().find(|(other, ..)| *other == version) {
            let (first, second) = (first.path.clone(), file.path.clone());
            return Err(HistoryError::OneVersion { first, second, layout: Layout::Supabase });
        }
        let mut section = textual::section(file, SqlHook::Up)?;
        stand_alone(&mut section, Layout::Supabase, context)?;
        migrations.push((version, file, textual::migration(stem, &file.path, vec![section])?));
    }
    let migrations = migrations.into_iter().map(|(_, file, m)| (file.path.clone(), m));
    textual::in_order(migrations.collect(), Layout::Supabase)
}

/// Returns the first name of all in the folder, be it a folder's or hidden.
fn first_entry(folder: &Path) -> Result<Option<OsString>, HistoryError> {
    let entries = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<OsString> =
        entries.map_err(|error| ReadError::Unreadable { path: folder.to_owned(), error })?;
    names.sort();
    Ok(names.into_iter().next())
}

/// `<digits>_<anything>`.
fn version(stem: &str) -> Option<(&str, &str)> {
    let (version, rest) = name::numbered(stem)?;
    Some((version, rest.strip_prefix('_')?))
}

/// Returns whether `folder` is where the CLI looks: `migrations` in `supabase`.
pub(super) fn is(folder: &Path, listing: &Listing) -> bool {
    let mut names = listing.files.iter().filter_map(File::stem);
    let folder = folder.canonicalize();
    folder.is_ok_and(|folder| folder.ends_with("supabase/migrations"))
        && names.any(|stem| version(stem).is_some())
}

/// Returns the alteration that its ledger means by `version`, which is the digits of the name.
pub(super) fn ledger_key(version: &str) -> Option<LedgerKey> {
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    textual::ledger_key(version).filter(|_| is_version)
}
