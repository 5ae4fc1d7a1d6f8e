//! Reads a folder of SQL into alterations: the runner's own files by `sql_files`, a history by `history`, a
//! folder for each dialect by `by_dialect`. Adds what `alteration.toml` says. Does not write.

mod error;

pub use error::FolderError;

use super::{
    PackOptions, by_dialect,
    findings::{Findings, Note},
    history::{self, Context, Layout, Recognised},
    read::{ReadError, read_within},
    settings::{self, SETTINGS_FILE, Settings},
    sql_files,
    sql_texts::{SqlTexts, Written},
};
use crate::alteration::{
    AlterationId, Dialect, ForeignKeys, MANIFEST_BYTES_MAX, Permissions, PluginName, Requirements,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

/// Folder names that say what is inside rather than which plugin it is.
const GENERIC_NAMES: [&str; 7] =
    ["alterations", "db", "drizzle", "migrations", "prisma", "sql", "supabase"];

/// How the history of another tool was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub layout: Layout,
    /// Another tool that would run it in the same way.
    pub alike: Option<Layout>,
    /// SQL files that are none of the tool's own.
    pub passed_over: Vec<PathBuf>,
    /// Alterations whose way back does nothing, and which therefore have none.
    pub lost_way_back: Vec<AlterationId>,
    /// The folders with a history each, and whose dialect it is; none where the folder is one history.
    pub folders: BTreeMap<Dialect, PathBuf>,
    /// Alterations that are not in each of those, and the dialects that they are for.
    pub only_for: BTreeMap<AlterationId, BTreeSet<Dialect>>,
}

/// A folder's alterations, and what holds for all of them.
#[derive(Debug)]
pub(super) struct SqlFolder {
    pub(super) plugin: PluginName,
    pub(super) requires: Requirements,
    pub(super) replaces: Option<PluginName>,
    /// As it says itself; empty where it says nothing.
    pub(super) dialects: BTreeSet<Dialect>,
    /// In the order of their ids; at least one.
    pub(super) alterations: Vec<SqlAlteration>,
}

#[derive(Debug)]
pub(super) struct SqlAlteration {
    pub(super) id: AlterationId,
    /// On each dialect that it runs on, at least one that is no way back.
    pub(super) sql: SqlTexts,
    /// The only dialects that need it; empty for all that it runs on.
    pub(super) needed_on: BTreeSet<Dialect>,
    /// Those of the same folder that have to be applied before it.
    pub(super) needs: BTreeSet<AlterationId>,
    /// SQL that fails where it did not do what it should, for `runner test`.
    pub(super) checks: Written<String>,
    pub(super) description: Option<String>,
    pub(super) permissions: Permissions,
    /// The tables and views that its SQL makes and does not show.
    pub(super) creates: Option<BTreeSet<String>>,
    /// Beyond those of the folder.
    pub(super) requires: Requirements,
    pub(super) lock_timeout_ms: Option<NonZeroU32>,
    pub(super) statement_timeout_ms: Option<NonZeroU32>,
    pub(super) foreign_keys: ForeignKeys,
}

impl SqlAlteration {
    /// Returns the dialects that it is deployed on.
    pub(super) fn runs_on(&self) -> BTreeSet<Dialect> {
        let mut dialects = self.sql.dialects();
        dialects.retain(|d| self.needed_on.is_empty() || self.needed_on.contains(d));
        dialects
    }
}

/// An alteration's SQL, before anything is known of it but its file's name.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) sql: SqlTexts,
    pub(super) description: Option<String>,
    /// As [`SqlAlteration::needed_on`].
    pub(super) needed_on: BTreeSet<Dialect>,
    /// As [`SqlAlteration::needs`].
    pub(super) needs: BTreeSet<AlterationId>,
    /// As [`SqlAlteration::checks`].
    pub(super) checks: Written<String>,
    pub(super) foreign_keys: ForeignKeys,
}

/// What the files of a folder say, without its `alteration.toml`.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) alterations: BTreeMap<AlterationId, Found>,
    /// `None` for the runner's own layout, where all is read.
    pub(super) reading: Option<Reading>,
    /// The dialects that its folders are for; empty where it has no folders.
    pub(super) dialects: BTreeSet<Dialect>,
}

/// Reads `folder`. A plugin is needed where neither `alteration.toml` nor the folder's name tells.
pub(super) fn read(folder: &Path, options: &PackOptions) -> Result<SqlFolder, FolderError> {
    let settings = read_settings(folder, options)?;
    let findings = Findings::default();
    let context = context(&settings, options, &findings);
    let context = Context { shipped: options.shipped.as_deref(), ..context };
    let files = files(folder, options, &context)?;
    assemble(folder, settings, options.plugin.as_ref(), files)
}

