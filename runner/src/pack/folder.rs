//! Reads a folder of SQL into alterations. The only part of SQL packing that touches files.
//!
//! Takes the names from `sql_name`, checks the texts with `sql_text`, adds what `alteration.toml` says.
//! Does not go into folders below, but refuses to pass over SQL that lies there. Does not write.

use super::{
    PackOptions,
    history::{self, Context, HistoryError, Layout, Recognised},
    read::{ReadError, read_within},
    settings::{self, SETTINGS_FILE, Settings},
    shown,
    sql_name::{self, SqlHook, SqlNameError},
    sql_text::{self, SQL_BYTES_MAX, SqlTextError},
};
use crate::{
    alteration::{
        AlterationId, Dialect, MANIFEST_BYTES_MAX, Permissions, PluginName, Requirements,
    },
    escape::EscapedLines,
};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

/// Folder names that say what is inside rather than whose it is.
const GENERIC_NAMES: [&str; 4] = ["alterations", "db", "migrations", "sql"];

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
}

/// A folder's alterations, and what holds for all of them.
#[derive(Debug)]
pub(super) struct SqlFolder {
    pub(super) plugin: PluginName,
    pub(super) requires: Requirements,
    pub(super) replaces: Option<PluginName>,
    pub(super) dialects: BTreeSet<Dialect>,
    /// In the order of their ids; at least one.
    pub(super) alterations: Vec<SqlAlteration>,
}

#[derive(Debug)]
pub(super) struct SqlAlteration {
    pub(super) id: AlterationId,
    /// At least one that is no way back.
    pub(super) sql: BTreeMap<SqlHook, String>,
    pub(super) description: Option<String>,
    pub(super) permissions: Permissions,
    /// Beyond those of the folder.
    pub(super) requires: Requirements,
    pub(super) lock_timeout_ms: Option<NonZeroU32>,
    pub(super) statement_timeout_ms: Option<NonZeroU32>,
}

impl SqlAlteration {
    /// The SQL of a hook; empty where there is none, because a file of SQL never is.
    pub(super) fn text(&self, hook: SqlHook) -> &str {
        self.sql.get(&hook).map_or("", String::as_str)
    }

    /// Whether there is no way back.
    pub(super) fn is_irreversible(&self) -> bool {
        !self.sql.keys().any(|hook| hook.is_way_back())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("{}: {error}", shown(.path))]
    Name { path: PathBuf, error: SqlNameError },
    #[error("{}: {error}", shown(.path))]
    Text { path: PathBuf, error: SqlTextError },
    #[error("{}: {}", shown(.path), EscapedLines(.message))]
    Settings { path: PathBuf, message: String },
    #[error("{}: names {id}, of which there is no SQL file; correct the id or remove the table", shown(.path))]
    SettingsWithoutFile { path: PathBuf, id: AlterationId },
    #[error("{} and {} are the same alteration and direction; remove one", shown(.first), shown(.second))]
    Duplicate { first: PathBuf, second: PathBuf },
    #[error("{}: there is no `.up.sql` beside it; add one, or remove this file", shown(.path))]
    DownWithoutUp { path: PathBuf },
    #[error("{}: no SQL file in it; expected files named <id>.up.sql and <id>.down.sql", shown(.path))]
    NoSql { path: PathBuf },
    #[error(
        "{}: SQL in a folder below the one to pack; move the file up, or pack its folder by itself",
        shown(.path)
    )]
    Nested { path: PathBuf },
    #[error("{} says plugin {found}, but {asked} was asked for; make them agree", shown(.path))]
    PluginContradicts { path: PathBuf, found: PluginName, asked: PluginName },
    #[error(
        "{}: whose alterations are these? Name the plugin as vendor/name: with `--plugin`, in an {SETTINGS_FILE} (plugin = \"acme/shop\"), or by the last two folder names",
        shown(.path)
    )]
    PluginUnknown { path: PathBuf },
}

/// An alteration's SQL, before anything is known of it but its file's name.
#[derive(Debug, Default)]
struct Found {
    sql: BTreeMap<SqlHook, String>,
    description: Option<String>,
}

/// Reads `folder`. A plugin is needed where neither `alteration.toml` nor the folder's name tells.
pub(super) fn read(folder: &Path, options: &PackOptions) -> Result<SqlFolder, FolderError> {
    let settings = read_settings(folder)?;
    let context = Context { shipped: options.shipped.as_deref(), ..context(&settings, options) };
    let Recognised { layout, .. } = layout(folder, options, &context)?;
    let found = match layout {
        Layout::Runner => read_own(folder, &context)?,
        layout => read_history(layout, folder, &context)?,
    };
    assemble(folder, settings, options.plugin.as_ref(), found)
}

/// Whose history `folder` is, and which of its SQL files that tool passes over. `None` for the
/// runner's own layout, which passes over none.
pub(super) fn reading(
    folder: &Path,
    options: &PackOptions,
) -> Result<Option<Reading>, FolderError> {
    let settings = read_settings(folder)?;
    let context = context(&settings, options);
    let Recognised { layout, alike } = layout(folder, options, &context)?;
    if layout == Layout::Runner {
        return Ok(None);
    }
    let migrations = history::read(layout, folder, &context)?;
    let passed_over = history::passed_over(folder, &migrations)?;
    let lost = migrations.iter().filter(|migration| migration.lost_way_back);
    let lost_way_back = lost.map(|migration| migration.id.clone()).collect();
    Ok(Some(Reading { layout, alike, passed_over, lost_way_back }))
}

