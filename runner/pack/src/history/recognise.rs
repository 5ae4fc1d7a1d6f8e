//! Whose layout a folder has, by looking: names first, then marks. Reads files, decides nothing about
//! what is in them.
//!
//! Two tools can have the same names. Where both would run the same SQL in the same way, either will do;
//! else the caller is asked.

use super::{
    Context, HistoryError, Layout, atlas, db_migrate, drizzle, enforced,
    files::{self, File, Listing},
    flyway, foreign, golang_migrate, goose, graphile_migrate, liquibase, name, pop, postgrator,
    postgres_migrations, prisma, refinery, sqitch, sql_migrate, sqlx, supabase, umzug, wrangler,
};
use crate::{
    findings::Findings,
    sql_name::{self, SqlHook, SqlName},
};
use std::{collections::BTreeSet, path::Path};

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
    pop::refuse(&listing.files)?;
    // No other tool has files of these names, and what is below is its own.
    if sqitch::is(&listing.files).is_some() {
        return Ok(Layout::Sqitch.into());
    }
    let sql: Vec<&File> = listing.files.iter().filter(|file| files::is_sql(file)).collect();
    let mut found: Vec<(Layout, &File)> = Vec::new();
    let mut note = |layout, file| {
        if found.iter().all(|(other, _)| *other != layout) {
            found.push((layout, file));
        }
    };
    let (strong, weak) = marks(&sql, context);
    let marked = if strong.is_empty() { weak } else { strong };
    for (layout, file) in &marked {
        note(*layout, *file);
    }
    let mut is_marked = !marked.is_empty();
    if let Some(layout) = by_sign(folder, &listing)?
        && (!is_marked || matches!(layout, Layout::Prisma | Layout::Drizzle))
    {
        return Ok(layout.into());
    }
    // Without its journal nobody knows the order, and MySQL cannot read the mark.
    if !is_marked && sql.iter().any(|file| drizzle::is_divided(file)) {
        return Ok(Layout::Drizzle.into());
    }
    let named = [
        (Layout::DbMigrate, db_migrate::is(&listing)?),
        (Layout::GraphileMigrate, graphile_migrate::is(&listing)?),
        (Layout::Umzug, umzug::is(&listing)?.cloned()),
        (Layout::Postgrator, sql.iter().find(|f| postgrator::is(f)).map(|f| (*f).clone())),
        (
            Layout::PostgresMigrations,
            sql.iter().find(|f| postgres_migrations::is(f)).map(|f| (*f).clone()),
        ),
    ];
    // What goes by its folders and names is no other tool's, whatever its files look like one by one.
    if let ([], Some((layout, _))) = (&marked[..], named.iter().find(|(_, file)| file.is_some())) {
        return Ok((*layout).into());
    }
    let everywhere = files::everywhere(folder)?;
    if let Some(file) = everywhere.iter().find(|file| liquibase::is(file)) {
        note(Layout::Liquibase, file);
        is_marked = true;
    } else if !is_marked && !sql.iter().any(|file| is_numbered(file) || is_own(file)) {
        everywhere.iter().try_for_each(liquibase::refuse_other_changelogs)?;
    }
    if let Some(code) = listing.files.iter().find(|file| goose::is_code(file)) {
        note(Layout::Goose, code);
        is_marked = true;
    }
    if let Some(file) = everywhere.iter().find(|file| flyway::is_versioned(file)) {
        note(Layout::Flyway, file);
    }
    for file in &sql {
        match is_numbered(file) {
            true if is_marked => {}
            true => note(Layout::Sqlx, file),
            false if is_marked && !has_own_ending(file) => {}
            false if is_own(file) && !liquibase::is(file) => note(Layout::Runner, file),
            false => {}
        }
    }
    if let Some(below) = diesel(&listing)? {
        note(Layout::Diesel, below);
    }
    match found[..] {
        [] => Ok(Layout::Runner.into()),
        // Its own names and those of sqlx may stand side by side, and sqlx passes over such as both could have.
        [(Layout::Sqlx, _), (Layout::Runner, _)] | [(Layout::Runner, _), (Layout::Sqlx, _)]
            if sql.iter().any(|file| is_certainly_own(file)) || is_one_twice(&sql) =>
        {
            Ok(Layout::Runner.into())
        }
        [(Layout::Sqlx, _)]
        | [(Layout::Sqlx, _), (Layout::Runner, _)]
        | [(Layout::Runner, _), (Layout::Sqlx, _)] => sqlx_or_golang_migrate(folder, context),
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

/// Whose own file beside the SQL there is, or above it.
fn by_sign(folder: &Path, listing: &Listing) -> Result<Option<Layout>, HistoryError> {
    Ok(if prisma::is(listing)? {
        Some(Layout::Prisma)
    } else if drizzle::is(listing)? {
        Some(Layout::Drizzle)
    } else if atlas::is(listing) {
        Some(Layout::Atlas)
    } else if supabase::is(folder, listing) {
        Some(Layout::Supabase)
    } else if wrangler::is(folder)? {
        Some(Layout::Wrangler)
    } else {
        None
    })
}

/// `<number>_<name>`, and no ending of hooks that only the runner has.
fn is_numbered(file: &File) -> bool {
    let stem = file.name.get(..file.name.len() - ".sql".len()).unwrap_or_default();
    name::numbered(stem).is_some_and(|(_, rest)| rest.starts_with('_')) && !is_certainly_own(file)
}

/// No other tool has such names: the ending of a hook of its own, a dialect, or a version before the stamp.
fn is_certainly_own(file: &File) -> bool {
    let stem = file.name.get(..file.name.len() - ".sql".len()).unwrap_or_default();
    let endings = [".before-up", ".before-down", ".step", ".before"];
    let has_version =
        || matches!(sql_name::parse(&file.name), Some(Ok(name)) if name.id.version().is_some());
    endings.iter().any(|ending| stem.to_ascii_lowercase().ends_with(ending))
        || is_for_dialect(file)
        || has_version()
}

/// Returns whether files of one alteration are in both spellings, `1_a.up.sql` and `1-a.down.sql`.
fn is_one_twice(files: &[&File]) -> bool {
    let ids = |numbered| {
        let files = files.iter().filter(move |file| is_numbered(file) == numbered);
        files.filter_map(|file| Some(sql_name::parse(&file.name)?.ok()?.id))
    };
    let numbered: BTreeSet<_> = ids(true).collect();
    ids(false).any(|id| numbered.contains(&id))
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

/// Returns whether the name ends like a hook's, which files of other tools with marks in them do not.
fn has_own_ending(file: &File) -> bool {
    let endings = SqlHook::ALL.map(SqlHook::ending);
    file.stem().is_some_and(|stem| endings.iter().any(|ending| stem.ends_with(ending)))
}

/// Returns the files with marks, and whose: those that only a tool writes, and words that an author may write too.
fn marks<'a>(files: &[&'a File], context: &Context<'_>) -> (Vec<Marked<'a>>, Vec<Marked<'a>>) {
    let (mut strong, mut weak) = (Vec::new(), Vec::new());
    for file in files.iter().copied() {
        if sql_migrate::is(file) {
            strong.push((Layout::SqlMigrate, file));
            continue;
        }
        if name::numbered(&file.name).is_none() || has_own_ending(file) {
            continue;
        }
        // Whatever is wrong with its text is told by who reads it.
        let Ok(text) = file.any_sql() else { continue };
        if let Some(layout) = foreign::tool_by_mark(&text) {
            strong.push((layout, file));
        } else if let Some(layout) = foreign::tool_by_word(&text, &context.dialects) {
            weak.push((layout, file));
        }
    }
    (strong, weak)
}

