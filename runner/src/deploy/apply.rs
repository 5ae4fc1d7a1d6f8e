//! The one apply loop: each step of the plan is begun, run part by part, and recorded.

use super::{Work, attempt::Stepped};
use crate::{
    backend::{Backend, BackendError, Snapshot},
    crash,
    error::Error,
    event::{Event, NotRehearsed},
    plan::{Plan, Step},
};

impl Work<'_> {
    /// Applies the steps of a plan that rests on `snapshot`. [`BackendError::Moved`] means that
    /// somebody else changed the state first: nothing of the step at hand was kept.
    pub(super) async fn apply(
        &mut self,
        backend: &mut Backend,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<(), Error> {
        let mut revision = snapshot.revision.ok_or(BackendError::Moved)?;
        if self.job.only_records() {
            return self.record(backend, plan, revision).await;
        }
        let total = plan.steps.len();
        let mut early = None;
        for (at, step) in plan.steps.iter().enumerate() {
            if self.control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let (key, direction) = (&step.key, step.direction);
            (self.control.observer)(Event::Started { key, direction, position: at + 1, total });
            crash::point("before an attempt");
            let run = |step: &Step| snapshot.runs.get(&step.key);
            let now = early.take();
            if let Some(next) = plan.steps.get(at + 1) {
                early = self.early(backend, next, run(next)).await?;
            }
            match self.step(backend, step, run(step), now, revision, total - at - 1).await? {
                Stepped::Done(next) => revision = next,
                Stepped::NotRehearsable(statement) => {
                    let key = key.clone();
                    let rest = total - at - 1;
                    self.report.not_rehearsed = Some(NotRehearsed { key, statement, rest });
                    return Ok(());
                }
            }
            crash::point("after an attempt");
        }
        Ok(())
    }
}
