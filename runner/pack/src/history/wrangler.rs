//! wrangler, for Cloudflare D1: `<number>_<name>.sql`, ordered by number, and by name where numbers are the same.
//!
//! As wrangler reads it: every file that ends with `.sql` is one, and its number is what its name begins with. A file
//! is one transaction. There is no way back. The database is SQLite.

use super::{
    Context, Layout, Migration,
    error::{FileProblem, HistoryError},
    files, name,
    numbered::Numbered,
    textual,
};
use crate::{
    alteration::LedgerKey,
    read::{ReadError, read_within},
    sql_name::SqlHook,
};
use std::path::{Path, PathBuf};

/// The settings of wrangler, and how far above the history they may be.
const SETTINGS: [&str; 3] = ["wrangler.toml", "wrangler.json", "wrangler.jsonc"];
const LEVELS_MAX: usize = 3;
const SETTINGS_BYTES_MAX: usize = 1 << 20;
const DEFAULT_FOLDER: &str = "migrations";

pub(super) fn read(folder: &Path, _context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::list(folder)?.files;
    let mut names = Vec::new();
    for file in &files {
        let Some(stem) = file.stem() else { continue };
        let Some((number, rest)) = name::numbered(stem) else {
            return Err(file.problem(FileProblem::Version(
                Layout::Wrangler,
                "expected digits at its beginning, as in 0001_add_users.sql, for else its place is up to chance",
            )));
        };
        let numbered = Numbered { file, number, rest };
        names.push((numbered.stamp(Layout::Wrangler)?, numbered));
    }
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    let migrations = names.into_iter().map(|(_, name)| {
        let section = textual::section(name.file, SqlHook::Up)?;
        Ok((name.file.path.clone(), name.migration(vec![section])?))
    });
    textual::in_order(migrations.collect::<Result<_, HistoryError>>()?, Layout::Wrangler)
}

/// Returns whether the settings of wrangler above `folder` name it as the migrations of a D1 database.
pub(super) fn is(folder: &Path) -> Result<bool, HistoryError> {
    let Ok(folder) = folder.canonicalize() else { return Ok(false) };
    for above in folder.ancestors().skip(1).take(LEVELS_MAX) {
        for name in SETTINGS {
            let path = above.join(name);
            if !path.is_file() {
                continue;
            }
            let bytes = match read_within(above, &path, SETTINGS_BYTES_MAX) {
                Ok(bytes) => bytes,
                // A link of somebody else's is no sign.
                Err(ReadError::Outside { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let text = String::from_utf8_lossy(&bytes);
            if text.contains("d1_databases")
                && folders(&text).iter().any(|named| is_same(&above.join(named), &folder))
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Returns what the settings, TOML or JSON, name as `migrations_dir`; the usual folder where they name none.
fn folders(text: &str) -> Vec<PathBuf> {
    let named = text.split("migrations_dir").skip(1);
    let named = named.filter_map(|after| {
        let value = after.trim_start_matches(['"', '\'']).trim_start();
        let value = value.strip_prefix(['=', ':'])?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        value[1..].split(quote).next().map(PathBuf::from)
    });
    let mut folders: Vec<_> = named.collect();
    if folders.is_empty() {
        folders.push(DEFAULT_FOLDER.into());
    }
    folders
}

fn is_same(named: &Path, folder: &Path) -> bool {
    named.canonicalize().is_ok_and(|named| named == folder)
}

/// Returns the alteration that its ledger means by `name`, which is the name of a file.
pub(super) fn ledger_key(name: &str) -> Option<LedgerKey> {
    let (number, rest) = name::numbered(name.strip_suffix(".sql")?)?;
    name::id(None, number, rest).ok().map(LedgerKey::Id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        let table: [(&str, &[&str]); 5] = [
            ("[[d1_databases]]\nbinding = \"DB\"\n", &["migrations"]),
            ("migrations_dir = \"drizzle\"", &["drizzle"]),
            ("migrations_dir = 'a/b' # x", &["a/b"]),
            ("{ \"migrations_dir\": \"a\", \"migrations_dir\" : \"./b\" }", &["a", "./b"]),
            ("migrations_dir = 1", &["migrations"]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(folders(text), expected, "{text}");
        }
    }
}
