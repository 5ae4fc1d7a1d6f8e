//! What is recorded about alterations that were there before the runner came, and never ran under it.

use super::{
    Attempt, Backend, BackendError, Claim, Counts, Ending, Revision, StateRow, Status,
    attempt::or_roll_back,
    tables::{history, ledger, state},
};

/// What history says of an alteration that was recorded by mistake.
const NEVER_RAN: &str = "resolved: a baseline recorded it, and it is not there";

impl Backend {
    /// Records in one transaction that alterations are applied that did not run: they were there
    /// before the runner came. All of them or none, since a part would be deployed as pending.
    pub async fn record_applied(&mut self, claims: &[Claim<'_>]) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let recorded = async {
            connection.begin().await?;
            for claim in claims {
                // One revision each: by it a rollback knows their order.
                let revision = ledger::advance(connection, claim.revision, self.fence).await?;
                state::claim(connection, claim.attempt, revision, Status::Applied).await?;
                self.archive_up(connection, claim).await?;
                state::adopt(connection, claim.attempt, revision).await?;
                let end = (Ending::Baseline, &Counts::default(), None);
                history::append(connection, claim.attempt, Some(end)).await?;
            }
            connection.commit().await
        };
        let recorded = recorded.await;
        if recorded.is_err() {
            // It may have been found where this very transaction had put it.
            self.archived = None;
        }
        or_roll_back(connection, recorded).await
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
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let forgotten = async {
            self.start(connection, revision).await?;
            state::mark(connection, &attempt.key, Status::Reverted, None).await?;
            let end = (Ending::Resolved, &Counts::default(), Some(NEVER_RAN));
            history::append(connection, attempt, Some(end)).await?;
            connection.commit().await
        };
        let forgotten = forgotten.await;
        or_roll_back(connection, forgotten).await
    }
}
