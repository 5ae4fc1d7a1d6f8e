//! A plugin that was renamed: what becomes of the records under its old name.

use super::{Snapshot, StateRow, Status};
use crate::alteration::{AlterationId, AlterationKey, Checksum, PluginName};
use std::collections::BTreeMap;

/// The records of one plugin, to become those of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    pub from: PluginName,
    pub to: PluginName,
    /// Of files that are not the bytes that were applied, and have the same code.
    pub checksums: BTreeMap<AlterationId, Checksum>,
}

/// What becomes of one row when its plugin is taken over.
#[derive(Debug)]
pub enum RowChange<'a> {
    /// It is recorded under the new name, over what that has of the same alteration.
    Move { row: &'a StateRow, replaces: Option<AlterationKey> },
    /// The new plugin's own row stands.
    Drop(&'a StateRow),
}

impl Takeover {
    /// The key under which `row` is recorded afterwards.
    pub fn key(&self, row: &StateRow) -> AlterationKey {
        AlterationKey { plugin: self.to.clone(), id: row.key.id.clone() }
    }

    /// The checksum that `row` is recorded with afterwards.
    pub fn checksum(&self, row: &StateRow) -> Checksum {
        self.checksums.get(&row.key.id).copied().unwrap_or(row.checksum)
    }

    /// Rows under the old name, each with what becomes of it. What is applied wins over what is not.
    pub fn changes<'a>(&'a self, snapshot: &'a Snapshot) -> impl Iterator<Item = RowChange<'a>> {
        let rows = snapshot.rows.values().filter(|row| row.key.plugin == self.from);
        rows.map(|row| {
            let known = snapshot.rows.get(&self.key(row));
            match known.filter(|known| known.status == Status::Applied) {
                Some(_) => RowChange::Drop(row),
                None => RowChange::Move { row, replaces: known.map(|known| known.key.clone()) },
            }
        })
    }
}

impl Snapshot {
    /// The state as it will be.
    pub fn taken_over(&self, takeover: &Takeover) -> Self {
        let mut after = self.clone();
        for change in takeover.changes(self) {
            match change {
                RowChange::Move { row, .. } => {
                    after.rows.remove(&row.key);
                    let (key, checksum) = (takeover.key(row), takeover.checksum(row));
                    let row = StateRow { key: key.clone(), checksum, ..row.clone() };
                    after.rows.insert(key, row);
                }
                RowChange::Drop(row) => drop(after.rows.remove(&row.key)),
            }
        }
        // Another name gives no other rights.
        if after.confined.remove(&takeover.from) {
            after.confined.insert(takeover.to.clone());
        }
        after.successors.remove(&takeover.to);
        after.successors.insert(takeover.from.clone(), takeover.to.clone());
        after
    }
}
