//! A plugin that was renamed: what is recorded under its old name is recorded under the new one.
//!
//! All of it in one transaction, which the ledger's compare-and-swap orders like any other change. The archive keeps the
//! bytes that ran, by their checksum: they are what goes down. Whether anybody agreed to it is decided in `deploy`.

use super::{
    Attempt, Backend, BackendError, Revision, RowChange, Snapshot, Takeover,
    attempt::or_roll_back,
    tables::{history, state},
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
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let taken = async {
            let revision = self.start(connection, revision).await?;
            for change in takeover.changes(snapshot) {
                match change {
                    RowChange::Move { row, replaces } => {
                        if let Some(key) = replaces {
                            state::forget(connection, &key).await?;
                        }
                        let (key, checksum) = (takeover.key(row), takeover.checksum(row));
                        state::rename(connection, row, &takeover.to, checksum).await?;
                        let attempt = Attempt { checksum, key, ..Attempt::down(row) };
                        let attempt = Attempt { direction: Direction::Up, ..attempt };
                        history::append_taken_over(connection, &attempt, &takeover.from).await?;
                    }
                    RowChange::Drop(row) => state::forget(connection, &row.key).await?,
                }
            }
            connection.commit().await?;
            Ok(revision)
        };
        let taken = taken.await;
        self.is_unflushed &= taken.is_err();
        or_roll_back(connection, taken).await
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
