//! Histories of other tools, taken as they are: their files become the alterations of a folder.
//!
//! `recognise` says whose layout a folder has; each tool has a file that reads its names and marks as the
//! tool does. What they find comes together here: SQL byte for byte, but for a transaction around it; one
//! alteration for each version. Reads files; writes nothing, and knows nothing of components.

mod dbmate;
mod diesel;
mod error;
mod files;
mod flyway;
mod golang_migrate;
mod goose;
mod layout;
mod mark;
mod name;
mod notes;
mod numbered;
mod recognise;
mod refinery;
mod sqlx;
mod stamp;
mod statements;
#[cfg(test)]
mod tests;
mod transactions;

pub use error::{FileProblem, HistoryError, Problem};
pub use layout::{Layout, ParseLayoutError};
pub use stamp::{ledger_stamp, ledger_stamps_in_text_order};

pub(super) use files::some;
pub(super) use flyway::{is_configuration, is_repeatable};
pub(super) use recognise::{Recognised, recognise};

use super::{findings::Findings, sql_name::SqlHook};
use crate::alteration::{AlterationId, Dialect};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What else decides how a history is read.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// Values for placeholders, by name.
    pub(super) placeholders: &'a BTreeMap<String, String>,
    /// What the SQL is written for; empty where that is not said.
    pub(super) dialects: BTreeSet<Dialect>,
    /// The folder with the components that were packed before.
    pub(super) shipped: Option<&'a Path>,
    pub(super) bundle: bool,
    pub(super) findings: &'a Findings,
}

impl Context<'_> {
    /// The same for SQL that `dialects` alone get.
    pub(super) fn on(&self, dialects: BTreeSet<Dialect>) -> Self {
        Self { dialects, ..*self }
    }
}

/// One alteration of a history, as its tool would run it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Migration {
    pub(super) id: AlterationId,
    pub(super) description: Option<String>,
    /// What it was read from.
    files: Vec<PathBuf>,
    sections: Vec<Section>,
    /// Whether there was a way back in which nothing was done.
    pub(super) lost_way_back: bool,
}

/// SQL for one hook.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    hook: SqlHook,
    text: String,
    path: PathBuf,
    /// Where the text begins in its file.
    first_line: usize,
}

impl Migration {
    fn new(id: AlterationId, description: Option<String>, sections: Vec<Section>) -> Self {
        let files = sections.iter().map(|section| section.path.clone()).collect();
        Self { id, description, files, sections, lost_way_back: false }
    }

    /// The SQL of each hook.
    pub(super) fn into_sql(self) -> BTreeMap<SqlHook, String> {
        self.sections.into_iter().map(|section| (section.hook, section.text)).collect()
    }
}

/// Reads `folder` as the tool of `layout` does; at least one.
pub(super) fn read(
    layout: Layout,
    folder: &Path,
    context: &Context<'_>,
) -> Result<Vec<Migration>, HistoryError> {
    let before = context.findings.count();
    let migrations = match layout {
        Layout::Sqlx => sqlx::read(folder, context)?,
        Layout::GolangMigrate => golang_migrate::read(folder, context)?,
        Layout::Diesel => diesel::read(folder, context)?,
        Layout::Dbmate => dbmate::read(folder, context)?,
        Layout::Goose => goose::read(folder, context)?,
        Layout::Flyway => flyway::read(folder, context)?,
        Layout::Refinery => refinery::read(folder, context)?,
        Layout::Runner => Vec::new(),
    };
    if migrations.is_empty() && context.findings.count() == before {
        return Err(HistoryError::Nothing { path: folder.to_owned(), layout });
    }
    Ok(context.findings.each(migrations, |migration| checked(migration, context)))
}

/// The SQL files of `folder` that the tool passes over, and so does `read`; sorted.
pub(super) fn passed_over(
    folder: &Path,
    migrations: &[Migration],
) -> Result<Vec<PathBuf>, HistoryError> {
    let used: BTreeSet<_> = migrations.iter().flat_map(|migration| &migration.files).collect();
    let files = sql_below(folder)?.into_iter();
    Ok(files.filter(|path| !used.contains(path)).collect())
}

