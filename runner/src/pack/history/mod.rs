//! Histories of other tools, taken as they are: their files become the alterations of a folder.
//!
//! `recognise` says whose layout a folder has; each tool has a file that reads its names and marks as the
//! tool does. What they find comes together here: SQL byte for byte, one alteration for each
//! version. Reads files; writes nothing, and knows nothing of components.

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
mod numbered;
mod recognise;
mod refinery;
mod sqlx;
mod stamp;
mod statements;
#[cfg(test)]
mod tests;

pub use error::{FileProblem, HistoryError, Problem};
pub use layout::{Layout, ParseLayoutError};
pub use stamp::ledger_stamp;

pub(super) use recognise::recognise;

use super::sql_name::SqlHook;
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
}

/// One alteration of a history, as its tool would run it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Migration {
    pub(super) id: AlterationId,
    pub(super) description: Option<String>,
    /// The file that messages about the whole name.
    path: PathBuf,
    sections: Vec<Section>,
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
    let migrations = match layout {
        Layout::Sqlx => sqlx::read(folder)?,
        Layout::GolangMigrate => golang_migrate::read(folder, context)?,
        Layout::Diesel => diesel::read(folder)?,
        Layout::Dbmate => dbmate::read(folder)?,
        Layout::Goose => goose::read(folder, context)?,
        Layout::Flyway => flyway::read(folder, context)?,
        Layout::Refinery => refinery::read(folder)?,
        Layout::Runner => Vec::new(),
    };
    if migrations.is_empty() {
        return Err(HistoryError::Nothing { path: folder.to_owned(), layout });
    }
    migrations.into_iter().map(|migration| checked(migration, context)).collect()
}

/// What holds for the SQL of every tool. A way back in which nothing is done takes nothing back: it is left
/// out, and the alteration has none.
fn checked(mut migration: Migration, context: &Context<'_>) -> Result<Migration, HistoryError> {
    let mut sections = Vec::with_capacity(migration.sections.len());
    for section in migration.sections {
        if section.is_empty(context)? && section.hook.is_way_back() {
            continue;
        }
        sections.push(section);
    }
    migration.sections = sections;
    Ok(migration)
}

impl Section {
    /// Whether there is no statement in it.
    fn is_empty(&self, context: &Context<'_>) -> Result<bool, HistoryError> {
        Ok(self.look(context)?.statements == 0)
    }

    /// Moves it out of the transaction if one of its statements refuses to run in one.
    fn leave_transaction(&mut self, context: &Context<'_>) -> Result<(), HistoryError> {
        if self.look(context)?.refuses_transaction {
            self.hook = hook(self.hook.is_way_back(), false);
        }
        Ok(())
    }

    fn look(&self, context: &Context<'_>) -> Result<statements::Found, HistoryError> {
        statements::look(&self.text, &context.dialects).map_err(|(at, problem)| {
            let before = &self.text.as_bytes()[..at.min(self.text.len())];
            let lines = before.iter().filter(|byte| **byte == b'\n').count();
            HistoryError::Line { path: self.path.clone(), line: self.first_line + lines, problem }
        })
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