/// Returns whose history `folder` is, and which of its SQL files that tool passes over; `None` for the runner's own
/// layout, which passes over none. With it comes what there is to know of files that are taken.
pub(super) fn reading(
    folder: &Path,
    options: &PackOptions,
) -> Result<(Option<Reading>, Vec<Note>), FolderError> {
    let settings = read_settings(folder, options)?;
    let findings = Findings::default();
    let files = files(folder, options, &context(&settings, options, &findings))?;
    Ok((files.reading, findings.take_notes()))
}

fn files(
    folder: &Path,
    options: &PackOptions,
    context: &Context<'_>,
) -> Result<Files, FolderError> {
    let files = match by_dialect::find(folder)? {
        Some(folders) => by_dialect::read(folders, options, context),
        None => files_of_one(folder, options, context),
    };
    context.findings.finish(files)
}

/// Does as [`files`], for a folder that holds one history.
pub(super) fn files_of_one(
    folder: &Path,
    options: &PackOptions,
    context: &Context<'_>,
) -> Result<Files, FolderError> {
    let (whole, folder) = (folder, &history::home(folder)?);
    let recognised = layout(folder, options, context)?;
    let Recognised { layout, alike } = recognised;
    if layout == Layout::Runner {
        let alterations = sql_files::read(folder, context)?;
        return Ok(Files { alterations, reading: None, dialects: BTreeSet::new() });
    }
    // What the folder is said to be for is more than what its tool's files say.
    let dialects = match context.dialects.is_empty() {
        true => history::dialects(layout, folder)?,
        false => BTreeSet::new(),
    };
    let context = &match dialects.is_empty() {
        true => context.on(context.dialects.clone()),
        false => context.on(dialects.clone()),
    };
    let migrations = history::read(recognised, folder, context)?;
    let passed_over = history::passed_over(whole, &migrations)?;
    let lost = migrations.iter().filter(|migration| migration.lost_way_back);
    let lost_way_back = lost.map(|migration| migration.id.clone()).collect();
    let (folders, only_for) = (BTreeMap::new(), BTreeMap::new());
    let reading = Reading { layout, alike, passed_over, lost_way_back, folders, only_for };
    let alterations = migrations.into_iter().map(|migration| {
        let (id, description) = (migration.id.clone(), migration.description.clone());
        let (needed_on, needs) = (migration.needed_on.clone(), migration.needs.clone());
        let checks = migration.verify().map(|text| (None, text.to_owned())).into_iter().collect();
        let foreign_keys = migration.foreign_keys;
        let sql = migration.into_sql();
        (id, Found { sql, description, needed_on, needs, checks, foreign_keys })
    });
    Ok(Files { alterations: alterations.collect(), reading: Some(reading), dialects })
}

fn context<'a>(
    settings: &Option<Settings>,
    options: &'a PackOptions,
    findings: &'a Findings,
) -> Context<'a> {
    Context {
        placeholders: &options.placeholders,
        dialects: settings.as_ref().map(|settings| settings.dialects.clone()).unwrap_or_default(),
        shipped: None,
        bundle: options.bundle,
        findings,
    }
}

fn layout(
    folder: &Path,
    options: &PackOptions,
    context: &Context<'_>,
) -> Result<Recognised, FolderError> {
    match options.layout {
        Some(layout) => Ok(layout.into()),
        None => Ok(history::recognise(folder, context)?),
    }
}

/// Adds what `alteration.toml` says.
fn assemble(
    folder: &Path,
    settings: Option<Settings>,
    plugin: Option<&PluginName>,
    files: Files,
) -> Result<SqlFolder, FolderError> {
    let settings = settings.unwrap_or_default();
    let Settings {
        plugin: found_plugin,
        requires,
        replaces,
        dialects,
        permissions: asked,
        alterations: mut details,
        ..
    } = settings;
    let plugin = match (found_plugin, plugin) {
        (Some(found), Some(asked)) if found != *asked => {
            let path = folder.join(SETTINGS_FILE);
            return Err(FolderError::PluginContradicts { path, found, asked: asked.clone() });
        }
        (Some(plugin), _) => plugin,
        (None, Some(plugin)) => plugin.clone(),
        (None, None) => plugin_of_folder(folder)?,
    };
    let dialects = agreed(folder, dialects, &files)?;
    let findings = Findings::default();
    let mut alterations = Vec::with_capacity(files.alterations.len());
    let asked = asked.permissions();
    for (id, found) in files.alterations {
        let details = details.remove(&id).unwrap_or_default();
        let needed_on = match details.dialects.is_empty() {
            true => found.needed_on,
            false => details.dialects,
        };
        let wanted = if needed_on.is_empty() { &dialects } else { &needed_on };
        findings.keep(has_sql_for(folder, &id, &found.sql, wanted));
        alterations.push(SqlAlteration {
            id,
            sql: found.sql,
            needed_on,
            needs: found.needs,
            checks: found.checks,
            description: details.description.or(found.description),
            permissions: &details.permissions | &asked,
            creates: details.creates,
            requires: details.requires,
            lock_timeout_ms: details.lock_timeout_ms,
            statement_timeout_ms: details.statement_timeout_ms,
            foreign_keys: details.foreign_keys.unwrap_or(found.foreign_keys),
        });
    }
    for id in details.into_keys() {
        let path = folder.join(SETTINGS_FILE);
        findings.problem(FolderError::SettingsWithoutFile { path, id });
    }
    findings.finish(Ok(SqlFolder { plugin, requires, replaces, dialects, alterations }))
}

