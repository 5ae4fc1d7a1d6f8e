//! The runner's own layout: the SQL files of a folder, and which dialect gets which.
//!
//! Takes the names from `sql_name`, checks the texts with `sql_text`. Does not go into folders below, but
//! refuses to pass over SQL that lies there.

use super::{
    findings::Note,
    folder::{FolderError, Found, entries, is_hidden},
    history::{self, Context, Layout},
    read::read_within,
    sql_name::{self, SqlHook, SqlName, SqlNameError},
    sql_text::{self, SQL_BYTES_MAX, SqlTextError},
    sql_texts::{self, SqlTexts, Written},
};
use crate::alteration::{AlterationId, Dialect};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The files of one alteration.
type SqlFiles = BTreeMap<SqlHook, Written<PathBuf>>;

pub(super) fn read(
    folder: &Path,
    context: &Context<'_>,
) -> Result<BTreeMap<AlterationId, Found>, FolderError> {
    let files = list(folder, context)?.into_iter();
    let read = files.map(|(id, files)| {
        let sql = read_files(folder, &id, &files, context);
        (id, Found { sql, ..Found::default() })
    });
    Ok(read.collect())
}

/// Returns what each dialect gets, of those that the alteration runs on. Problems are noted.
fn read_files(
    folder: &Path,
    id: &AlterationId,
    files: &SqlFiles,
    context: &Context<'_>,
) -> SqlTexts {
    let runs_on = sql_texts::runs_on(files);
    let mut texts = SqlTexts::default();
    let all = files
        .iter()
        .flat_map(|(hook, written)| written.iter().map(move |of_one| (*hook, written, of_one)));
    let read = context.findings.each(all, |(hook, written, (named, path))| {
        if let Some(dialect) = *named
            && !runs_on.contains(&dialect)
        {
            let (path, id) = (path.clone(), id.clone());
            return Err(FolderError::DownWithoutUpOnDialect { path, id, dialect });
        }
        let gets = |dialect: &&Dialect| sql_texts::chosen(written, **dialect) == Some(path);
        let users: BTreeSet<Dialect> = runs_on.iter().filter(gets).copied().collect();
        let text = read_sql(folder, path, hook, &seen_by(path, *named, &users, context)?)?;
        Ok((hook, users, path, text))
    });
    for (hook, users, path, text) in read {
        if text.trim().is_empty() && hook.is_way_back() {
            let text = format!("{id} has no way back: this file is empty");
            context.findings.note(Note { path: path.clone(), line: None, text });
        } else {
            texts.insert(hook, users, &Arc::from(history::some(text)));
        }
    }
    texts
}

/// Returns what decides how a file is read that `users` get: its dialects are known if it is for one, or if
/// the folder says for which it is.
fn seen_by<'a>(
    path: &Path,
    named: Option<Dialect>,
    users: &BTreeSet<Dialect>,
    context: &Context<'a>,
) -> Result<Context<'a>, FolderError> {
    let said = &context.dialects;
    let common: BTreeSet<Dialect> = users.intersection(said).copied().collect();
    match named {
        Some(dialect) if !said.is_empty() && !said.contains(&dialect) && common.is_empty() => {
            let (path, dialects) = (path.to_owned(), said.clone());
            Err(FolderError::UnusedDialect { path, dialect, dialects })
        }
        Some(_) if said.is_empty() => Ok(context.on(users.clone())),
        _ => Ok(context.on(common)),
    }
}

/// Returns the SQL files by alteration, nothing read yet; at least one.
fn list(
    folder: &Path,
    context: &Context<'_>,
) -> Result<BTreeMap<AlterationId, SqlFiles>, FolderError> {
    let findings = context.findings;
    let mut found: BTreeMap<AlterationId, SqlFiles> = BTreeMap::new();
    for path in entries(folder)? {
        if path.is_dir() && !is_hidden(&path) {
            if let Some(path) = entries(&path)?.into_iter().find(|path| parse_name(path).is_some())
            {
                findings.problem(FolderError::Nested { path });
            }
            continue;
        }
        let Some(name) = parse_name(&path) else { continue };
        let SqlName { id, hook, dialect } = match name {
            Ok(name) => name,
            Err(error) => {
                findings.problem(FolderError::Name { path, error });
                continue;
            }
        };
        match found.entry(id).or_default().entry(hook).or_default().entry(dialect) {
            Entry::Vacant(entry) => _ = entry.insert(path),
            Entry::Occupied(entry) => {
                let first = entry.get().clone();
                findings.problem(FolderError::Duplicate { first, second: path });
            }
        }
    }
    for files in found.values() {
        // The ways back sort last.
        if let Some((hook, written)) = files.first_key_value()
            && let Some(path) = written.values().next()
            && hook.is_way_back()
        {
            findings.problem(FolderError::DownWithoutUp { path: path.clone() });
        }
    }
    let all = || {
        found
            .values()
            .flatten()
            .flat_map(|(hook, written)| written.values().map(move |path| (*hook, path.as_path())))
    };
    let forward = all().filter(|(hook, _)| !hook.is_way_back()).map(|(_, path)| path);
    findings.keep(history::refuse_names_of_ways_back(
        folder,
        Layout::Runner,
        forward,
        &all().map(|(_, path)| path).collect::<Vec<_>>(),
    ));
    match found.is_empty() && findings.count() == 0 {
        true => Err(FolderError::NoSql { path: folder.to_owned() }),
        false => Ok(found),
    }
}

/// A name that is not Unicode is read with replacement characters, which no id may hold.
fn parse_name(path: &Path) -> Option<Result<SqlName, SqlNameError>> {
    sql_name::parse(&path.file_name()?.to_string_lossy())
}

fn read_sql(
    folder: &Path,
    path: &Path,
    hook: SqlHook,
    context: &Context<'_>,
) -> Result<String, FolderError> {
    let text = sql_text::decode(read_within(folder, path, SQL_BYTES_MAX)?)
        .and_then(history::refuse_lone_cr)
        .map_err(|error| FolderError::Text { path: path.to_owned(), error })?;
    if hook == SqlHook::Step && history::is_blank(&text) {
        return Err(FolderError::Text { path: path.to_owned(), error: SqlTextError::NoStatement });
    }
    history::look_through(&text, path, hook, context)?;
    Ok(text)
}
