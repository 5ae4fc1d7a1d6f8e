//! The one apply loop: each step of the plan is begun, run part by part, and recorded.

use super::{
    Work,
    attempt::Stepped,
    gathered::{Gathered, Position},
    lookahead::{Lookahead, Preparing, Steps},
};
use crate::{
    backend::{Backend, BackendError, Snapshot},
    crash,
    error::Error,
    event::{Event, NotRehearsed},
    plan::Plan,
};
use std::sync::Arc;

/// How a pass over the steps of a plan ended.
enum Passed {
    /// At their end, or where a rehearsal has to end.
    Done,
    /// A step failed, and those that were to be committed together with it are rolled back.
    GroupLost(Box<Error>),
}

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
        let total = self.before + plan.steps.len() + later;
        let mut from = Position { at: 0, revision, is_started: false };
        // Steps that are committed one by one, because they were lost together.
        let mut alone = 0;
        loop {
            let rest = plan.steps.get(from.at..).unwrap_or_default();
            let mut steps = Lookahead::new(rest, |step, left| preparing.step(step, left + later));
            if from.is_started {
                steps.following_is_started();
            }
            let mut gathered = Gathered::new(alone);
            let passed = self.apply_steps(backend, &mut steps, (from, total), &mut gathered).await;
            let error = match self.conclude(backend, &mut gathered, passed).await {
                Ok(Passed::GroupLost(error)) => error,
                ended => {
                    if let Some(attempt) = steps.started() {
                        self.leave_out(backend, attempt).await;
                    }
                    return ended.map(|_| ());
                }
            };
            let Some(first) = gathered.first() else { return Err(*error) };
            if self.control.cancelled.is_cancelled() {
                // What was begun first is all that is recorded of them.
                if let Some((attempt, _)) = components.get(&plan.steps[first.at].key) {
                    self.leave_out(backend, attempt).await;
                }
                return Err(gathered.lost_with(*error));
            }
            (from, alone) = (first, gathered.len() + 1);
        }
    }

    /// Commits what is done and is not yet committed, and reports it. If it is lost instead, nothing of it is.
    async fn conclude(
        &mut self,
        backend: &mut Backend,
        gathered: &mut Gathered,
        passed: Result<Passed, Error>,
    ) -> Result<Passed, Error> {
        let is_lost = matches!(passed, Ok(Passed::GroupLost(_)));
        if gathered.is_empty() {
            self.held.release();
            return passed;
        }
        let kept = match is_lost {
            true => Ok(()),
            false => backend.commit_group().await,
        };
        if !is_lost && kept.is_ok() && !backend.take_lost_group().await? {
            self.report.steps.extend(gathered.take());
            self.held.release();
            return passed;
        }
        self.held.discard();
        match (passed, kept) {
            (Ok(Passed::GroupLost(error)), _) => Ok(Passed::GroupLost(error)),
            (Err(error), _) => Ok(Passed::GroupLost(Box::new(error))),
            (Ok(Passed::Done), Err(error)) => Ok(Passed::GroupLost(Box::new(error.into()))),
            (Ok(Passed::Done), Ok(())) => {
                Ok(Passed::GroupLost(Box::new(BackendError::Moved.into())))
            }
        }
    }

    /// Leaves in `steps` what never had its turn, and in `gathered` what is done and not committed.
    async fn apply_steps(
        &mut self,
        backend: &mut Backend,
        steps: &mut Steps<'_>,
        (from, total): (Position, usize),
        gathered: &mut Gathered,
    ) -> Result<Passed, Error> {
        let groups = backend.groups().await?;
        let mut here = from;
        while steps.len() > 0 {
            if self.control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            let Some(now) = steps.next().transpose()? else { break };
            let subject = now.subject;
            here.is_started = now.is_started();
            self.held.tell(Event::Started {
                key: &subject.step.key,
                direction: subject.step.direction,
                component: subject.attempt.component_checksum,
                position: total - subject.left,
                total,
            });
            crash::point("before an attempt");
            // Where both are one transaction, the next start is recorded with the end of this attempt.
            let following = now.is_whole().then(|| steps.following()).flatten();
            let is_grouped = groups && following.is_some() && gathered.may_gather();
            if is_grouped {
                self.held.hold();
            }
            match self.step(backend, now, (following, is_grouped), here.revision).await? {
                Stepped::Done(next, report) => {
                    gathered.push(here, report);
                    here = Position { at: here.at + 1, revision: next, is_started: false };
                    if !is_grouped || !backend.is_group_open().await? {
                        self.report.steps.extend(gathered.take());
                        self.held.release();
                    }
                }
                Stepped::NotRehearsable(reason, statement) => {
                    let (key, rest) = (subject.step.key.clone(), subject.left);
                    self.report.not_rehearsed = Some(NotRehearsed { key, reason, statement, rest });
                    return Ok(Passed::Done);
                }
                Stepped::GroupLost(error) => return Ok(Passed::GroupLost(error)),
            }
            if following.is_some() {
                steps.following_is_started();
            }
            crash::point("after an attempt");
        }
        Ok(Passed::Done)
    }
}
