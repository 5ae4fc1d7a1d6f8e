//! Supabase CLI: `<stamp>_<name>.sql` in `supabase/migrations`, ordered by the names as text.
//!
//! As the CLI reads it: a file with another name is none of its own, and neither is the very first one if it is
//! `<stamp>_init.sql` of before December 2021, which older versions of the CLI wrote. A file is sent as one pipeline,
//! which is one transaction. There is no way back. The database is PostgreSQL.

use super::{
    Context, Layout, Migration,
    error::HistoryError,
    files::{self, File, Listing},
    name, textual,
};
use crate::{alteration::LedgerKey, pack::sql_name::SqlHook};
use std::{ffi::OsStr, path::Path};

const CONFIG: &str = "config.toml";
const FIRST_INIT_STAMP: &str = "20211209000000";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::list(folder)?.files;
    let mut migrations: Vec<(&str, &File, Migration)> = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let Some(stem) = file.stem() else { continue };
        let Some((version, rest)) = version(stem) else { continue };
        if at == 0 && rest == "init" && version.len() == 14 && version < FIRST_INIT_STAMP {
            continue;
        }
        if let Some((_, first, _)) = migrations.iter().find(|(other, ..)| *other == version) {
            let (first, second) = (first.path.clone(), file.path.clone());
            return Err(HistoryError::OneVersion { first, second, layout: Layout::Supabase });
        }
        let mut section = textual::section(file, SqlHook::Up)?;
        section.leave_transaction(context)?;
        migrations.push((version, file, textual::migration(stem, &file.path, vec![section])?));
    }
    let migrations = migrations.into_iter().map(|(_, file, m)| (file.path.clone(), m));
    textual::in_order(migrations.collect(), Layout::Supabase)
}

/// `<digits>_<anything>`.
fn version(stem: &str) -> Option<(&str, &str)> {
    let (version, rest) = name::numbered(stem)?;
    Some((version, rest.strip_prefix('_')?))
}

/// Whether `folder` is where the CLI looks: in `supabase`, beside the settings of the CLI.
pub(super) fn is(folder: &Path, listing: &Listing) -> bool {
    let has_names = || listing.files.iter().filter_map(File::stem).any(|s| version(s).is_some());
    let is_below = |above: &Path| {
        above.file_name() == Some(OsStr::new("supabase")) && above.join(CONFIG).is_file()
    };
    let folder = folder.canonicalize().ok();
    has_names() && folder.and_then(|folder| Some(is_below(folder.parent()?))) == Some(true)
}

/// Its ledger has the digits of the names.
pub(super) fn ledger_key(version: &str) -> Option<LedgerKey> {
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    textual::ledger_key(version).filter(|_| is_version)
}
