//! What a finding says: one sentence, shown after `error:`, `warning:` or `note:`.

use super::Finding;
use crate::{alteration::Direction, escape::Escaped, plan::Hold};
use std::{fmt, path::Path};

/// Objects that are named one by one.
const OBJECTS_SHOWN_MAX: usize = 5;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { key, error, unfinished, .. } => {
                let first = Escaped(error.lines().next().unwrap_or_default());
                match unfinished {
                    false => write!(f, "{key} failed and changed nothing: {first}"),
                    true => write!(f, "{key} failed, and parts of it are done: {first}"),
                }
            }
            Self::Unfinished { key } => write!(f, "{key} was begun and has not ended"),
            Self::UnfinishedRollback { key } => {
                write!(f, "the rollback of {key} was begun and has not ended")
            }
            Self::Running { key } => write!(f, "{key} was begun and has not ended"),
            Self::NotGoingDown { key } => {
                write!(
                    f,
                    "the component of {key} was named, but nothing that it declares would be rolled back"
                )
            }
            Self::CutOff { key, direction, stop, .. } => {
                let of = if *direction == Direction::Down { "the rollback of " } else { "" };
                write!(f, "{of}{key} cannot be resumed: {stop}")
            }
            Self::BegunOtherwise { key, direction, recorded, found, .. } => write!(
                f,
                "{}{key} was begun with other contents and has not ended: {} was begun, the file has {}",
                if *direction == Direction::Down { "the rollback of " } else { "" },
                recorded.short(),
                found.short()
            ),
            Self::Changed { key, recorded, found, .. } => write!(
                f,
                "{key} was changed after it was applied: {} was applied, the file has {}",
                recorded.short(),
                found.short()
            ),
            Self::Draft { key, recorded: false } => {
                write!(f, "{key} is a draft, which may still change")
            }
            Self::Draft { key, recorded: true } => write!(
                f,
                "{key} is a draft, which may still change: a baseline records what is released"
            ),
            Self::DraftChanged { key, recorded, found, .. } => write!(
                f,
                "a draft of {key} is applied, and its file has changed since: {} was applied, the file has {}",
                recorded.short(),
                found.short()
            ),
            Self::DraftStays { key, by, hold, .. } => {
                write!(f, "a draft of {key} is applied and has changed, and cannot be reverted: ")?;
                let later =
                    if key == by { "it".to_owned() } else { format!("{by}, applied after it,") };
                match hold {
                    Hold::Released => write!(f, "{later} is released"),
                    Hold::Irreversible => write!(f, "{later} is irreversible"),
                    Hold::NotOffered => write!(f, "{later} would not be applied again"),
                    Hold::Required => write!(f, "{by} is applied and requires {}", key.plugin),
                    Hold::Unfinished => write!(f, "{by} was begun and has not ended"),
                }
            }
            Self::Missing { key, .. } => write!(f, "{key} is applied, but its file is missing"),
            Self::Ahead { plugin, applied, newest_file, .. } => write!(
                f,
                "the database is ahead of the files of {plugin}: {applied} is applied, the newest file is {newest_file}"
            ),
            Self::OutOfOrder { key, newest_applied } => {
                write!(f, "{key} is out of order: {newest_applied} is newer and already applied")
            }
            Self::SeveralFolders { plugin, folders } => {
                let folders: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
                write!(f, "{plugin} comes from several folders: {}", folders.join(", "))
            }
            Self::OtherFolder { plugin, folder, ids, recorded, .. } => {
                match &ids[..] {
                    [id] => write!(f, "{plugin} {id} lies in {}", shown(folder))?,
                    _ => {
                        write!(f, "{} alterations of {plugin} lie in {}", ids.len(), shown(folder))?
                    }
                }
                let recorded: Vec<String> = recorded.iter().map(|path| shown(path)).collect();
                write!(f, ", and what is recorded of {plugin} in {}", recorded.join(", "))
            }
            Self::NotAsLocked { difference } => difference.fmt(f),
            Self::PluginAbsent { plugin, applied } => {
                write!(
                    f,
                    "{plugin} has {}, but none of its files are here",
                    applied_alterations(*applied)
                )
            }
            Self::AboveTarget { key, target } => {
                write!(f, "{key} is applied, although it is newer than the target {target}")
            }
            Self::NoSuchVersion { plugin, version, newest } => {
                write!(
                    f,
                    "no alteration of {plugin} has the version {version}; the newest is {newest}"
                )
            }
            Self::UnmetRequirement { plugin, requires, requirement, found } => {
                write!(f, "{plugin} requires {requires} {requirement}, but {found}")
            }
            Self::UnmetNeed { key, needs } => {
                write!(f, "{key} needs {needs}, which is not applied, and not in this plan")
            }
            Self::Cycle { path } => write!(f, "plugins require each other in a circle: {path}"),
            Self::WrongDialect { key, written_for, database } => {
                write!(f, "{key} is written for {written_for}, this database is {database}")
            }
            Self::NotConfined { plugin } => write!(
                f,
                "{plugin} is not confined: it has records of running with the rights of the URL's user, and keeps them"
            ),
            Self::OwnSchema { plugin, schema } => {
                write!(f, "{plugin} has its objects in a schema of its own, {}", Escaped(schema))
            }
            Self::OwnerChanged { plugin, role, is_missing: true, .. } => write!(
                f,
                "{plugin} is confined, and its role {} is not on this server, as after a restore elsewhere",
                Escaped(role)
            ),
            Self::OwnerChanged { plugin, role, objects, .. } => {
                write!(
                    f,
                    "{plugin} is confined, and not all it made is its role's ({}): ",
                    Escaped(role)
                )?;
                match objects.split_at_checked(OBJECTS_SHOWN_MAX) {
                    Some((shown, rest)) if !rest.is_empty() => {
                        write!(f, "{} and {} more", shown.join(", "), rest.len())
                    }
                    _ => f.write_str(&objects.join(", ")),
                }
            }
            Self::SharedUser { user, sessions, applications } => {
                let others = match sessions {
                    1 => "another session works".to_owned(),
                    sessions => format!("{sessions} other sessions work"),
                };
                let names = match applications.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", Escaped(&applications.join(", "))),
                };
                write!(
                    f,
                    "{others} as {} in this database{names}, with your rights: code that a plugin leaves there, and that these sessions run, has them too",
                    Escaped(user)
                )
            }
            Self::NotResumable { key, hook, statement, line, reason, .. } => write!(
                f,
                "{key} cannot be resumed if it is interrupted after statement {statement} of its {hook}, in line {line}, has begun: {}",
                Escaped(reason)
            ),
            Self::Refused { key, hook, statement, line, reason, .. } => write!(
                f,
                "{key} cannot run here: statement {statement} of its {hook}, in line {line}: {}",
                Escaped(reason)
            ),
            Self::UnknownTarget { plugin } => {
                write!(f, "the target names {plugin}, but there are no files of it")
            }
            Self::NothingRecorded { plugin } => {
                write!(f, "this database has no record of {plugin}")
            }
            Self::Unrecorded { tables } => {
                let were = if *tables == 1 { "table was" } else { "tables were" };
                write!(f, "{tables} {were} here before any alteration was recorded")
            }
            Self::StrangeRecords { schema, owner } => write!(
                f,
                "the runner's tables in the schema {} belong to the role {}, and were not read",
                Escaped(schema),
                Escaped(owner)
            ),
            Self::StillRequired { dependent, requires, requirement, .. } => {
                write!(f, "{dependent} is applied and requires {requires} {requirement}")
            }
            Self::Irreversible { key } => write!(f, "{key} is irreversible: it has no way back"),
            Self::NeverRan { key, .. } => {
                write!(f, "{key} was recorded by a baseline and never ran here")
            }
            Self::Unversioned { key } => {
                write!(f, "{key} has no version to compare with `--to`")
            }
            Self::TakesOver { from, to, applied, accepted } => {
                let count = applied_alterations(*applied);
                match accepted {
                    true => write!(f, "{to} takes over {count} of {from}"),
                    false => write!(
                        f,
                        "{to} says that it replaces {from}, and would take over {count} of it"
                    ),
                }
            }
            Self::TakesOverUnfinished { from, to, key } => write!(
                f,
                "{to} cannot take over from {from} yet: {key} was begun and has not ended"
            ),
            Self::AppliedTwice { from, to, id } => {
                write!(f, "{to} cannot take over from {from}: {id} is applied under both names")
            }
            Self::Renamed { from, to } => {
                write!(f, "{from} was renamed: its records in this database belong to {to}")
            }
        }
    }
}

fn applied_alterations(count: usize) -> String {
    match count {
        1 => "1 applied alteration".to_owned(),
        _ => format!("{count} applied alterations"),
    }
}

fn shown(path: &Path) -> String {
    Escaped(&path.display().to_string()).to_string()
}
