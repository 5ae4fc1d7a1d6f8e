//! A plugin that was renamed: what is recorded under its old name is recorded under the new one.
//!
//! All of it in one transaction, which the ledger's compare-and-swap orders like any other change. The archive keeps the
//! bytes that ran, by their checksum: they are what goes down. Whether anybody agreed to it is decided in `deploy`.

use super::{
    Attempt, Backend, BackendError, Revision, RowChange, Snapshot, Takeover,
    connection::Cell,
    map,
    tables::{history, state},
    transaction::{Durability, Own},
};
use crate::alteration::Direction;

/// Gives a plugin's role or user to its new name, unless that has one. MySQL reads no table that it updates, but for a derived one.
const RENAMES_ROLE: &str = "UPDATE @role SET plugin = ? WHERE plugin = ?
    AND NOT EXISTS (SELECT 1 FROM (SELECT plugin FROM @role) AS known WHERE known.plugin = ?)";

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
        if self.has_roles().await? {
            let [from, to] = [&takeover.from, &takeover.to].map(|name| Cell::text(name.as_str()));
            taken.push(Own::run(RENAMES_ROLE, [to.clone(), from, to]));
        }
        self.apply(taken, Durability::Flushed).await?;
        Ok(revision.next())
    }

    /// Returns whether plugins have database roles or users of their own here.
    async fn has_roles(&mut self) -> Result<bool, BackendError> {
        let Some(shared) = self.connection.clone() else { return Ok(false) };
        let own = shared.lock().await.own_tables().await?;
        Ok(own.contains("alteration_role"))
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