type Marked<'a> = (Layout, &'a File);

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
    // Both pass over what only looks like a file of the runner's.
    let read = || files.iter().filter(|f| f.stem().is_some() && (is_numbered(f) || !is_own(f)));
    if !read().all(is_directed) {
        return Ok(Layout::Sqlx.into());
    }
    for file in read() {
        // What cannot be read at all is told as it would be told with `--from`.
        if sqlx::is_outside(file).unwrap_or(true) {
            return Ok(Layout::Sqlx.into());
        }
    }
    let findings = Findings::default();
    let alone = Context { findings: &findings, ..context.on(context.dialects.clone()) };
    let other = golang_migrate::read(folder, &alone);
    let (Ok(other), 0) = (other, findings.count()) else { return Ok(Layout::Sqlx.into()) };
    let own = sqlx::read(folder, &alone)?;
    let sections = own.iter().flat_map(|migration| &migration.sections);
    if enforced::matters(sections.map(|section| section.text.as_str()), context) {
        return Err(HistoryError::Ambiguous {
            path: folder.to_owned(),
            first: Layout::Sqlx,
            second: Layout::GolangMigrate,
            why: "on SQLite sqlx has foreign keys enforced and golang-migrate has not, and here they change or delete rows; `--dialect` says if it is for another database",
        });
    }
    match own == other {
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
