//! Every alteration that is known, from files or from the state, with its status and flags.

use crate::{
    alteration::{AlterationKey, Catalog, Dialect, Direction},
    record::{Decided, Fit, Snapshot, StateRow, Status},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A computed flag beside the stored status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// It is not applied, and a deploy would apply it.
    Pending,
    /// The file is not what was applied.
    Changed,
    /// It is applied, and there is no file of it.
    Missing,
    /// It is pending, and older than an applied one.
    OutOfOrder,
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::OutOfOrder => "out-of-order",
        })
    }
}

/// One alteration; `status` is absent where nothing is recorded.
#[derive(Debug, Clone, Serialize)]
pub struct StatusLine {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// What is recorded; null if nothing is.
    pub status: Option<Status>,
    /// What the files say beside the record.
    pub flags: BTreeSet<Flag>,
    /// When it was last applied, taken back or recorded (RFC 3339, UTC).
    pub applied_at: Option<String>,
    /// Who did that, as `user@host`.
    pub applied_by: Option<String>,
    /// How long that took.
    pub duration_ms: Option<u64>,
    /// How many statements ran.
    pub statements: Option<u64>,
    /// How many rows its statements affected.
    pub rows_affected: Option<u64>,
    /// Whether it has no way back.
    pub irreversible: bool,
    /// Whether what is applied is a draft; if nothing is, whether the file is one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
    /// The databases that need it, if this is none of them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub needed_on: BTreeSet<Dialect>,
    /// Whether a baseline recorded it, so that it never ran here.
    pub baseline: bool,
    /// Why its last attempt failed.
    pub error: Option<String>,
    /// The direction of an attempt that has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Why that attempt cannot be resumed; escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
    /// The statements of that attempt that took effect, as messages show them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_effect: Option<Vec<String>>,
    /// Whether that attempt can resume in the file, if it was begun with another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mended: Option<Fit>,
    /// What a person decided about it, if nothing has happened since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
}

/// Lists by plugin and then in order, for a database of `dialect`. Without a catalog, only what is recorded.
pub fn status(catalog: Option<&Catalog>, snapshot: &Snapshot, dialect: Dialect) -> Vec<StatusLine> {
    let mut keys: BTreeSet<&AlterationKey> = snapshot.rows.keys().collect();
    keys.extend(catalog.into_iter().flat_map(Catalog::iter).map(|alteration| &alteration.key));
    let mut newest = BTreeMap::new();
    for row in snapshot.applied() {
        let newest = newest.entry(&row.key.plugin).or_insert(&row.key.id);
        *newest = (*newest).max(&row.key.id);
    }
    keys.into_iter()
        .map(|key| {
            let row = snapshot.rows.get(key);
            let file = catalog.and_then(|catalog| catalog.get(key));
            let applied = row.is_some_and(|row| row.status == Status::Applied);
            let running = row.is_some_and(|row| row.status == Status::Running);
            let elsewhere = file.filter(|file| !applied && !running && file.is_elsewhere(dialect));
            let is_going_down = snapshot.is_going_down(key);
            let pending =
                file.is_some() && !applied && !running && !is_going_down && elsewhere.is_none();
            let older = newest.get(&key.plugin).is_some_and(|newest| **newest > key.id);
            let changed = match (file, row) {
                (Some(file), Some(row)) => {
                    let is_begun = snapshot.runs.contains_key(key);
                    (applied || is_begun) && file.checksum != row.checksum
                }
                _ => false,
            };
            let flags = [
                (Flag::Pending, pending),
                (Flag::Changed, changed),
                (Flag::Missing, applied && catalog.is_some() && file.is_none()),
                (Flag::OutOfOrder, pending && older),
            ];
            let stands = |row: &&StateRow| {
                matches!(row.status, Status::Applied | Status::Running)
                    || snapshot.runs.contains_key(key)
            };
            let draft = match row.filter(stands) {
                // Its file may be the same one, released by now.
                Some(row) => {
                    row.draft && !file.is_some_and(|f| !f.draft && f.checksum == row.checksum)
                }
                None => file.is_some_and(|file| file.draft),
            };
            let irreversible = file.is_some_and(|file| file.is_irreversible(dialect));
            StatusLine {
                key: key.clone(),
                status: row.map(|row| row.status),
                flags: flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag).collect(),
                irreversible: row.map_or(irreversible, |row| row.irreversible),
                draft,
                direction: snapshot.runs.get(key).map(|run| run.direction),
                cut_off: snapshot.cut_off(key).map(str::to_owned),
                needed_on: elsewhere.map(|file| file.needed_on.clone()).unwrap_or_default(),
                ..recorded(key, row)
            }
        })
        .collect()
}

fn recorded(key: &AlterationKey, row: Option<&StateRow>) -> StatusLine {
    StatusLine {
        key: key.clone(),
        status: None,
        flags: BTreeSet::new(),
        applied_at: row.and_then(|row| row.applied_at.clone()),
        applied_by: row.and_then(|row| row.applied_by.clone()),
        duration_ms: row.and_then(|row| row.duration_ms),
        statements: row.and_then(|row| row.statements),
        rows_affected: row.and_then(|row| row.rows_affected),
        irreversible: false,
        draft: false,
        needed_on: BTreeSet::new(),
        baseline: row.is_some_and(StateRow::never_ran),
        error: row.and_then(|row| row.error.clone()),
        direction: None,
        cut_off: None,
        took_effect: None,
        mended: None,
        decided: None,
    }
}
