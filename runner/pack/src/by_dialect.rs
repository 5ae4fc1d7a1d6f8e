//! A folder for each dialect, each with a whole history: `sqlite/`, `postgres/`, `mysql/`, as the users of
//! golang-migrate, goose, dbmate and sqlx keep them.
//!
//! What has one name in several of them is one alteration with a text for each. What is in some of them only
//! is an alteration for their dialects alone. `mysql/` is MariaDB's too where there is no `mariadb/`. Settings of
//! Flyway beside the folders would hold for all of them: such a folder is left to the tool's own reading.

use super::{
    PackOptions,
    dialect_name::{self, Meant},
    folder::{self, Files, FolderError, Found, Reading, entries, is_hidden},
    history::{self, Context, Layout},
    read::ReadError,
    settings::SETTINGS_FILE,
};
use crate::alteration::{AlterationId, Dialect};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// The folders of a history each.
#[derive(Debug)]
pub(super) struct Folders {
    of: BTreeMap<Dialect, PathBuf>,
    /// SQL of databases that the runner does not know.
    passed_over: Vec<PathBuf>,
}

impl Folders {
    /// Returns the dialects that the folder of `dialect` is for.
    fn covers(&self, dialect: Dialect) -> BTreeSet<Dialect> {
        let is_both = dialect == Dialect::Mysql && !self.of.contains_key(&Dialect::Mariadb);
        [Some(dialect), is_both.then_some(Dialect::Mariadb)].into_iter().flatten().collect()
    }
}

