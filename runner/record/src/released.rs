//! Drafts that were released as they were applied: from then on they are recorded as releases.
//!
//! All of them in one transaction, which the ledger's compare-and-swap orders like any other change. What is released is
//! decided in `plan`.

use super::{
    Attempt, Backend, BackendError, Counts, Ending, Revision, StateRow,
    tables::{history, state},
    transaction::Durability,
};
use crate::alteration::Direction;

impl Backend {
    /// Records that `drafts`, which are applied, are released by now, all or nothing.
    pub async fn record_released(
        &mut self,
        drafts: &[&StateRow],
        revision: Revision,
    ) -> Result<Revision, BackendError> {
        let mut recorded = vec![self.advance(revision)?];
        for row in drafts {
            recorded.push(state::release(row));
            let attempt = Attempt { direction: Direction::Up, draft: false, ..Attempt::down(row) };
            let end = (Ending::Released, &Counts::default(), None);
            recorded.push(history::append(&attempt, Some(end)));
        }
        self.apply(recorded, Durability::Flushed).await?;
        Ok(revision.next())
    }

    /// After [`Backend::record_released`] whose answer never came: connects again and looks whether it took effect.
    pub async fn look_after_releasing(
        &mut self,
        drafts: &[&StateRow],
    ) -> Result<bool, BackendError> {
        let (is_fenced, snapshot) = self.settled().await?;
        if is_fenced {
            return Err(BackendError::LeaseLost);
        }
        let is_released =
            |row: &&StateRow| snapshot.rows.get(&row.key).is_some_and(|now| !now.draft);
        Ok(drafts.iter().all(is_released))
    }
}
