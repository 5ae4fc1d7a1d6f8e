//! Histories of other tools, taken as they are: their files become the alterations of a folder.
//!
//! `recognise` says whose layout a folder has; each tool has a file that reads its names and marks as the
//! tool does. What they find comes together here: SQL byte for byte, but for a transaction around it; one
//! alteration for each version. Reads files; writes nothing, and knows nothing of components.

mod alone;
mod atlas;
mod client;
mod db_migrate;
mod dbmate;
mod diesel;
mod drizzle;
mod enforced;
mod error;
mod files;
mod flyway;
mod foreign;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod layout;
mod ledger;
mod line_ends;
mod liquibase;
mod mark;
mod micrate;
mod mybatis;
mod name;
mod node_pg_migrate;
mod notes;
mod npm_sqlite;
mod numbered;
mod pop;
mod postgrator;
mod postgres_migrations;
mod prisma;
mod rambler;
mod recognise;
mod refinery;
mod run_order;
mod shmig;
mod sqitch;
mod sql_migrate;
mod sqlx;
mod stamp;
mod statements;
mod supabase;
mod tern;
#[cfg(test)]
mod tests;
mod text_order;
mod textual;
mod together;
mod transactions;
mod umzug;
mod units;
mod wrangler;

pub use error::{FileProblem, HistoryError, Problem};
pub use foreign::Tool;
pub use layout::{Layout, ParseLayoutError};
pub use ledger::ledger_key;

pub(super) use files::some;
pub(super) use flyway::{is_configuration, is_repeatable};
pub(super) use line_ends::refuse_lone_cr;
pub(super) use recognise::{Recognised, recognise};

use super::{findings::Findings, sql_name::SqlHook, sql_texts::SqlTexts};
use crate::alteration::{AlterationId, Dialect, ForeignKeys};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};
use transactions::Said;
use units::Sent;

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
    /// Returns the same for SQL that only `dialects` get.
    pub(super) fn on(&self, dialects: BTreeSet<Dialect>) -> Self {
        Self { dialects, ..*self }
    }

    /// Returns whether PostgreSQL may get the SQL.
    fn is_for_postgresql(&self) -> bool {
        self.may_be_for(Dialect::Postgresql)
    }

    fn may_be_for(&self, dialect: Dialect) -> bool {
        self.dialects.is_empty() || self.dialects.contains(&dialect)
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
    /// What some dialects get otherwise.
    apart: Vec<Apart>,
    /// Whether there was a way back in which nothing was done.
    pub(super) lost_way_back: bool,
    /// The alterations of the same history that have to be applied before it, where its tool knows of such.
    pub(super) needs: BTreeSet<AlterationId>,
    /// What its tool runs to see whether it did what it should.
    verify: Option<Verify>,
    /// The only dialects that need it; empty for all.
    pub(super) needed_on: BTreeSet<Dialect>,
    /// As its tool has them on SQLite.
    pub(super) foreign_keys: ForeignKeys,
}

/// A script that fails where an alteration did not do what it should.
#[derive(Debug, PartialEq, Eq)]
struct Verify {
    text: String,
    path: PathBuf,
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

/// How a tool runs a section.
#[derive(Debug, Clone, Copy)]
struct Message {
    layout: Layout,
    sent: Sent,
    /// In a transaction of the tool's.
    opens: bool,
}

/// What dialects get in place of a section's hook and text.
#[derive(Debug, PartialEq, Eq)]
struct Apart {
    /// The hook of that section.
    of: SqlHook,
    dialects: Vec<Dialect>,
    hook: SqlHook,
    text: String,
}

impl Migration {
    fn new(id: AlterationId, description: Option<String>, sections: Vec<Section>) -> Self {
        let files = sections.iter().map(|section| section.path.clone()).collect();
        Self {
            id,
            description,
            files,
            sections,
            apart: Vec::new(),
            lost_way_back: false,
            needs: BTreeSet::new(),
            verify: None,
            needed_on: BTreeSet::new(),
            foreign_keys: ForeignKeys::Checked,
        }
    }

    /// Returns the script that checks it.
    pub(super) fn verify(&self) -> Option<&str> {
        self.verify.as_ref().map(|verify| verify.text.as_str())
    }

