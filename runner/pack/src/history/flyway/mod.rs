//! Flyway: `V<version>__<name>.sql`, `U<version>__<name>.sql` to take it back, `R__<name>.sql` to run again
//! whenever it is another, in this folder and those below; ordered by version, part by part.
//!
//! As Flyway reads it: `flyway.conf` can change prefixes, separator and endings; placeholders are replaced
//! everywhere, in comments and strings too; a script leaves the transaction if its own `.conf` says
//! `executeInTransaction=false`, or if one of its statements refuses to run in one. What the runner cannot do
//! as Flyway does it is refused: baselines, callbacks, Java.

mod conf;
mod names;
mod placeholder;
pub(super) mod repeatable;

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError},
    files::{self, File},
    hook, name, stamp,
};
use crate::alteration::Stamp;
use conf::{Script, Settings};
use names::{Kind, Name};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
};

pub(crate) use conf::is_configuration;
pub(crate) use repeatable::is_repeatable;

/// Returns whether the file has the name of a versioned, repeatable or baseline script, as Flyway has them without
/// settings.
pub(super) fn is_versioned(file: &File) -> bool {
    is_named(file, &[Kind::Versioned, Kind::Repeatable, Kind::Baseline])
}

/// Returns whether the file is one that refinery would not take.
pub(super) fn is_certain(file: &File) -> bool {
    is_named(file, &[Kind::Repeatable, Kind::Baseline])
        || is_versioned(file)
            && file
                .stem()
                .and_then(super::refinery::parse)
                .is_none_or(|name| name.number.contains('.'))
        || file.name.strip_suffix(".conf").is_some_and(|script| script.ends_with(".sql"))
}

fn is_named(file: &File, kinds: &[Kind]) -> bool {
    let name = names::parse(&file.name, &Settings::default());
    name.is_some_and(|name| {
        kinds.contains(&name.kind)
            && (name.kind == Kind::Repeatable || stamp::stamp_text(name.version).is_some())
    })
}

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let settings = conf::read(folder)?;
    let files = files::deep(folder, Layout::Flyway)?;
    let mut versioned = BTreeMap::new();
    let mut undone = BTreeMap::new();
    let mut repeatable = Vec::new();
    let findings = context.findings;
    let before = findings.count();
    for file in &files {
        findings.keep(refuse_what_it_runs_besides(file));
        let Some(name) = names::parse(&file.name, &settings) else { continue };
        match name.kind {
            Kind::Versioned => _ = findings.keep(insert(&mut versioned, name, file)),
            Kind::Undo => _ = findings.keep(insert(&mut undone, name, file)),
            Kind::Repeatable => repeatable.push((name, file)),
            Kind::Baseline => {
                let problem = "a baseline stands for what was applied before it, and the runner applies each version: move it out of this folder if its versions are all here, else rename it to a V";
                findings.problem(file.problem(FileProblem::Other(problem)));
            }
        }
    }
    // An undo of a version that is not there has nothing to take back; Flyway never comes by it.
    let mut migrations = findings.each(versioned, |(stamp, (name, file))| {
        let undo = undone.remove(&stamp);
        let undo =
            undo.and_then(|(_, undo)| findings.keep(section(undo, true, &settings, context)));
        let up = section(file, false, &settings, context)?;
        migration(&name, file, [up].into_iter().chain(undo).collect())
    });
    let scripts = findings.each(repeatable, |(name, file)| {
        Ok::<_, HistoryError>((name.text, file, section(file, false, &settings, context)?))
    });
    if findings.count() > before {
        // Where a version is missing, nothing is known of what comes after it.
        return Ok(migrations);
    }
    let newest = migrations.last().map(|migration: &Migration| migration.id.clone());
    migrations.extend(repeatable::place(scripts, newest.as_ref(), context)?);
    Ok(migrations)
}

type Versions<'a> = BTreeMap<Stamp, (Name<'a>, &'a File)>;

fn insert<'a>(
    versions: &mut Versions<'a>,
    name: Name<'a>,
    file: &'a File,
) -> Result<(), HistoryError> {
    let why = "digits, with `.` or `_` between its parts, as in V1.2__add_users.sql";
    let stamp = stamp::ledger_stamp(name.version)
        .ok_or_else(|| file.problem(FileProblem::Version(Layout::Flyway, why)))?;
    match versions.entry(stamp) {
        Entry::Vacant(entry) => {
            entry.insert((name, file));
            Ok(())
        }
        Entry::Occupied(entry) => {
            let (first, second) = (entry.get().1.path.clone(), file.path.clone());
            Err(HistoryError::OneVersion { first, second, layout: Layout::Flyway })
        }
    }
}

fn migration(
    name: &Name<'_>,
    file: &File,
    sections: Vec<Section>,
) -> Result<Migration, HistoryError> {
    let version = stamp::semantic(name.version);
    let stamp = stamp::stamp_text(name.version).unwrap_or_default();
    if version.is_none() && stamp.contains('.') {
        let why = "its parts are numbers of 64 bits";
        return Err(file.problem(FileProblem::Version(Layout::Flyway, why)));
    }
    let id = name::id(version.as_deref(), &stamp, &format!("_{}", name.text))
        .map_err(|error| HistoryError::Id { path: file.path.clone(), error })?;
    let description = name::description(id.name(), name.text);
    Ok(Migration::new(id, description, sections))
}

fn section(
    file: &File,
    is_way_back: bool,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<Section, HistoryError> {
    let script = Script::of(file)?;
    let mut text = file.sql()?;
    if settings.placeholder_replacement && script.placeholder_replacement {
        text = placeholder::replace(&text, settings, context).map_err(|(line, problem)| {
            HistoryError::Line { path: file.path.clone(), line, problem }
        })?;
    }
    let in_transaction = script.execute_in_transaction.unwrap_or(true);
    let hook = hook(is_way_back, in_transaction);
    let mut section = Section { hook, text, path: file.path.clone(), first_line: 1 };
    if script.execute_in_transaction.is_none() {
        section.leave_transaction(context)?;
    }
    Ok(section)
}

/// Events on which Flyway runs a script of that name, with or without a description behind it.
const EVENTS: [&str; 7] =
    ["before", "after", "createSchema", "beforeConnect", "beforeEach", "afterEach", "afterMigrate"];

/// Java migrations and callbacks: a history without them would not be the same.
fn refuse_what_it_runs_besides(file: &File) -> Result<(), HistoryError> {
    let is_java = [".java", ".class", ".kt"].iter().any(|ending| {
        file.name.strip_suffix(ending).is_some_and(|stem| {
            names::parse(&format!("{stem}.sql"), &Settings::default()).is_some()
        })
    });
    if is_java {
        return Err(file.problem(FileProblem::Code(Layout::Flyway)));
    }
    let Some(stem) = file.stem() else { return Ok(()) };
    let event = stem.split("__").next().unwrap_or_default();
    let is_event = EVENTS.iter().any(|prefix| {
        event.strip_prefix(prefix).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase())
        })
    });
    match is_event {
        true => Err(file.problem(FileProblem::Other(
            "a callback, which Flyway runs beside its migrations and the runner does not; make a migration of it, or move it out of this folder",
        ))),
        false => Ok(()),
    }
}
