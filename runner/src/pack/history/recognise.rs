//! Whose layout a folder has, by looking: names first, then marks. Reads files, decides nothing about
//! what is in them.
//!
//! Two tools can have the same names. Where both would run the same SQL in the same way, either will do;
//! else the caller is asked.

use super::{
    Context, HistoryError, Layout,
    files::{self, File, Listing},
    flyway, golang_migrate, mark, name, refinery, sqlx,
};
use crate::pack::{
    findings::Findings,
    sql_name::{self, SqlName},
};
use std::path::Path;

/// What a folder was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) layout: Layout,
    /// Another tool that would run it in the same way.
    pub(crate) alike: Option<Layout>,
}

impl From<Layout> for Recognised {
    fn from(layout: Layout) -> Self {
        Self { layout, alike: None }
    }
}

pub(crate) fn recognise(folder: &Path, context: &Context<'_>) -> Result<Recognised, HistoryError> {
    let listing = files::list(folder)?;
    let sql: Vec<&File> = listing.files.iter().filter(|file| files::is_sql(file)).collect();
    let mut found: Vec<(Layout, &File)> = Vec::new();
    let mut note = |layout, file| {
        if found.iter().all(|(other, _)| *other != layout) {
            found.push((layout, file));
        }
    };
    let mut marked = false;
    for file in &sql {
        if let Some(layout) = marks(file) {
            note(layout, file);
            marked = true;
        }
    }
    let everywhere = files::everywhere(folder)?;
    if let Some(file) = everywhere.iter().find(|file| flyway::is_versioned(file)) {
        note(Layout::Flyway, file);
    }
    for file in &sql {
        match is_numbered(file) {
            true if marked => {}
            true => note(Layout::Sqlx, file),
            false if is_own(file) && marks(file).is_none() => note(Layout::Runner, file),
            false => {}
        }
    }
    if let Some(below) = diesel(&listing)? {
        note(Layout::Diesel, below);
    }
    match found[..] {
        [] => Ok(Layout::Runner.into()),
        // Its own names and those of sqlx may stand side by side.
        [(Layout::Sqlx, _), (Layout::Runner, _)] | [(Layout::Runner, _), (Layout::Sqlx, _)] => {
            Ok(Layout::Runner.into())
        }
        [(Layout::Sqlx, _)] => sqlx_or_golang_migrate(folder, context),
        [(Layout::Flyway, _)] => Ok(flyway_or_refinery(folder, &listing, &everywhere)?.into()),
        [(layout, _)] => Ok(layout.into()),
        [(first, file), (second, _), ..] => Err(HistoryError::Ambiguous {
            path: file.path.clone(),
            first,
            second,
            why: "there are files of both",
        }),
    }
}

/// `<number>_<name>`, and no ending of hooks that only the runner has.
fn is_numbered(file: &File) -> bool {
    let stem = file.name.get(..file.name.len() - ".sql".len()).unwrap_or_default();
    let own = [".before-up", ".before-down", ".step", ".before"];
    name::numbered(stem).is_some_and(|(_, rest)| rest.starts_with('_'))
        && !own.iter().any(|ending| stem.to_ascii_lowercase().ends_with(ending))
        && !is_for_dialect(file)
}

/// Only the runner has files for one dialect of several.
fn is_for_dialect(file: &File) -> bool {
    use sql_name::SqlNameError::{
        DialectAfterHook, MisspelledDialect, TwoDialects, UnknownDialect,
    };
    matches!(
        sql_name::parse(&file.name),
        Some(
            Ok(SqlName { dialect: Some(_), .. })
                | Err(DialectAfterHook { .. }
                    | MisspelledDialect { .. }
                    | TwoDialects
                    | UnknownDialect(_))
        )
    )
}

/// `<id>` with the ending of a hook, or with none.
fn is_own(file: &File) -> bool {
    matches!(sql_name::parse(&file.name), Some(Ok(_)))
}

