//! A job under the lock: plans again on what it finds there, and applies until the end or the first error.

use super::{Components, Control, Job, Renaming, acceptable, folders, held::Held};
use crate::{
    backend::{Backend, BackendError, NewGrant, Status},
    error::{Error, Lost},
    event::{Event, Report, StepReport},
    host::Host,
    plan::Renames,
};
use std::{sync::Arc, time::Duration};

/// Times that a plan is made anew because another runner changed the state.
const REPLANS_MAX: usize = 10;

/// A job under the lock.
pub(super) struct Work<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) host: &'a Host,
    pub(super) components: Arc<Components>,
    pub(super) control: &'a Control,
    /// Hears of attempts.
    pub(super) held: Arc<Held>,
    /// Takeovers that the operator agreed to at the question.
    pub(super) renames: Renames,
    /// Permissions that were granted at the question.
    pub(super) permitted: Vec<NewGrant>,
    pub(super) report: &'a mut Report,
    /// Steps that jobs before this one reported, which are on the server's disk.
    pub(super) before: usize,
    /// Steps of the jobs after this one.
    pub(super) later: usize,
    /// Times that a part is tried again when something was in its way.
    pub(super) retries: u32,
    pub(super) step_time: Option<Duration>,
    pub(super) step_pause: Duration,
    pub(super) block_limit: Option<Duration>,
}

impl Work<'_> {
    /// Works, and makes every error say what was done before it.
    pub(super) async fn work(&mut self, backend: &mut Backend) -> Result<(), Error> {
        let worked = match self.work_on(backend).await {
            Err(Error::Backend(error)) => Err(backend.explained(error).await.into()),
            worked => worked,
        };
        let lost = self.settle(backend).await;
        let done = &self.report.steps;
        match worked {
            Err(Error::Step(mut failure)) => {
                failure.done.clone_from(done);
                if failure.lost == Lost::Nothing {
                    failure.lost = lost;
                }
                Err(Error::Step(failure))
            }
            Err(error)
                if !done.is_empty()
                    || lost != Lost::Nothing
                    || !self.report.taken_over.is_empty() =>
            {
                let (done, rehearsed) = (done.clone(), self.report.rehearsed);
                let taken_over = self.report.taken_over.clone();
                Err(Error::Halted { done, lost, taken_over, rehearsed, cause: Box::new(error) })
            }
            worked => worked,
        }
    }

    /// Waits until what was done is on the server's disk. If the connection was lost before that, looks
    /// what is still there: the rest is not reported as done any more.
    async fn settle(&mut self, backend: &mut Backend) -> Lost {
        if !backend.is_unsettled() {
            return Lost::Nothing;
        }
        let unknown = match self.report.steps.len() > self.before {
            true => Lost::Unknown,
            false => Lost::Nothing,
        };
        match backend.flush().await {
            Ok(true) => return Lost::Nothing,
            Ok(false) => {}
            Err(_) => return unknown,
        }
        let snapshot = match backend.snapshot().await {
            Ok(snapshot) => snapshot,
            Err(BackendError::LeaseLost) if !backend.is_in_doubt() => return Lost::Nothing,
            Err(_) => return unknown,
        };
        backend.is_compared();
        let is_there = |step: &StepReport| {
            let status = snapshot.rows.get(&step.key).map(|row| row.status);
            status == Some(Status::after(step.direction))
        };
        let steps = self.report.steps.split_off(self.before);
        let (kept, lost): (Vec<_>, Vec<_>) = steps.into_iter().partition(is_there);
        self.report.steps.extend(kept);
        match lost {
            lost if lost.is_empty() => Lost::Nothing,
            lost => Lost::These(lost.into_iter().map(|step| step.key).collect()),
        }
    }

    /// Takes over, mends, releases and applies; plans again if another runner changed the state meanwhile.
    pub(super) async fn work_on(&mut self, backend: &mut Backend) -> Result<(), Error> {
        backend.prepare().await?;
        for _ in 0..REPLANS_MAX {
            let found = backend.snapshot().await?;
            let (mut snapshot, renaming) =
                Renaming::look(self.job, &self.renames, found.clone(), backend).await?;
            let mut plan = renaming.plan(self.job, &snapshot, backend.dialect());
            folders::decided(&mut plan);
            let plan = acceptable(plan)?;
            if let Some(step) = plan.steps.iter().find(|step| !self.components.has(step)) {
                return Err(Error::PlanChanged(step.key.clone()));
            }
            match self.record_grants(backend, &plan, &found).await {
                Ok(false) => {}
                Ok(true) | Err(Error::Backend(BackendError::Moved)) => continue,
                Err(error) => return Err(error),
            }
            // Another runner changed the state while this one waited: components are loaded for it as it is now.
            if !plan.steps.iter().all(|step| self.components.fits(&step.key, &snapshot)) {
                let (job, host, control) = (self.job, self.host, self.control);
                self.components =
                    Components::load(job, (&plan, &snapshot), backend, host, control).await?;
            }
            let mended = snapshot.clone();
            if !renaming.takeovers.is_empty() {
                match self.take_over(backend, &renaming.takeovers, found).await {
                    Ok(now) if now.revision.is_some() => snapshot = now,
                    Ok(_) | Err(Error::Backend(BackendError::Moved)) => continue,
                    Err(error) => return Err(error),
                }
            }
            // A takeover leaves another snapshot.
            match self.mend(backend, &plan, &mended).await {
                Ok(false) => {}
                Ok(true) | Err(Error::Backend(BackendError::Moved)) => continue,
                Err(error) => return Err(error),
            }
            if !plan.released.is_empty() && !self.report.rehearsed {
                // Before any step, which may fail: what is released is so either way.
                match self.release(backend, &plan.released, &snapshot).await {
                    Ok(revision @ Some(_)) => snapshot.revision = revision,
                    Ok(None) | Err(Error::Backend(BackendError::Moved)) => continue,
                    Err(error) => return Err(error),
                }
            }
            match self.apply(backend, &snapshot, &plan).await {
                Err(Error::Backend(BackendError::Moved)) => {}
                ended => return ended,
            }
            match self.settle(backend).await {
                Lost::Nothing | Lost::Together(_) => {}
                Lost::These(keys) => (self.control.observer)(Event::Lost { keys: &keys }),
                Lost::Unknown => {
                    let reason = "it could not be asked what it still has".to_owned();
                    return Err(BackendError::Disconnected(reason).into());
                }
            }
        }
        Err(Error::KeepsMoving)
    }
}
