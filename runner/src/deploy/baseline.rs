//! A step of a baseline: recorded as applied in one transaction, with its component archived, so that
//! it can be rolled back like any other. No hook is called.

use super::{Work, attempt::Subject};
use crate::{
    backend::{self, Backend, BackendError, Claim, Next, Part, Revision},
    crash,
    error::{Changed, Error, StepError},
};

impl Work<'_> {
    pub(super) async fn record(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        revision: Revision,
    ) -> Result<Revision, Error> {
        let claim = Claim { attempt: subject.attempt, revision, component: &subject.ready.bytes };
        let recorded = backend.record_applied(&claim).await;
        crash::point("after it was recorded");
        let cause = match recorded {
            Ok(revision) => return Ok(revision),
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(BackendError::Disconnected(reason)) => {
                let limits = subject.attempt.limits;
                let work = backend::Work { claim: &claim, part: Part::Whole, limits };
                match backend.look_after_commit(&work, &Next::Done).await {
                    Ok(Some(revision)) => return Ok(revision),
                    Ok(None) => BackendError::Disconnected(reason).into(),
                    Err(BackendError::LeaseLost) => StepError::LockLost,
                    Err(_) => StepError::Unknown(reason),
                }
            }
            Err(error) => backend.explained(error).await.into(),
        };
        Err(self.failure(subject, cause, Changed::Nothing, None))
    }
}