    /// Returns the SQL of each hook, as each dialect gets it.
    pub(super) fn into_sql(self) -> SqlTexts {
        let mut texts = SqlTexts::default();
        for Section { hook, text, .. } in self.sections {
            let apart = self.apart.iter().filter(|apart| apart.of == hook);
            let apart: BTreeSet<_> = apart.flat_map(|apart| apart.dialects.clone()).collect();
            let others = Dialect::ALL.into_iter().filter(|dialect| !apart.contains(dialect));
            texts.insert(hook, others, &Arc::from(text));
        }
        for Apart { dialects, hook, text, .. } in self.apart {
            texts.insert(hook, dialects, &Arc::from(text));
        }
        if self.needed_on.is_empty() { texts } else { texts.only(&self.needed_on) }
    }
}

/// Reads `folder` as its tool does; at least one.
pub(super) fn read(
    Recognised { layout, alike }: Recognised,
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
        Layout::Prisma => prisma::read(folder, context)?,
        Layout::Drizzle => drizzle::read(folder, context)?,
        Layout::Supabase => supabase::read(folder, context)?,
        Layout::Wrangler => wrangler::read(folder, context)?,
        Layout::Atlas => atlas::read(folder, context)?,
        Layout::SqlMigrate => sql_migrate::read(folder, context)?,
        Layout::Sqitch => sqitch::read(folder, context)?,
        Layout::Liquibase => liquibase::read(folder, context)?,
        Layout::NodePgMigrate => node_pg_migrate::read(folder, context)?,
        Layout::DbMigrate => db_migrate::read(folder, context)?,
        Layout::Postgrator => postgrator::read(folder, context)?,
        Layout::PostgresMigrations => postgres_migrations::read(folder, context)?,
        Layout::GraphileMigrate => graphile_migrate::read(folder, context)?,
        Layout::Umzug => umzug::read(folder, context)?,
        Layout::Tern => tern::read(folder, context)?,
        Layout::Rambler => rambler::read(folder, context)?,
        Layout::Mybatis => mybatis::read(folder, context)?,
        Layout::NpmSqlite => npm_sqlite::read(folder, context)?,
        Layout::Micrate => micrate::read(folder, context)?,
        Layout::Shmig => shmig::read(folder, context)?,
        Layout::Runner => Vec::new(),
    };
    if migrations.is_empty() && context.findings.count() == before {
        return Err(HistoryError::Nothing { path: folder.to_owned(), layout });
    }
    let sections = || migrations.iter().flat_map(|migration| &migration.sections);
    let is_back = |path: &Path| sections().any(|s| s.hook.is_way_back() && s.path == path);
    let all: Vec<&Path> = sections().map(|section| section.path.as_path()).collect();
    let forward = all.iter().copied().filter(|path| !is_back(path));
    context.findings.keep(refuse_names_of_ways_back(folder, layout, forward, &all));
    // Where it may be another tool's, the keys are as they are without a word.
    let is_enforced = alike.is_none() && enforced::is_by(layout);
    let check = |migration| checked(migration, layout, context, is_enforced);
    Ok(context.findings.each(migrations, check))
}

/// Returns the folder of the history, where `folder` is the one above it by which its tool is known.
pub(super) fn home(folder: &Path) -> Result<PathBuf, HistoryError> {
    const MIGRATIONS: &str = "migrations";
    let listing = files::list(folder)?;
    let below = folder.join(MIGRATIONS);
    let is_supabase = || folder.canonicalize().is_ok_and(|folder| folder.ends_with("supabase"));
    let is_tool = listing.find("schema.prisma").is_some() || is_supabase();
    let is_here = is_tool && listing.folder(MIGRATIONS).is_some() && !below.is_symlink();
    Ok(if is_here { below } else { folder.to_owned() })
}

/// Returns the dialects that `folder` says itself it is for, in the tool's own files; empty where it does not.
pub(super) fn dialects(layout: Layout, folder: &Path) -> Result<BTreeSet<Dialect>, HistoryError> {
    match layout {
        Layout::Prisma => prisma::dialects(folder),
        Layout::Drizzle => drizzle::dialects(folder),
        Layout::Supabase
        | Layout::NodePgMigrate
        | Layout::PostgresMigrations
        | Layout::GraphileMigrate
        | Layout::Tern => Ok([Dialect::Postgresql].into()),
        Layout::Wrangler | Layout::NpmSqlite => Ok([Dialect::Sqlite].into()),
        Layout::Sqitch => sqitch::dialects(folder),
        _ => Ok(BTreeSet::new()),
    }
}

/// Returns the SQL files of `folder` that the tool passes over, and so does `read`; sorted.
pub(super) fn passed_over(
    folder: &Path,
    migrations: &[Migration],
) -> Result<Vec<PathBuf>, HistoryError> {
    let verify =
        |migration: &Migration| migration.verify.as_ref().map(|verify| verify.path.clone());
    let mut used: BTreeSet<_> = migrations.iter().filter_map(verify).collect();
    used.extend(migrations.iter().flat_map(|migration| migration.files.clone()));
    let files = sql_below(folder)?.into_iter();
    Ok(files.filter(|path| !used.contains(path.as_path())).collect())
}

