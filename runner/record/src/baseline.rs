//! What is recorded about alterations that were there before the runner came, and never ran under it.

use super::{
    Attempt, Backend, BackendError, Claim, Counts, Ending, Revision, StateRow, Status,
    tables::{history, ledger, state},
    transaction::Durability,
};

use std::collections::BTreeSet;

/// What history says of an alteration that was recorded by mistake.
const NEVER_RAN: &str = "resolved: a baseline recorded it, and it is not there";

impl Backend {
    /// Records in one transaction that alterations are applied that did not run: they were there
    /// before the runner came. All of them or none, since a part would be deployed as pending.
    pub async fn record_applied(&mut self, claims: &[Claim<'_>]) -> Result<(), BackendError> {
        let mut recorded = Vec::new();
        let mut stored = BTreeSet::new();
        for claim in claims {
            // One revision each: by it a rollback knows their order.
            let revision = claim.revision.next();
            recorded.push(ledger::advance(claim.revision, self.fence));
            recorded.push(state::claim(claim.attempt, revision, Status::Applied));
            // A release's alterations share one.
            if stored.insert(claim.attempt.component_checksum) {
                recorded.extend(self.archive_up(claim).await?);
            }
            recorded.push(state::adopt(claim.attempt, revision));
            let end = (Ending::Baseline, &Counts::default(), None);
            recorded.push(history::append(claim.attempt, Some(end)));
        }
        self.apply(recorded, Durability::Flushed).await
    }

    /// After [`Backend::record_applied`] whose answer never came: connects again and looks whether
    /// it took effect.
    pub async fn look_after_recording(
        &mut self,
        claims: &[Claim<'_>],
    ) -> Result<bool, BackendError> {
        let (is_fenced, snapshot) = self.settled().await?;
        if is_fenced {
            return Err(BackendError::LeaseLost);
        }
        let row = |claim: &Claim<'_>| snapshot.rows.get(&claim.attempt.key);
        Ok(claims.iter().all(|claim| row(claim).is_some_and(StateRow::never_ran)))
    }

    /// Records that an alteration is not applied after all that a baseline had recorded.
    pub async fn forget_applied(
        &mut self,
        attempt: &Attempt,
        revision: Revision,
    ) -> Result<(), BackendError> {
        let end = (Ending::Resolved, &Counts::default(), Some(NEVER_RAN));
        let forgotten = vec![
            self.advance(revision)?,
            state::mark(&attempt.key, Status::Reverted, None),
            history::append(attempt, Some(end)),
        ];
        self.apply(forgotten, Durability::Flushed).await
    }
}