/// Returns the folders of dialects in `folder`; `None` unless there are at least two, and no SQL beside them.
pub(super) fn find(folder: &Path) -> Result<Option<Folders>, FolderError> {
    let mut of: BTreeMap<Dialect, PathBuf> = BTreeMap::new();
    let (mut passed_over, mut others) = (Vec::new(), Vec::new());
    for path in entries(folder)?.into_iter().filter(|path| !is_hidden(path)) {
        if !path.is_dir() {
            if is_sql(&path) || path.file_name().is_some_and(is_configuration) {
                return Ok(None);
            }
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let dialect = dialect_name::exact(&name);
        let sql = history::sql_below(&path)?;
        let Some(first) = sql.first() else { continue };
        match (dialect, dialect_name::read(&name)) {
            (Some(dialect), _) => {
                if let Some(first) = of.insert(dialect, path.clone()) {
                    return Err(FolderError::TwoFolders { first, second: path, dialect });
                }
            }
            (None, Some(Meant::OtherDatabase)) => passed_over.extend(sql),
            (None, _) => others.push(first.clone()),
        }
    }
    if of.len() < 2 {
        return Ok(None);
    }
    match others.into_iter().next() {
        Some(path) => Err(FolderError::Nested { path }),
        None => Ok(Some(Folders { of, passed_over })),
    }
}

pub(super) fn read(
    folders: Folders,
    options: &PackOptions,
    context: &Context<'_>,
) -> Result<Files, FolderError> {
    let read = context.findings.each(&folders.of, |(dialect, path)| {
        stays_within(path)?;
        let nested = path.join(SETTINGS_FILE);
        if nested.exists() {
            return Err(FolderError::NestedSettings { path: nested });
        }
        let covers = folders.covers(*dialect);
        let files = folder::files_of_one(path, options, &context.on(covers.clone()))?;
        Ok(History { path: path.clone(), covers, files })
    });
    // What the folders have in common is not known before.
    context.findings.finish(Ok(()))?;
    let layout = one_layout(&read)?;
    one_name_a_number(&read)?;
    let dialects: BTreeSet<Dialect> =
        read.iter().flat_map(|history| history.covers.iter().copied()).collect();
    let mut alterations: BTreeMap<AlterationId, Found> = BTreeMap::new();
    let mut reading = Reading {
        layout,
        alike: read.first().and_then(|history| history.files.reading.as_ref()?.alike),
        passed_over: folders.passed_over,
        lost_way_back: Vec::new(),
        folders: folders.of,
        only_for: BTreeMap::new(),
    };
    for History { covers, files, .. } in read {
        for (id, found) in files.alterations {
            let whole = alterations.entry(id).or_default();
            whole.sql.extend(found.sql.only(&covers));
            whole.needs.extend(found.needs);
            if covers.contains(&Dialect::Sqlite) {
                whole.foreign_keys = found.foreign_keys;
            }
            let of_all = found.checks.into_values().next();
            // What is written for MySQL is MariaDB's too.
            whole.checks.extend(of_all.map(|text| (covers.first().copied(), text)));
            whole.description = whole.description.take().or(found.description);
        }
        if let Some(Reading { alike, passed_over, lost_way_back, .. }) = files.reading {
            reading.alike = reading.alike.filter(|known| Some(*known) == alike);
            reading.passed_over.extend(passed_over);
            reading.lost_way_back.extend(lost_way_back);
        }
    }
    reading.lost_way_back.sort();
    reading.lost_way_back.dedup();
    for (id, found) in &mut alterations {
        let there = found.sql.dialects();
        if there != dialects {
            reading.only_for.insert(id.clone(), there.clone());
            found.needed_on = there;
        }
    }
    Ok(Files { alterations, reading: Some(reading), dialects })
}

struct History {
    path: PathBuf,
    covers: BTreeSet<Dialect>,
    files: Files,
}

impl History {
    fn layout(&self) -> Layout {
        self.files.reading.as_ref().map_or(Layout::Runner, |reading| reading.layout)
    }

    fn has(&self, id: &AlterationId) -> bool {
        self.files.alterations.contains_key(id)
    }
}

fn one_layout(histories: &[History]) -> Result<Layout, FolderError> {
    let layouts: Vec<Layout> = histories.iter().map(History::layout).collect();
    match histories.iter().zip(&layouts).find(|(_, layout)| **layout != layouts[0]) {
        Some((other, layout)) => Err(FolderError::ToolsDiffer {
            first: histories[0].path.clone(),
            first_layout: layouts[0],
            second: other.path.clone(),
            second_layout: *layout,
        }),
        None => Ok(layouts[0]),
    }
}

/// Refuses two names of one number, each in folders where the other is not: whether they are one alteration
/// cannot be told.
fn one_name_a_number(histories: &[History]) -> Result<(), FolderError> {
    for (at, first) in histories.iter().enumerate() {
        for second in &histories[at + 1..] {
            let missing = first.files.alterations.keys().filter(|id| !second.has(id));
            for id in missing {
                if history::is_repeatable(id) {
                    let (path, id) = (first.path.clone(), id.clone());
                    return Err(FolderError::RepeatableDiffers { path, id });
                }
                let mut others = second.files.alterations.keys().filter(|other| !first.has(other));
                if let Some(other) = others.find(|other| other.stamp() == id.stamp()) {
                    return Err(FolderError::OneNumber {
                        first: first.path.clone(),
                        first_id: id.clone(),
                        second: second.path.clone(),
                        second_id: other.clone(),
                    });
                }
            }
            let mut missing = second.files.alterations.keys().filter(|id| !first.has(id));
            if let Some(id) = missing.find(|id| history::is_repeatable(id)) {
                let (path, id) = (second.path.clone(), id.clone());
                return Err(FolderError::RepeatableDiffers { path, id });
            }
        }
    }
    Ok(())
}

/// Refuses a folder that a link brings in from elsewhere: what is packed is shipped.
fn stays_within(path: &Path) -> Result<(), FolderError> {
    let resolved = |path: &Path| {
        path.canonicalize().map_err(|error| ReadError::Unreadable { path: path.to_owned(), error })
    };
    let (target, whole) = (resolved(path)?, resolved(path.parent().unwrap_or(path))?);
    match target.starts_with(whole) {
        true => Ok(()),
        false => Err(ReadError::Outside { path: path.to_owned(), target }.into()),
    }
}

fn is_configuration(name: &OsStr) -> bool {
    name.to_str().is_some_and(history::is_configuration)
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}