/// Returns the dialects that a folder is for: as its settings say, or else its folders.
fn agreed(
    folder: &Path,
    found: BTreeSet<Dialect>,
    files: &Files,
) -> Result<BTreeSet<Dialect>, FolderError> {
    let folders = files.dialects.clone();
    // What is written for MySQL is MariaDB's too, unless the settings leave that out.
    let mut least = folders.clone();
    if files.reading.as_ref().is_some_and(|r| !r.folders.contains_key(&Dialect::Mariadb)) {
        least.remove(&Dialect::Mariadb);
    }
    let agree = found.is_subset(&folders) && found.is_superset(&least);
    match (found.is_empty(), folders.is_empty()) {
        (true, _) if folders.len() == Dialect::ALL.len() => Ok(BTreeSet::new()),
        (true, _) => Ok(folders),
        (false, false) if !agree => {
            let path = folder.join(SETTINGS_FILE);
            Err(FolderError::DialectsContradict { path, found, folders })
        }
        (false, _) => Ok(found),
    }
}

/// Refuses an alteration that could not run on one of the dialects it is for.
fn has_sql_for(
    folder: &Path,
    id: &AlterationId,
    sql: &SqlTexts,
    dialects: &BTreeSet<Dialect>,
) -> Result<(), FolderError> {
    let there = sql.dialects();
    match dialects.difference(&there).next() {
        Some(dialect) => Err(FolderError::NoSqlForDialect {
            path: folder.to_owned(),
            id: id.clone(),
            dialect: *dialect,
            dialects: dialects.clone(),
        }),
        None => Ok(()),
    }
}

/// Sorted, so that the same folder gives the same first error everywhere.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let unreadable = |error| ReadError::Unreadable { path: folder.to_owned(), error };
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

pub(super) fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Returns what `alteration.toml` says, and the options beside it.
fn read_settings(folder: &Path, options: &PackOptions) -> Result<Option<Settings>, FolderError> {
    let settings = settings_of(folder)?;
    let asked = &options.dialects;
    if asked.is_empty() {
        return Ok(settings);
    }
    let mut settings = settings.unwrap_or_default();
    if !settings.dialects.is_empty() && settings.dialects != *asked {
        return Err(FolderError::DialectsAsked {
            path: folder.join(SETTINGS_FILE),
            found: settings.dialects,
            asked: asked.clone(),
        });
    }
    settings.dialects.clone_from(asked);
    Ok(Some(settings))
}

fn settings_of(folder: &Path) -> Result<Option<Settings>, FolderError> {
    let path = folder.join(SETTINGS_FILE);
    let invalid = |message| FolderError::Settings { path: path.clone(), message };
    let bytes = match read_within(folder, &path, MANIFEST_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(ReadError::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if bytes.len() > MANIFEST_BYTES_MAX {
        return Err(invalid(format!("larger than {MANIFEST_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| invalid("not UTF-8; save the file as UTF-8".to_owned()))?;
    settings::parse(&text).map(Some).map_err(invalid)
}

fn plugin_of_folder(folder: &Path) -> Result<PluginName, FolderError> {
    let unknown = || FolderError::PluginUnknown { path: folder.to_owned() };
    let whole = fs::canonicalize(folder)
        .map_err(|error| ReadError::Unreadable { path: folder.to_owned(), error })?;
    let name = whole.file_name().and_then(|name| name.to_str()).ok_or_else(unknown)?;
    let vendor = whole.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    if GENERIC_NAMES.contains(&name) {
        return Err(unknown());
    }
    format!("{}/{name}", vendor.ok_or_else(unknown)?).parse().map_err(|_| unknown())
}