/// Whose marks for the way forward a file has.
fn marks(file: &File) -> Option<Layout> {
    let is_candidate = name::numbered(&file.name).is_some()
        && !file.name.ends_with(".up.sql")
        && !file.name.ends_with(".down.sql");
    if !is_candidate {
        return None;
    }
    // Whatever is wrong with its text is told by who reads it.
    let text = file.any_sql().ok()?;
    mark::lines(&text).find_map(|line| {
        let comment = mark::comment(line.text)?.to_ascii_lowercase();
        if comment.starts_with("+goose") {
            Some(Layout::Goose)
        } else if comment.starts_with("migrate:up") {
            Some(Layout::Dbmate)
        } else {
            None
        }
    })
}

fn diesel(listing: &Listing) -> Result<Option<&File>, HistoryError> {
    for below in &listing.folders {
        let inside = below.inside()?;
        if inside.files.iter().any(|file| matches!(file.name.as_str(), "up.sql" | "down.sql")) {
            return Ok(Some(below));
        }
    }
    Ok(None)
}

/// Both name their files alike. They differ where only one of them leaves the transaction.
fn sqlx_or_golang_migrate(
    folder: &Path,
    context: &Context<'_>,
) -> Result<Recognised, HistoryError> {
    let files = files::flat(folder, Layout::Sqlx)?;
    let is_directed =
        |file: &File| file.name.ends_with(".up.sql") || file.name.ends_with(".down.sql");
    if !files.iter().filter(|file| file.stem().is_some()).all(is_directed) {
        return Ok(Layout::Sqlx.into());
    }
    for file in files.iter().filter(|file| file.stem().is_some()) {
        // What cannot be read at all is told as it would be told with `--from`.
        if sqlx::is_outside(file).unwrap_or(true) {
            return Ok(Layout::Sqlx.into());
        }
    }
    let findings = Findings::default();
    let alone = Context { findings: &findings, ..context.on(context.dialects.clone()) };
    let other = golang_migrate::read(folder, &alone);
    let (Ok(other), 0) = (other, findings.count()) else { return Ok(Layout::Sqlx.into()) };
    match sqlx::read(folder, &alone)? == other {
        true => Ok(Recognised { layout: Layout::Sqlx, alike: Some(Layout::GolangMigrate) }),
        false => Err(HistoryError::Ambiguous {
            path: folder.to_owned(),
            first: Layout::Sqlx,
            second: Layout::GolangMigrate,
            why: "sqlx opens a transaction unless told and golang-migrate never does, and a way back without its way forward is a version to the latter alone",
        }),
    }
}

/// A U takes back a V of the same version in Flyway, and is one more V in refinery.
fn flyway_or_refinery(
    folder: &Path,
    listing: &Listing,
    everywhere: &[File],
) -> Result<Layout, HistoryError> {
    let only_flyway = listing.files.iter().any(|file| flyway::is_configuration(&file.name))
        || everywhere.iter().any(flyway::is_certain);
    if only_flyway {
        return Ok(Layout::Flyway);
    }
    let names: Vec<_> =
        everywhere.iter().filter_map(|file| refinery::parse(file.stem()?)).collect();
    let numbers = |unversioned| {
        names.iter().filter(move |name| name.unversioned == unversioned).map(|name| name.number)
    };
    let versioned: Vec<_> = numbers(false).collect();
    if numbers(true).any(|number| versioned.contains(&number)) {
        return Ok(Layout::Flyway);
    }
    let is_rust = |file: &File| {
        file.name.strip_suffix(".rs").and_then(refinery::parse).is_some()
            || file.name == "refinery.toml"
    };
    if numbers(true).next().is_some() || everywhere.iter().any(is_rust) {
        return Ok(Layout::Refinery);
    }
    Err(HistoryError::Ambiguous {
        path: folder.to_owned(),
        first: Layout::Flyway,
        second: Layout::Refinery,
        why: "Flyway replaces placeholders such as ${name}, and leaves the transaction by itself",
    })
}
