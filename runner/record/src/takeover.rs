//! A plugin that was renamed: what is recorded under its old name is recorded under the new one.
//!
//! All of it in one transaction, which the ledger's compare-and-swap orders like any other change. The archive keeps the
//! bytes that ran, by their checksum: they are what goes down. Whether anybody agreed to it is decided in `deploy`.

use super::{
    Attempt, Backend, BackendError, Revision, RowChange, Snapshot, Takeover, map,
    tables::{history, state},
    transaction::Durability,
};
use crate::alteration::Direction;

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
                RowChange::Move { row, replaces } => {
                    taken.extend(replaces.map(|key| state::forget(&key)));
                    let (key, checksum) = (takeover.key(row), takeover.checksum(row));
                    taken.push(state::rename(row, &takeover.to, checksum));
                    let attempt = Attempt { checksum, key, ..Attempt::down(row) };
                    let attempt = Attempt { direction: Direction::Up, ..attempt };
                    taken.push(history::append_taken_over(&attempt, &takeover.from));
                }
                RowChange::Drop(row) => taken.push(state::forget(&row.key)),
            }
        }
        taken.push(map::rename(&takeover.from, &takeover.to));
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