/// Returns the SQL files in `folder` and below; sorted.
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
    refuse_turn(text, hook, Layout::Runner, context).map_err(located(text, path, 1))?;
    statements::refused(text, &context.dialects, hook).map_err(located(text, path, 1))?;
    if context.is_for_postgresql() {
        let opens = !matches!(hook, SqlHook::BeforeUp | SqlHook::BeforeDown);
        let refused = together::refused(text, Layout::Runner, Sent::Statements, opens);
        refused.map_err(located(text, path, 1))?;
    }
    notes::note(text, path, 1, hook, context);
    Ok(())
}

/// Returns whether there is no statement in `text`, whatever the dialect.
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

/// Refuses a text with another tool's mark for the other way, or with one that its own tool would pass over.
fn refuse_turn(
    text: &str,
    hook: SqlHook,
    layout: Layout,
    context: &Context<'_>,
) -> Result<(), statements::Bad> {
    let is_way_back = hook.is_way_back();
    match foreign::turn(text, is_way_back, layout, &context.dialects) {
        Some(foreign::Turn { tool, at, mark }) => {
            Err((at, Problem::OtherWay { mark, tool, layout, is_way_back }))
        }
        None => Ok(()),
    }
}

/// Refuses a file that goes `forward` and is named for the way back, which another tool would know. `all` are
/// those that are run.
pub(super) fn refuse_names_of_ways_back<'a>(
    folder: &Path,
    layout: Layout,
    forward: impl Iterator<Item = &'a Path>,
    all: &[&'a Path],
) -> Result<(), HistoryError> {
    for path in forward {
        let others = all.iter().map(|other| within(other, folder));
        let tool = foreign::down_name(within(path, folder), others);
        // Its U is none of Flyway's: it goes forward too.
        let own = layout == Layout::Refinery && tool == Some(Tool::Layout(Layout::Flyway));
        if let Some(tool) = tool.filter(|_| !own) {
            let problem = FileProblem::DownName { tool, layout };
            return Err(HistoryError::File { path: path.to_owned(), problem });
        }
    }
    Ok(())
}

/// Returns the part of a path from `folder` on, so that the names of folders above say nothing.
fn within<'a>(path: &'a Path, folder: &Path) -> &'a Path {
    path.strip_prefix(folder).unwrap_or(path)
}