/// The SQL files in `folder` and below; sorted.
pub(super) fn sql_below(folder: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    let files = files::everywhere(folder)?.into_iter().filter(files::is_sql);
    Ok(files.map(|file| file.path).collect())
}

/// Refuses SQL that no server could read to its end, and what a deploy on a dialect that is named would refuse.
pub(super) fn look_through(
    text: &str,
    path: &Path,
    hook: SqlHook,
    context: &Context<'_>,
) -> Result<(), HistoryError> {
    look(text, path, 1, context)?;
    statements::refused(text, &context.dialects, hook).map_err(located(text, path, 1))?;
    notes::note(text, path, 1, hook, context);
    Ok(())
}

/// Whether there is no statement in `text`, whatever the dialect.
pub(super) fn is_blank(text: &str) -> bool {
    crate::sql::blank(text) == text.len()
}

fn look(
    text: &str,
    path: &Path,
    first_line: usize,
    context: &Context<'_>,
) -> Result<statements::Found, HistoryError> {
    statements::look(text, &context.dialects).map_err(located(text, path, first_line))
}

/// Puts a problem at a byte of `text` into its line.
fn located(text: &str, path: &Path, first_line: usize) -> impl Fn(statements::Bad) -> HistoryError {
    move |(at, problem)| {
        let before = &text.as_bytes()[..at.min(text.len())];
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        HistoryError::Line { path: path.to_owned(), line: first_line + lines, problem }
    }
}

/// What holds for the SQL of every tool. A way back in which nothing is done takes nothing back: it is left
/// out, and the alteration has none.
fn checked(mut migration: Migration, context: &Context<'_>) -> Result<Migration, HistoryError> {
    let mut sections = Vec::with_capacity(migration.sections.len());
    for mut section in migration.sections {
        section.unframe(context)?;
        let is_empty = section.look(context)?.statements == 0;
        section.refuse_what_a_deploy_would(context)?;
        notes::note(&section.text, &section.path, section.first_line, section.hook, context);
        match is_empty && section.hook.is_way_back() {
            true => migration.lost_way_back = true,
            false => sections.push(section),
        }
    }
    migration.sections = sections;
    Ok(migration)
}

impl Section {
    /// Moves it out of the transaction if one of its statements refuses to run in one.
    fn leave_transaction(&mut self, context: &Context<'_>) -> Result<(), HistoryError> {
        if self.look(context)?.refuses_transaction {
            self.hook = hook(self.hook.is_way_back(), false);
        }
        Ok(())
    }

    /// Takes out a transaction of its own around it, where the runner's takes its place.
    fn unframe(&mut self, context: &Context<'_>) -> Result<(), HistoryError> {
        let in_transaction = self.is_in_transaction();
        let unframed = transactions::unframed(&self.text, &context.dialects, in_transaction);
        let unframed = unframed.map_err(located(&self.text, &self.path, self.first_line))?;
        if let Some(text) = unframed {
            self.text = text;
        }
        Ok(())
    }

    fn is_in_transaction(&self) -> bool {
        matches!(self.hook, SqlHook::Up | SqlHook::Down)
    }

    fn refuse_what_a_deploy_would(&self, context: &Context<'_>) -> Result<(), HistoryError> {
        let refused = statements::refused(&self.text, &context.dialects, self.hook);
        refused.map_err(located(&self.text, &self.path, self.first_line))
    }

    fn look(&self, context: &Context<'_>) -> Result<statements::Found, HistoryError> {
        look(&self.text, &self.path, self.first_line, context)
    }
}

/// The hook of a direction, in a transaction or before it.
fn hook(is_way_back: bool, in_transaction: bool) -> SqlHook {
    match (is_way_back, in_transaction) {
        (false, true) => SqlHook::Up,
        (false, false) => SqlHook::BeforeUp,
        (true, true) => SqlHook::Down,
        (true, false) => SqlHook::BeforeDown,
    }
}