fn context<'a>(settings: &Option<Settings>, options: &'a PackOptions) -> Context<'a> {
    Context {
        placeholders: &options.placeholders,
        dialects: settings.as_ref().map(|settings| settings.dialects.clone()).unwrap_or_default(),
        shipped: None,
        bundle: options.bundle,
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

fn read_own(
    folder: &Path,
    context: &Context<'_>,
) -> Result<BTreeMap<AlterationId, Found>, FolderError> {
    let files = list(folder)?.into_iter();
    files
        .map(|(id, files)| {
            let sql = files
                .iter()
                .map(|(hook, path)| Ok((*hook, read_sql(folder, path, *hook, context)?)));
            let sql = sql.collect::<Result<_, FolderError>>()?;
            Ok((id, Found { sql, description: None }))
        })
        .collect()
}

fn read_history(
    layout: Layout,
    folder: &Path,
    context: &Context<'_>,
) -> Result<BTreeMap<AlterationId, Found>, FolderError> {
    let migrations = history::read(layout, folder, context)?.into_iter();
    Ok(migrations
        .map(|migration| {
            let (id, description) = (migration.id.clone(), migration.description.clone());
            (id, Found { sql: migration.into_sql(), description })
        })
        .collect())
}

/// Adds what `alteration.toml` says.
fn assemble(
    folder: &Path,
    settings: Option<Settings>,
    plugin: Option<&PluginName>,
    found: BTreeMap<AlterationId, Found>,
) -> Result<SqlFolder, FolderError> {
    let settings = settings.unwrap_or_default();
    let Settings { plugin: found_plugin, requires, replaces, dialects, alterations: mut details } =
        settings;
    let plugin = match (found_plugin, plugin) {
        (Some(found), Some(asked)) if found != *asked => {
            let path = folder.join(SETTINGS_FILE);
            return Err(FolderError::PluginContradicts { path, found, asked: asked.clone() });
        }
        (Some(plugin), _) => plugin,
        (None, Some(plugin)) => plugin.clone(),
        (None, None) => plugin_of_folder(folder)?,
    };
    let mut alterations = Vec::with_capacity(found.len());
    for (id, found) in found {
        let details = details.remove(&id).unwrap_or_default();
        alterations.push(SqlAlteration {
            id,
            sql: found.sql,
            description: details.description.or(found.description),
            permissions: details.permissions,
            requires: details.requires,
            lock_timeout_ms: details.lock_timeout_ms,
            statement_timeout_ms: details.statement_timeout_ms,
        });
    }
    if let Some(id) = details.into_keys().next() {
        return Err(FolderError::SettingsWithoutFile { path: folder.join(SETTINGS_FILE), id });
    }
    Ok(SqlFolder { plugin, requires, replaces, dialects, alterations })
}

type SqlFiles = BTreeMap<SqlHook, PathBuf>;

/// The SQL files by alteration, nothing read yet; at least one.
fn list(folder: &Path) -> Result<BTreeMap<AlterationId, SqlFiles>, FolderError> {
    let mut found: BTreeMap<AlterationId, SqlFiles> = BTreeMap::new();
    for path in entries(folder)? {
        if path.is_dir() && !is_hidden(&path) {
            if let Some(path) = entries(&path)?.into_iter().find(|path| parse_name(path).is_some())
            {
                return Err(FolderError::Nested { path });
            }
            continue;
        }
        let Some(name) = parse_name(&path) else { continue };
        let (id, hook) = match name {
            Ok(name) => name,
            Err(error) => return Err(FolderError::Name { path, error }),
        };
        match found.entry(id).or_default().entry(hook) {
            Entry::Vacant(entry) => entry.insert(path),
            Entry::Occupied(entry) => {
                return Err(FolderError::Duplicate { first: entry.get().clone(), second: path });
            }
        };
    }
    for files in found.values() {
        // The ways back sort last.
        if let Some((hook, path)) = files.first_key_value()
            && hook.is_way_back()
        {
            return Err(FolderError::DownWithoutUp { path: path.clone() });
        }
    }
    match found.is_empty() {
        true => Err(FolderError::NoSql { path: folder.to_owned() }),
        false => Ok(found),
    }
}

/// Sorted, so that the same folder gives the same first error everywhere.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let unreadable = |error| ReadError::Unreadable { path: folder.to_owned(), error };
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// A name that is not Unicode is read with replacement characters, which no id may hold.
fn parse_name(path: &Path) -> Option<Result<(AlterationId, SqlHook), SqlNameError>> {
    sql_name::parse(&path.file_name()?.to_string_lossy())
}

fn read_settings(folder: &Path) -> Result<Option<Settings>, FolderError> {
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

fn read_sql(
    folder: &Path,
    path: &Path,
    hook: SqlHook,
    context: &Context<'_>,
) -> Result<String, FolderError> {
    let text = sql_text::check(read_within(folder, path, SQL_BYTES_MAX)?)
        .map_err(|error| FolderError::Text { path: path.to_owned(), error })?;
    history::look_through(&text, path, hook, context)?;
    Ok(text)
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
