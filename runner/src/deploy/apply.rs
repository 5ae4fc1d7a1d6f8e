//! The one apply loop: each step of the plan is begun, run part by part, and recorded.

use super::{
    Work,
    attempt::{Early, Stepped},
};
use crate::{
    backend::{Backend, BackendError, Revision, Snapshot},
    crash,
    error::Error,
    event::{Event, NotRehearsed},
    plan::{Plan, Step},
};

impl Work<'_> {
    /// Applies the steps of a plan that rests on `snapshot`. [`BackendError::Moved`] means that
    /// somebody else changed the state first: nothing of the step at hand was kept but its history.
    pub(super) async fn apply(
        &mut self,
        backend: &mut Backend,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<(), Error> {
        let revision = snapshot.revision.ok_or(BackendError::Moved)?;
        if self.job.only_records() {
            return self.record(backend, plan, revision).await;
        }
        let mut early = None;
        let applied = self.apply_steps(backend, snapshot, plan, revision, &mut early).await;
        if let Some(early) = early.filter(|early| early.is_started) {
            self.leave_out(backend, &early.attempt).await;
        }
        applied
    }

    /// Leaves the step in `early` that would have come next.
    async fn apply_steps(
        &mut self,
        backend: &mut Backend,
        snapshot: &Snapshot,
        plan: &Plan,
        mut revision: Revision,
        early: &mut Option<Early>,
    ) -> Result<(), Error> {
        let total = self.before + plan.steps.len() + self.later;
        let run = |step: &Step| snapshot.runs.get(&step.key);
        if let Some(first) = plan.steps.first() {
            *early = self.early(backend, first, run(first)).await?;
        }
        for (at, step) in plan.steps.iter().enumerate() {
            if self.control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let (key, direction) = (&step.key, step.direction);
            let position = self.before + at + 1;
            if let Some((attempt, _)) = self.components.get(key) {
                let component = attempt.component_checksum;
                let started = Event::Started { key, direction, component, position, total };
                (self.control.observer)(started);
            }
            crash::point("before an attempt");
            let upcoming = match plan.steps.get(at + 1) {
                Some(next) => self.early(backend, next, run(next)).await?,
                None => None,
            };
            let now = std::mem::replace(early, upcoming);
            let left = total - position;
            let place = (revision, left);
            match self.step(backend, step, run(step), now, early.as_mut(), place).await? {
                Stepped::Done(next) => revision = next,
                Stepped::NotRehearsable(statement) => {
                    let key = key.clone();
                    self.report.not_rehearsed = Some(NotRehearsed { key, statement, rest: left });
                    return Ok(());
                }
            }
            crash::point("after an attempt");
        }
        Ok(())
    }
}
