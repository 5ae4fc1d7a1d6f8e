//! A baseline: all of its plan is recorded as applied in one transaction, with the components archived,
//! so that each can be rolled back like any other. No hook is called.

use super::{
    Work,
    attempt::{Subject, taken_over},
};
use crate::{
    backend::{Backend, BackendError, Claim, Revision},
    crash,
    error::{Changed, Error, StepError},
    event::{Event, StepReport},
    plan::Plan,
    session::Counts,
};

impl Work<'_> {
    pub(super) async fn record(
        &mut self,
        backend: &mut Backend,
        plan: &Plan,
        revision: Revision,
    ) -> Result<(), Error> {
        let mut subjects = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let Some((attempt, ready)) = self.components.get(&step.key) else {
                return Err(Error::PlanChanged(step.key.clone()));
            };
            subjects.push(Subject { step, attempt, ready, left: plan.steps.len() - 1 });
        }
        let claims: Vec<Claim<'_>> = (revision.0..)
            .zip(&subjects)
            .map(|(revision, subject)| Claim {
                attempt: subject.attempt,
                revision: Revision(revision),
                component: &subject.ready.bytes,
            })
            .collect();
        let recorded = backend.record_applied(&claims).await;
        crash::point("after they were recorded");
        let recorded = match recorded {
            Err(BackendError::Disconnected(reason)) => {
                match backend.look_after_recording(&claims).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(BackendError::Disconnected(reason).into()),
                    Err(BackendError::LeaseLost) => Err(StepError::LockLost),
                    Err(_) => Err(StepError::Unknown(reason)),
                }
            }
            Err(BackendError::Moved) if !taken_over(backend, &recorded) => {
                return Err(BackendError::Moved.into());
            }
            Err(BackendError::Moved) => Err(StepError::LockLost),
            Err(error) => Err(backend.explained(error).await.into()),
            Ok(()) => Ok(()),
        };
        match (recorded, subjects.first()) {
            (Err(cause), Some(first)) => {
                let hook = first.whole_hook();
                return Err(self.failure(*first, &hook, cause, Changed::Nothing, None));
            }
            (Err(_), None) | (Ok(()), _) => {}
        }
        for step in &plan.steps {
            let (key, direction) = (step.key.clone(), step.direction);
            (self.control.observer)(Event::Recorded { key: &key });
            self.report.steps.push(StepReport { key, direction, counts: Counts::default() });
        }
        Ok(())
    }
}