/// Checks what holds for the SQL of every tool. A way back that does nothing is left
/// out, and the alteration has none.
fn checked(
    mut migration: Migration,
    layout: Layout,
    context: &Context<'_>,
    is_enforced: bool,
) -> Result<Migration, HistoryError> {
    let context = &match migration.needed_on.is_empty() {
        true => context.on(context.dialects.clone()),
        false => context.on(migration.needed_on.clone()),
    };
    if is_enforced && context.may_be_for(Dialect::Sqlite) {
        migration.foreign_keys = enforced::settle(layout, &mut migration.sections);
    }
    let mut sections = Vec::with_capacity(migration.sections.len());
    for mut section in migration.sections {
        section.refuse_turn(layout, context)?;
        let apart = section.take_units(layout, context)?;
        let is_empty = section.look(context)?.statements == 0;
        section.refuse_what_a_deploy_would(layout, &apart, context)?;
        notes::note(&section.text, &section.path, section.first_line, section.hook, context);
        match is_empty && section.hook.is_way_back() {
            true => migration.lost_way_back = true,
            false => {
                migration.apart.extend(apart);
                sections.push(section);
            }
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

    /// Makes the host's transactions of those that the tool and the text itself would have. Takes out one around the
    /// text, where the runner's takes its place.
    fn take_units(
        &mut self,
        layout: Layout,
        context: &Context<'_>,
    ) -> Result<Vec<Apart>, HistoryError> {
        let wraps = self.is_in_transaction();
        let sent = match layout {
            // A text that PostgreSQL refuses as one message can only have been sent with `x-multi-statement`.
            Layout::GolangMigrate if !wraps => Sent::Statements,
            layout => units::sent(layout),
        };
        let tool = Message { layout, sent, opens: wraps && units::opens(layout) };
        if context.is_for_postgresql() {
            let refused = together::refused(&self.text, layout, sent, tool.opens);
            refused.map_err(self.located())?;
        }
        let said = transactions::said(&self.text, &context.dialects, !wraps);
        match said.map_err(self.located())? {
            Said::Framed(text) => {
                self.text = text;
                Ok(Vec::new())
            }
            // The other databases keep the text without the frame.
            Said::FramedBeside(text)
                if context.dialects.is_empty() || context.dialects.len() > 1 =>
            {
                let outside = hook(self.hook.is_way_back(), false);
                let framed = self.for_postgresql(tool, context)?.map(|apart| apart.text);
                let own = framed.unwrap_or_else(|| self.text.clone());
                self.text = text;
                let dialects = vec![Dialect::Postgresql];
                Ok(vec![Apart { of: self.hook, dialects, hook: outside, text: own }])
            }
            Said::Nothing if wraps => Ok(Vec::new()),
            Said::Nothing => Ok(self.for_postgresql(tool, context)?.into_iter().collect()),
            Said::Units | Said::FramedBeside(_) => {
                let main = self.hook;
                self.hook = hook(main.is_way_back(), false);
                let mut apart: Vec<_> = self.for_postgresql(tool, context)?.into_iter().collect();
                // There that is the same hook, journaled in any case.
                let mysql: Vec<_> =
                    [Dialect::Mysql, Dialect::Mariadb].into_iter().filter(|_| wraps).collect();
                if context.dialects.iter().all(|dialect| mysql.contains(dialect))
                    && !context.dialects.is_empty()
                {
                    self.hook = main;
                } else if !mysql.is_empty() {
                    let text = self.text.clone();
                    apart.push(Apart { of: self.hook, dialects: mysql, hook: main, text });
                }
                Ok(apart)
            }
        }
    }

    /// Returns what PostgreSQL gets of it, where that differs: what the tool sends together is one transaction.
    fn for_postgresql(
        &self,
        tool: Message,
        context: &Context<'_>,
    ) -> Result<Option<Apart>, HistoryError> {
        let is_named = context.dialects.contains(&Dialect::Postgresql);
        if !is_named && !context.dialects.is_empty() {
            return Ok(None);
        }
        match units::framed(&self.text, tool.layout, tool.sent, tool.opens) {
            Ok(text) => Ok(text.map(|text| Apart {
                of: self.hook,
                dialects: vec![Dialect::Postgresql],
                hook: self.hook,
                text,
            })),
            // It may be for another database.
            Err((at, problem))
                if !matches!(problem, Problem::Transaction(_))
                    && !is_named
                    && !self.is_for_postgresql(at) =>
            {
                Ok(None)
            }
            Err(bad) => Err(self.located()(bad)),
        }
    }

    /// Returns whether no other database could read what stands at byte `at`.
    fn is_for_postgresql(&self, at: usize) -> bool {
        let statement = self.text.get(at..).unwrap_or_default().split(';').next();
        statement.is_some_and(|sql| sql.to_ascii_uppercase().contains("CONCURRENTLY"))
    }

    fn refuse_turn(&self, layout: Layout, context: &Context<'_>) -> Result<(), HistoryError> {
        let refused = refuse_turn(&self.text, self.hook, layout, context);
        refused.map_err(located(&self.text, &self.path, self.first_line))
    }

    fn is_in_transaction(&self) -> bool {
        matches!(self.hook, SqlHook::Up | SqlHook::Down)
    }

    fn refuse_what_a_deploy_would(
        &self,
        layout: Layout,
        apart: &[Apart],
        context: &Context<'_>,
    ) -> Result<(), HistoryError> {
        for dialect in &context.dialects {
            let other = apart.iter().find(|apart| apart.dialects.contains(dialect));
            let (hook, text) =
                other.map_or((self.hook, &self.text), |other| (other.hook, &other.text));
            let located = located(text, &self.path, self.first_line);
            if *dialect == Dialect::Postgresql
                && matches!(hook, SqlHook::Up | SqlHook::Down)
                && let Some((at, what)) = statements::needs_outside(text)
            {
                let how = units::way_out(layout);
                return Err(located((at, Problem::NeedsOutside { what, layout, how })));
            }
            statements::refused(text, &[*dialect].into(), hook).map_err(located)?;
        }
        Ok(())
    }

    fn look(&self, context: &Context<'_>) -> Result<statements::Found, HistoryError> {
        look(&self.text, &self.path, self.first_line, context)
    }

    /// Puts a problem of its text into its line.
    fn located(&self) -> impl Fn(statements::Bad) -> HistoryError {
        located(&self.text, &self.path, self.first_line)
    }
}

/// Returns the hook of a direction, in a transaction or before it.
fn hook(is_way_back: bool, in_transaction: bool) -> SqlHook {
    match (is_way_back, in_transaction) {
        (false, true) => SqlHook::Up,
        (false, false) => SqlHook::BeforeUp,
        (true, true) => SqlHook::Down,
        (true, false) => SqlHook::BeforeDown,
    }
}
