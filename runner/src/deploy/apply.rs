//! The one apply loop: each step is begun, run, committed or rolled back, and recorded.

use super::Work;
use crate::{
    alteration::AlterationKey,
    backend::{Attempt, Backend, BackendError, Claim, Ending, Revision, Snapshot},
    crash,
    error::{Error, StepError, StepFailure},
    event::{Event, StepReport},
    host::{Call, Entropy, HookObserver, LoadError},
    plan::{Plan, Step},
    session::Counts,
};
use std::{sync::Arc, time::Instant};

impl Work<'_> {
    /// Applies the steps of a plan that rests on `snapshot`. [`BackendError::Moved`] means that
    /// somebody else changed the state first: nothing of the step at hand was kept.
    pub(super) async fn apply(
        &mut self,
        backend: &mut dyn Backend,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<(), Error> {
        let mut revision = snapshot.revision.ok_or(BackendError::Moved)?;
        let total = plan.steps.len();
        for (at, step) in plan.steps.iter().enumerate() {
            if self.control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let (key, direction) = (&step.key, step.direction);
            (self.control.observer)(Event::Started { key, direction, position: at + 1, total });
            crash::point("before an attempt");
            revision = self.step(backend, step, revision, total - at - 1).await?;
            crash::point("after an attempt");
        }
        Ok(())
    }

    async fn step(
        &mut self,
        backend: &mut dyn Backend,
        step: &Step,
        revision: Revision,
        left: usize,
    ) -> Result<Revision, Error> {
        let Some((attempt, ready)) = self.components.get(&step.key) else {
            return Err(Error::PlanChanged(step.key.clone()));
        };
        let began = Instant::now();
        let entropy =
            Entropy::draw().map_err(|error| Error::Engine(LoadError::Engine(error.to_string())))?;
        // A killed attempt is in the history, because its start is recorded first, on its own.
        let revision = match backend.record_start(attempt, revision).await {
            Ok(revision) => revision,
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(error) => return Err(self.failure(step, error.into(), left, None)),
        };
        crash::point("after the start was recorded");
        let claim = Claim { attempt, revision, component: &ready.bytes };
        let session = match backend.begin(&claim).await {
            Ok(session) => session,
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(error) => {
                let (counts, cause) = (Counts::default(), error.into());
                return Err(self.undo(backend, step, attempt, counts, cause, left).await);
            }
        };
        let call = Call {
            direction: step.direction,
            id: step.key.id.clone(),
            session,
            permissions: attempt.permissions.clone(),
            entropy,
            observer: self.hook_observer(&step.key),
        };
        let mut cancelled = self.control.cancelled.clone();
        let (counts, result) = tokio::select! {
            (counts, result) = self.host.call(&ready.loaded, call) => {
                (counts, result.map_err(StepError::Hook))
            }
            () = cancelled.cancelled() => (Counts::default(), Err(StepError::Interrupted)),
        };
        crash::point("after the hook");
        let committed = match result {
            Ok(()) => backend.commit(&claim, &counts).await.map_err(StepError::Backend),
            Err(error) => Err(error),
        };
        match committed {
            Ok(revision) => {
                let (key, direction) = (&step.key, step.direction);
                // The operator waited for the commit too; the record has the hook's own time.
                let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let counts = Counts { duration_ms, ..counts };
                (self.control.observer)(Event::Finished { key, direction, counts });
                self.report.steps.push(StepReport { key: key.clone(), direction, counts });
                Ok(revision)
            }
            Err(cause) => Err(self.undo(backend, step, attempt, counts, cause, left).await),
        }
    }

    /// Rolls a step back and records that it failed.
    async fn undo(
        &self,
        backend: &mut dyn Backend,
        step: &Step,
        attempt: &Attempt,
        counts: Counts,
        cause: StepError,
        left: usize,
    ) -> Error {
        if let Err(error) = backend.rollback().await {
            return self.failure(step, cause, left, Some(error));
        }
        let ending = match cause {
            StepError::Interrupted => Ending::Interrupted,
            StepError::Hook(_) | StepError::Backend(_) => Ending::Failed,
        };
        let recorded = backend.record_failure(attempt, ending, &counts, &cause.to_string()).await;
        crash::point("after the failure was recorded");
        let (key, direction) = (&step.key, step.direction);
        (self.control.observer)(Event::Failed { key, direction, counts });
        self.failure(step, cause, left, recorded.err())
    }

    fn failure(
        &self,
        step: &Step,
        cause: StepError,
        left: usize,
        unrecorded: Option<BackendError>,
    ) -> Error {
        Error::Step(Box::new(StepFailure {
            key: step.key.clone(),
            direction: step.direction,
            cause,
            done: self.report.steps.clone(),
            left,
            rehearsed: self.report.rehearsed,
            unrecorded: unrecorded.map(|error| error.to_string()),
        }))
    }

    fn hook_observer(&self, key: &AlterationKey) -> HookObserver {
        let (observer, key) = (Arc::clone(&self.control.observer), key.clone());
        Arc::new(move |event| observer(Event::Hook { key: &key, event }))
    }
}
