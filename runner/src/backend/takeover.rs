//! A plugin that was renamed: what is recorded under its old name is recorded under the new one.
//!
//! All of it in one transaction, which the ledger's compare-and-swap orders like any other change. The archive keeps the
//! bytes that ran, by their checksum: they are what goes down. Whether anybody agreed to it is decided in `deploy`.

use super::{
    Attempt, Backend, BackendError, Revision, Snapshot, StateRow, Status,
    tables::{history, state},
    transaction::Durability,
};
use crate::alteration::{AlterationId, AlterationKey, Checksum, Direction, PluginName};
use std::collections::BTreeMap;

/// The records of one plugin, to become those of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    pub from: PluginName,
    pub to: PluginName,
    /// Of files that are not the bytes that were applied, and have the same code.
    pub checksums: BTreeMap<AlterationId, Checksum>,
}

/// What becomes of one row.
enum Change<'a> {
    /// It is recorded under the new name, over what that has of the same alteration.
    Move { row: &'a StateRow, replaces: Option<AlterationKey> },
    /// The new plugin's own row stands.
    Drop(&'a StateRow),
}

impl Takeover {
    /// The key under which `row` is recorded afterwards.
    fn key(&self, row: &StateRow) -> AlterationKey {
        AlterationKey { plugin: self.to.clone(), id: row.key.id.clone() }
    }

    fn checksum(&self, row: &StateRow) -> Checksum {
        self.checksums.get(&row.key.id).copied().unwrap_or(row.checksum)
    }

    /// Rows under the old name, each with what becomes of it. What is applied wins over what is not.
    fn changes<'a>(&'a self, snapshot: &'a Snapshot) -> impl Iterator<Item = Change<'a>> {
        let rows = snapshot.rows.values().filter(|row| row.key.plugin == self.from);
        rows.map(|row| {
            let known = snapshot.rows.get(&self.key(row));
            match known.filter(|known| known.status == Status::Applied) {
                Some(_) => Change::Drop(row),
                None => Change::Move { row, replaces: known.map(|known| known.key.clone()) },
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
                Change::Move { row, .. } => {
                    after.rows.remove(&row.key);
                    let (key, checksum) = (takeover.key(row), takeover.checksum(row));
                    let row = StateRow { key: key.clone(), checksum, ..row.clone() };
                    after.rows.insert(key, row);
                }
                Change::Drop(row) => drop(after.rows.remove(&row.key)),
            }
        }
        after.successors.remove(&takeover.to);
        after.successors.insert(takeover.from.clone(), takeover.to.clone());
        after
    }
}

impl Backend {
    /// Records all that `snapshot` has under the old name under the new one, all or nothing. Nothing of either may be
    /// unfinished.
    pub async fn take_over(
        &mut self,
        takeover: &Takeover,
        snapshot: &Snapshot,
        revision: Revision,
    ) -> Result<Revision, BackendError> {
        let mut taken = vec![self.advance(revision)?];
        for change in takeover.changes(snapshot) {
            match change {
                Change::Move { row, replaces } => {
                    taken.extend(replaces.map(|key| state::forget(&key)));
                    let (key, checksum) = (takeover.key(row), takeover.checksum(row));
                    taken.push(state::rename(row, &takeover.to, checksum));
                    let attempt = Attempt { checksum, key, ..Attempt::down(row) };
                    let attempt = Attempt { direction: Direction::Up, ..attempt };
                    taken.push(history::append_taken_over(&attempt, &takeover.from));
                }
                Change::Drop(row) => taken.push(state::forget(&row.key)),
            }
        }
        self.apply(taken, Durability::Flushed).await?;
        Ok(revision.next())
    }

    /// After [`Backend::take_over`] whose answer never came: connects again and looks whether it took effect.
    pub async fn look_after_taking_over(
        &mut self,
        takeover: &Takeover,
    ) -> Result<bool, BackendError> {
        let (is_fenced, snapshot) = self.settled().await?;
        if is_fenced {
            return Err(BackendError::LeaseLost);
        }
        Ok(snapshot.successors.get(&takeover.from) == Some(&takeover.to))
    }
}
