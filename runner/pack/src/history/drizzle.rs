//! drizzle: `<number>_<name>.sql` in the order of `meta/_journal.json`, or folders `<stamp>_<name>` with
//! `migration.sql` and `snapshot.json`, ordered by name; `--> statement-breakpoint` divides statements.
//!
//! As drizzle reads it: a file that the journal does not name is none of its own. An id has the journal's time for
//! a stamp, because that is all that the ledger knows an alteration by, and the whole name. Where a time is not
//! later than those before it, the order of the journal counts, as on a new database; its own time is then in the id's
//! name. All of it runs in transactions. There is no way back.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File, Listing},
    name, textual,
};
use crate::{
    alteration::{AlterationId, Dialect},
    sql_name::SqlHook,
};
use serde::Deserialize;
use std::{collections::BTreeSet, path::Path};

const META: &str = "meta";
const JOURNAL: &str = "_journal.json";
const SQL: &str = "migration.sql";
const SNAPSHOT: &str = "snapshot.json";
const BREAKPOINT: &str = "--> statement-breakpoint";

#[derive(Deserialize)]
struct Journal {
    #[serde(default)]
    dialect: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    when: u64,
    tag: String,
}

#[derive(Deserialize)]
struct Snapshot {
    #[serde(default)]
    dialect: Option<String>,
}

pub(super) fn read(folder: &Path, _context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let listing = files::list(folder)?;
    dialects(folder)?;
    match journal(&listing)? {
        Some(file) => in_journal(&listing, &file),
        None => in_folders(listing),
    }
}

fn in_journal(listing: &Listing, journal: &File) -> Result<Vec<Migration>, HistoryError> {
    let Journal { entries, .. } = parsed(journal)?;
    let mut last: Option<u64> = None;
    let mut migrations = Vec::with_capacity(entries.len());
    for Entry { when, tag } in entries {
        let Some(file) = listing.find(&format!("{tag}.sql")) else {
            return Err(journal.problem(FileProblem::NamedWithoutFile(tag)));
        };
        let (stamp, own) = match last {
            Some(last) if when <= last => (last + 1, format!("+w{when}-")),
            _ => (when, String::new()),
        };
        last = Some(stamp);
        let mut id = format!("{stamp}-{own}");
        name::escape(&tag, &mut id);
        let path = file.path.clone();
        let id: AlterationId = id.parse().map_err(|error| HistoryError::Id { path, error })?;
        let description = if id.name() == tag { None } else { name::description("", &tag) };
        migrations.push(Migration::new(id, description, vec![section(file)?]));
    }
    Ok(migrations)
}

fn in_folders(listing: Listing) -> Result<Vec<Migration>, HistoryError> {
    let mut migrations = Vec::new();
    for below in listing.folders {
        let inside = below.inside()?;
        let Some(file) = inside.find(SQL) else { continue };
        let migration = textual::migration(&below.name, &below.path, vec![section(file)?])?;
        migrations.push((below.path, migration));
    }
    textual::in_order(migrations, Layout::Drizzle)
}

fn section(file: &File) -> Result<Section, HistoryError> {
    let mut section = textual::section(file, SqlHook::Up)?;
    section.text = divided(&section.text);
    Ok(section)
}

/// Returns the marks between statements as what divides them for every database: to MySQL, the mark itself is no
/// comment.
fn divided(text: &str) -> String {
    let mut divided = String::with_capacity(text.len());
    let mut parts = text.split(BREAKPOINT);
    divided.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let is_open = !divided.trim_end().is_empty() && !divided.trim_end().ends_with(';');
        divided.push(if is_open { ';' } else { ' ' });
        divided.push_str(&" ".repeat(BREAKPOINT.len() - 1));
        divided.push_str(part);
    }
    divided
}

/// Returns whether there is a sure sign of the tool.
pub(super) fn is(listing: &Listing) -> Result<bool, HistoryError> {
    if journal(listing)?.is_some() {
        return Ok(true);
    }
    for below in &listing.folders {
        let inside = below.inside()?;
        if inside.find(SQL).is_some() {
            return Ok(inside.find(SNAPSHOT).is_some());
        }
    }
    Ok(false)
}

/// Returns whether a file has a mark that only this tool writes.
pub(super) fn is_divided(file: &File) -> bool {
    let is_mark = |line: &str| line.trim().starts_with(BREAKPOINT);
    file.any_sql().is_ok_and(|text| text.lines().any(is_mark))
}

/// Returns what the journal, or else the first snapshot, says the SQL is for; empty where neither does.
pub(super) fn dialects(folder: &Path) -> Result<BTreeSet<Dialect>, HistoryError> {
    let listing = files::list(folder)?;
    if let Some(file) = journal(&listing)? {
        let Journal { dialect, .. } = parsed(&file)?;
        return named(dialect, &file);
    }
    for below in &listing.folders {
        if let Some(file) = below.inside()?.find(SNAPSHOT) {
            let Snapshot { dialect } = parsed(file)?;
            return named(dialect, file);
        }
    }
    Ok(BTreeSet::new())
}

fn named(dialect: Option<String>, file: &File) -> Result<BTreeSet<Dialect>, HistoryError> {
    let Some(dialect) = dialect else { return Ok(BTreeSet::new()) };
    match &*dialect {
        "sqlite" | "turso" => Ok([Dialect::Sqlite].into()),
        "postgresql" | "postgres" | "pg" => Ok([Dialect::Postgresql].into()),
        "mysql" => Ok([Dialect::Mysql, Dialect::Mariadb].into()),
        _ => Err(file.problem(FileProblem::Provider(dialect))),
    }
}

fn journal(listing: &Listing) -> Result<Option<File>, HistoryError> {
    let Some(meta) = listing.folder(META) else { return Ok(None) };
    Ok(meta.inside()?.find(JOURNAL).cloned())
}

fn parsed<T: for<'a> Deserialize<'a>>(file: &File) -> Result<T, HistoryError> {
    serde_json::from_str(&file.settings()?).map_err(|error| HistoryError::Settings {
        path: file.path.clone(),
        message: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breakpoints() {
        let bp = BREAKPOINT;
        let blank = " ".repeat(bp.len() - 1);
        let table = [
            ("A".to_owned(), "A".to_owned()),
            (format!("A;{bp}\nB;\n{bp}\nC"), format!("A; {blank}\nB;\n {blank}\nC")),
            (format!("A\n{bp}\nB"), format!("A\n;{blank}\nB")),
            (format!("{bp}\nA"), format!(" {blank}\nA")),
            (format!("A -- x\n{bp}B"), format!("A -- x\n;{blank}B")),
        ];
        for (text, expected) in table {
            assert_eq!(divided(&text), expected);
        }
    }
}
