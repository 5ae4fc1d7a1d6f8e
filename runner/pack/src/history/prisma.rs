//! Prisma: a folder `<stamp>_<name>` for each, with `migration.sql`; ordered by the folders' names as text.
//!
//! As Prisma reads it: any name of a folder will do, and two may have one stamp; what lies beside the folders is
//! none of its own. `down.sql` is what `prisma migrate diff` writes for a way back, which its users run by hand; it is
//! the way back here. `migration_lock.toml` says for which database the SQL is.
//!
//! It opens no transaction: up to version 7.3 a file is one message, since 7.4 each statement is one.

use super::{
    Context, Layout, Migration,
    alone::stand_alone,
    error::{FileProblem, HistoryError},
    files::{self, File, Listing},
    textual,
};
use crate::{
    alteration::{Dialect, LedgerKey},
    sql_name::SqlHook,
};
use serde::Deserialize;
use std::{collections::BTreeSet, path::Path};

const LOCK: &str = "migration_lock.toml";
const UP: &str = "migration.sql";
const DOWN: &str = "down.sql";
/// What drizzle has beside its own `migration.sql`.
const DRIZZLE_SNAPSHOT: &str = "snapshot.json";

#[derive(Deserialize)]
struct Lock {
    provider: String,
}

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    dialects(folder)?;
    let mut migrations = Vec::new();
    for below in files::list(folder)?.folders {
        let inside = below.inside()?;
        let Some(up) = inside.find(UP) else {
            return Err(below.problem(FileProblem::Other(
                "there is no `migration.sql` in it, and Prisma would stop here; restore the file, or remove the folder",
            )));
        };
        let mut sections = vec![textual::section(up, SqlHook::Up)?];
        if let Some(down) = inside.find(DOWN) {
            sections.push(textual::section(down, SqlHook::Down)?);
        }
        for section in &mut sections {
            stand_alone(section, Layout::Prisma, context)?;
        }
        let migration = textual::migration(&below.name, &below.path, sections)?;
        migrations.push((below.path, migration));
    }
    textual::in_order(migrations, Layout::Prisma)
}

/// Returns whether there is a sure sign of the tool.
pub(super) fn is(listing: &Listing) -> Result<bool, HistoryError> {
    if listing.find(LOCK).is_some() {
        return Ok(true);
    }
    for below in &listing.folders {
        let inside = below.inside()?;
        if inside.find(UP).is_some() {
            return Ok(inside.find(DRIZZLE_SNAPSHOT).is_none());
        }
    }
    Ok(false)
}

/// Returns what `migration_lock.toml` says the SQL is for; empty where there is none.
pub(super) fn dialects(folder: &Path) -> Result<BTreeSet<Dialect>, HistoryError> {
    let listing = files::list(folder)?;
    let Some(lock) = listing.find(LOCK) else { return Ok(BTreeSet::new()) };
    let provider = provider(lock)?;
    match &*provider {
        "sqlite" => Ok([Dialect::Sqlite].into()),
        "postgresql" | "postgres" => Ok([Dialect::Postgresql].into()),
        "mysql" => Ok([Dialect::Mysql, Dialect::Mariadb].into()),
        _ => Err(lock.problem(FileProblem::Provider(provider))),
    }
}

fn provider(lock: &File) -> Result<String, HistoryError> {
    let lock_of: Lock = toml::from_str(&lock.settings()?).map_err(|error| {
        let message = error.to_string().trim_end().to_owned();
        HistoryError::Settings { path: lock.path.clone(), message }
    })?;
    Ok(lock_of.provider)
}

/// Returns the alteration that its ledger means by `name`, which is the name of a folder.
pub(super) fn ledger_key(name: &str) -> Option<LedgerKey> {
    textual::id(name).ok().map(LedgerKey::Id)
}
