//! The one apply loop: each step of the plan is begun, run part by part, and recorded.

use super::{
    Work,
    attempt::Stepped,
    lookahead::{Lookahead, Preparing, Steps},
};
use crate::{
    backend::{Backend, BackendError, Revision, Snapshot},
    crash,
    error::Error,
    event::{Event, NotRehearsed},
    plan::Plan,
};
use std::sync::Arc;

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
        let (components, later) = (Arc::clone(&self.components), self.later);
        let preparing = Preparing {
            hooks: self.hooks(),
            components: &components,
            runs: &snapshot.runs,
            dialect: backend.dialect(),
            is_journaled: backend.is_journaled().await?,
        };
        let mut steps =
            Lookahead::new(&plan.steps, |step, left| preparing.step(step, left + later));
        let applied = self.apply_steps(backend, &mut steps, revision).await;
        if let Some(attempt) = steps.started() {
            self.leave_out(backend, attempt).await;
        }
        applied
    }

    /// Leaves in `steps` what never had its turn.
    async fn apply_steps(
        &mut self,
        backend: &mut Backend,
        steps: &mut Steps<'_>,
        mut revision: Revision,
    ) -> Result<(), Error> {
        let total = self.before + steps.len() + self.later;
        while steps.len() > 0 {
            if self.control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let Some(now) = steps.next().transpose()? else { break };
            let subject = now.subject;
            (self.control.observer)(Event::Started {
                key: &subject.step.key,
                direction: subject.step.direction,
                component: subject.attempt.component_checksum,
                position: total - subject.left,
                total,
            });
            crash::point("before an attempt");
            // Where both are one transaction, the next start is recorded with the end of this attempt.
            let following = now.is_whole().then(|| steps.following()).flatten();
            match self.step(backend, now, following, revision).await? {
                Stepped::Done(next, report) => {
                    revision = next;
                    self.report.steps.push(report);
                }
                Stepped::NotRehearsable(reason, statement) => {
                    let (key, rest) = (subject.step.key.clone(), subject.left);
                    self.report.not_rehearsed = Some(NotRehearsed { key, reason, statement, rest });
                    return Ok(());
                }
            }
            if following.is_some() {
                steps.following_is_started();
            }
            crash::point("after an attempt");
        }
        Ok(())
    }
}
