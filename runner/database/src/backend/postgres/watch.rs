//! Notes which locks a transaction holds when it is about to commit.
//!
//! A session sees its own locks; only those on what was there before are told, since nobody can
//! wait for what nobody sees yet. Outside of transactions nothing can be seen.

use super::{PostgresConnection, catalogue};
use crate::backend::{
    BackendError,
    connection::Transactions,
    scratch::{Blocked, Locks, TableLock},
};
use std::collections::{BTreeMap, HashMap};

/// Weakest first.
const MODES: [&str; 8] = [
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];

/// What is noted while somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Names of what was there before, by the object's id.
    names: HashMap<i64, String>,
    /// The strongest mode, by its place in [`MODES`].
    held: BTreeMap<String, usize>,
    outside: usize,
}

impl PostgresConnection {
    pub(super) async fn start_watch(&mut self) -> Result<(), BackendError> {
        self.look().await?;
        let read = self.own_texts(&catalogue::relations(&self.config.schema)).await;
        self.rollback().await?;
        let name = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(id), Some(name)]) => Some((id.parse().ok()?, name)),
            _ => None,
        };
        let names = read?.into_iter().filter_map(name).collect();
        self.watch = Some(Watch { names, ..Watch::default() });
        Ok(())
    }

    /// To be called in a transaction that is about to commit.
    pub(super) async fn note_locks(&mut self) -> Result<(), BackendError> {
        if self.watch.is_none() {
            return Ok(());
        }
        let sql = "SELECT l.relation::pg_catalog.int8, l.mode FROM pg_catalog.pg_locks l \
            WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() \
                AND l.locktype OPERATOR(pg_catalog.=) 'relation'::pg_catalog.text AND l.granted";
        let rows = self.own_texts(sql).await?;
        let Some(watch) = &mut self.watch else { return Ok(()) };
        for row in rows {
            let [Some(id), Some(mode)] = &row[..] else { continue };
            let strength = MODES.iter().position(|known| known == mode);
            let name = id.parse().ok().and_then(|id| watch.names.get(&id));
            if let (Some(name), Some(strength)) = (name, strength) {
                let held = watch.held.entry(name.clone()).or_default();
                *held = strength.max(*held);
            }
        }
        Ok(())
    }

    pub(super) fn note_outside(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.outside += 1;
        }
    }

    pub(super) fn end_watch(&mut self) -> Locks {
        let Some(watch) = self.watch.take() else { return Locks::Unknown };
        let lock = |(table, strength): (String, usize)| TableLock {
            table,
            mode: MODES[strength].to_owned(),
            blocks: match strength {
                0..4 => None,
                4..7 => Some(Blocked::Writes),
                _ => Some(Blocked::ReadsAndWrites),
            },
        };
        Locks::Tables { tables: watch.held.into_iter().map(lock).collect(), outside: watch.outside }
    }
}
