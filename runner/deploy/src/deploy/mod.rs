//! Deploying and rolling back: plan, load, lock, apply. One loop serves both directions.
//!
//! Brings together plan, host and backend, and is the only place that changes state. Prints
//! nothing: what happens goes to the observer.

mod again;
mod apply;
mod attempt;
mod baseline;
pub(crate) mod begun;
mod components;
mod export;
mod folders;
mod hooks;
mod job;
mod judge;
mod lookahead;
mod losses;
pub(crate) mod mended;
mod part;
mod parts;
mod released;
mod replaced;
pub(crate) mod resolve;
mod settings;
mod takeover;
mod trust;

pub(crate) use job::Job;
pub use job::{BaselineOptions, DeployOptions, How, RollbackOptions};
pub(crate) use judge::plan as judge;
pub use resolve::{Correction, Resolved};
pub(crate) use takeover::Renaming;
pub(crate) use trust::against as untrusted;
// Options, questions and reports hold them.
pub use crate::{
    event::{Certainty, Exported, Losses, LostColumn, LostRows, LostTable, Replaced, ReplacedSql},
    given::{
        Grant, Grants, Levels, ParseGrantError, ParseSettingError, ParseTrustError, PluginSettings,
        Powerful, Setting, Settings, Trust, Trusts, UnknownSettings,
    },
};

use crate::{
    alteration::Level,
    backend::{Backend, BackendError, Obstacle, Snapshot, Status},
    cancel::Cancelled,
    error::{Error, Lost},
    event::{Event, Observer, Report, StepReport},
    host::Host,
    plan::{Finding, Plan, Rename, Renames},
    sql::Judge,
};
use again::Halves;
use components::Components;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Times that a plan is made anew because somebody else changed the state.
const REPLANS_MAX: usize = 10;

/// How the caller takes part while the runner works.
pub struct Control {
    pub observer: Observer,
    /// Asked before anything is altered: once, and before that about plugins that take over what is recorded of others.
    pub confirm: Box<dyn Fn(&Question<'_>) -> Answer + Send + Sync>,
    pub cancelled: Cancelled,
}

/// What is asked before anything is altered.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub plan: &'a Plan,
    /// Plugins of the plan that are not trusted with what the URL's user may do, if there are any. Then only
    /// [`Answer::Trust`] goes on.
    pub powerful: Option<&'a Powerful>,
    /// Plugins that would take over what is recorded of others, and that nobody agreed to yet. Where there are any, the
    /// question is about them, and only [`Answer::Rename`] goes on.
    pub renames: &'a [Rename],
    /// Alterations that lie in another folder than what is recorded of their plugin, and that nobody allowed yet. Where
    /// there are any, the question is about them, and only [`Answer::Folder`] goes on.
    pub folders: &'a [Finding],
    /// What a rollback destroys, where that was looked for.
    pub losses: Option<&'a Losses>,
    /// Where that is written first.
    pub export: Option<&'a Path>,
    /// Components that go down instead of those that were applied.
    pub replaced: &'a [Replaced],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    No,
    /// Goes on with plugins that are trusted. With others it is [`Error::Powerful`].
    Yes,
    /// Goes on, and trusts every plugin of the plan for this run.
    Trust,
    /// Lets the plugins that were asked about take over what is recorded of others.
    Rename,
    /// Lets the alterations run that were asked about, without what was given to the name of their plugin.
    Folder,
}

impl Default for Control {
    /// Says yes, trusts nobody, looks away, never stops.
    fn default() -> Self {
        Self {
            observer: crate::event::silent(),
            confirm: Box::new(|_| Answer::Yes),
            cancelled: Cancelled::never(),
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

/// Runs a job from its plan to its report.
pub(crate) async fn run(
    job: &Job<'_>,
    backend: &mut Backend,
    host: &Host,
    how: &How,
    control: &Control,
) -> Result<Report, Error> {
    let rehearse = how.rehearse;
    let mut renames = Renames::new();
    let found = backend.snapshot().await?;
    let (mut snapshot, mut renaming) = Renaming::look(job, &renames, found, backend).await?;
    let mut plan = renaming.plan(job, &snapshot, backend.dialect());
    if plan.waits_for_an_attempt() {
        // Its runner may be at work; only what it leaves behind is to be decided about.
        lock(backend, how, control).await?;
        let now = backend.snapshot().await;
        backend.unlock().await;
        (snapshot, renaming) = Renaming::look(job, &renames, now?, backend).await?;
        plan = renaming.plan(job, &snapshot, backend.dialect());
    }
    if plan.objections().next().is_some() {
        begun::tell(&mut plan, &snapshot, backend).await?;
    }
    let to_ask = Renaming::to_ask(&plan);
    if !to_ask.is_empty() {
        let question = Question {
            plan: &plan,
            powerful: None,
            renames: &to_ask,
            folders: &[],
            losses: None,
            export: None,
            replaced: &[],
        };
        match (control.confirm)(&question) {
            Answer::Rename => {}
            Answer::No => return Err(Error::Declined),
            // A yes says nothing about whose records they are.
            Answer::Yes | Answer::Trust | Answer::Folder => {
                return Err(Error::Objections(Box::new(plan)));
            }
        }
        renames.extend(to_ask);
        let found = backend.snapshot().await?;
        (snapshot, renaming) = Renaming::look(job, &renames, found, backend).await?;
        plan = renaming.plan(job, &snapshot, backend.dialect());
    }
    if let Job::Deploy { catalog, options } = job
        && let Some(mut options) = folders::ask(options, &plan, control)?
    {
        options.renames.extend(renames);
        let job = Job::Deploy { catalog, options: &options };
        return Box::pin(run(&job, backend, host, how, control)).await;
    }
    let plan = acceptable(plan)?;
    job.check_settings(&plan, &snapshot)?;
    let mut report = Report { rehearsed: rehearse, ..Report::default() };
    // A rehearsal has nothing to find out about what is only recorded.
    let only_releases = plan.steps.is_empty() && renaming.takeovers.is_empty();
    if only_releases {
        // Nobody is shown the plan, so what it noticed is reported.
        report.notes.clone_from(&plan.findings);
        if plan.released.is_empty() || rehearse {
            return Ok(report);
        }
    }
    if snapshot.revision.is_none() && !job.makes_records() {
        let plugins = plan.steps.iter().map(|step| step.key.plugin.clone()).collect();
        if let Some((elsewhere, plugin)) = backend.applied_elsewhere(&plugins).await? {
            return Err(Error::AppliedElsewhere { place: snapshot.place, elsewhere, plugin });
        }
    }
    // Everything that will run is read, verified, compiled and linked before anything is altered.
    let halves = job.halves(&plan, &snapshot);
    let mut parts = Vec::new();
    match &halves {
        None => {
            let loaded = Components::load(job, (&plan, &snapshot), backend, host, control).await?;
            parts.push((job, loaded));
        }
        Some(Halves { down: (taking_down, down), up, between }) => {
            let state = (down, &snapshot);
            let loaded = Components::load(taking_down, state, backend, host, control).await?;
            parts.push((taking_down, loaded));
            let loaded = Components::load(job, (up, between), backend, host, control).await?;
            parts.push((job, loaded));
        }
    }
    // Under the lock the plan can only lose steps, so that this is asked once.
    let powerful = match job.only_records() {
        false => untrusted(&plan, backend).await?,
        true => None,
    };
    if let Some(plugin) = trust::at(Level::Confined, &plan).into_iter().next()
        && let Some(Obstacle { missing, setup }) = backend.obstacle().await?
    {
        return Err(BackendError::CannotConfine { plugin, missing, setup }.into());
    }
    let outside = plan.steps.iter().find(|step| {
        let has = |(_, components): &(_, Arc<Components>)| components.has_preparation(step);
        step.level == Level::Confined && parts.iter().any(has)
    });
    if let Some(step) = outside.filter(|_| !backend.confines_in_place()) {
        return Err(Error::ConfinedPreparation(step.key.clone()));
    }
    let export = job.export();
    export.map(export::check_folder).transpose()?;
    let losses = match job.destroys() {
        true => {
            let doing = (job, how, host);
            // What goes on with an unfinished attempt first ends what is left of it on the server.
            let is_begun = plan.steps.iter().any(|step| snapshot.runs.contains_key(&step.key));
            let may_run = powerful.is_none() && !is_begun;
            // A rollback is one part.
            let Some((_, components)) = parts.first_mut() else { return Ok(report) };
            Some(losses::look(doing, &plan, components, backend, control, may_run).await?)
        }
        false => None,
    };
    // Only a rollback has any, which is one part.
    let replaced = match parts.first() {
        Some((_, components)) => replaced::look(&plan, &snapshot, components, backend).await?,
        None => Vec::new(),
    };
    let mut plan = plan;
    for (_, components) in &parts {
        judge::add(&mut plan, components.notes().to_vec());
    }
    let question = Question {
        plan: &plan,
        replaced: &replaced,
        powerful: powerful.as_ref(),
        renames: &[],
        folders: &[],
        losses: losses.as_ref(),
        export,
    };
    // Where there is nothing but a takeover, and it was agreed to just now, that was the question. Where there is
    // nothing but what is released, nothing runs that could be asked about.
    let answer = match only_releases || plan.steps.is_empty() && !renames.is_empty() {
        true => Answer::Yes,
        false => (control.confirm)(&question),
    };
    match (answer, powerful) {
        (Answer::No, _) => return Err(Error::Declined),
        (Answer::Yes | Answer::Rename | Answer::Folder, Some(powerful)) => {
            return Err(Error::Powerful(Box::new(powerful)));
        }
        (Answer::Trust, _) | (Answer::Yes | Answer::Rename | Answer::Folder, None) => {}
    }
    let began = Instant::now();
    lock(backend, how, control).await?;
    if let (Some(folder), Some(losses)) = (export, &losses) {
        let url = backend.url().to_owned();
        let exported = export::write(folder, &url, losses, backend, control).await;
        if exported.is_err() {
            backend.unlock().await;
        }
        report.exported = Some(exported?);
    }
    report.drops = losses;
    report.replaced = replaced;
    let doing = (host, how, control);
    let worked = match rehearse {
        true => rehearsed(parts, backend, doing, &renames, &mut report).await,
        false => work(parts, backend, doing, &renames, &mut report).await,
    };
    backend.unlock().await;
    report.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match (worked, report.exported.take()) {
        (Ok(()), exported) => Ok(Report { exported, ..report }),
        (Err(cause), Some(exported)) => {
            Err(Error::AfterExport { exported, cause: Box::new(cause) })
        }
        (Err(error), None) => Err(error),
    }
}

/// What a deploy to an empty database would run; an error where it would refuse to.
pub(crate) fn plan_for_empty(job: &Job<'_>, judge: &Judge, host: &Host) -> Result<Plan, Error> {
    let plan = acceptable(job.plan(&Snapshot::empty(), judge.dialect()))?;
    job.check_settings(&plan, &Snapshot::empty())?;
    components::check_grants(job, &plan, host, judge.dialect())?;
    judge::files(job, &plan, judge)?;
    Ok(plan)
}

async fn lock(backend: &mut Backend, how: &How, control: &Control) -> Result<(), Error> {
    let mut cancelled = control.cancelled.clone();
    let mut waiting = |holder| (control.observer)(Event::Waiting { holder: &holder });
    tokio::select! {
        locked = backend.lock(how.lock_patience, &mut waiting) => Ok(locked?),
        () = cancelled.cancelled() => Err(Error::Interrupted),
    }
}

fn acceptable(plan: Plan) -> Result<Plan, Error> {
    if plan.objections().next().is_some() {
        return Err(Error::Objections(Box::new(plan)));
    }
    Ok(plan)
}

/// Jobs with what they run, in order.
type Parts<'a> = Vec<(&'a Job<'a>, Arc<Components>)>;

async fn rehearsed(
    parts: Parts<'_>,
    backend: &mut Backend,
    doing: (&Host, &How, &Control),
    renames: &Renames,
    report: &mut Report,
) -> Result<(), Error> {
    backend.begin_rehearsal().await?;
    let worked = work(parts, backend, doing, renames, report).await;
    let ended = backend.end_rehearsal().await;
    // Why it failed matters more than that nothing was left to roll back.
    worked?;
    Ok(ended?)
}

/// Does one job after the other, up to the first that does not come to its end.
async fn work(
    parts: Parts<'_>,
    backend: &mut Backend,
    (host, how, control): (&Host, &How, &Control),
    renames: &Renames,
    report: &mut Report,
) -> Result<(), Error> {
    let mut later: usize = parts.iter().map(|(_, components)| components.steps()).sum();
    for (job, components) in parts {
        later -= components.steps();
        let mut work = Work {
            job,
            host,
            components,
            control,
            renames: renames.clone(),
            before: report.steps.len(),
            later,
            report: &mut *report,
            retries: how.retries,
            step_time: how.step_time,
            step_pause: how.step_pause,
        };
        work.work(backend).await?;
        if report.not_rehearsed.is_some() {
            break;
        }
    }
    Ok(())
}

/// A job under the lock.
struct Work<'a> {
    job: &'a Job<'a>,
    host: &'a Host,
    components: Arc<Components>,
    control: &'a Control,
    /// What the operator agreed to at the question.
    renames: Renames,
    report: &'a mut Report,
    /// Steps that jobs before this one reported, which are on the server's disk.
    before: usize,
    /// Steps of the jobs after this one.
    later: usize,
    /// Times that a part is tried again when something was in its way.
    retries: u32,
    step_time: Option<Duration>,
    step_pause: Duration,
}

impl Work<'_> {
    /// Works, and makes every error say what was done before it.
    async fn work(&mut self, backend: &mut Backend) -> Result<(), Error> {
        let worked = match self.work_on(backend).await {
            Err(Error::Backend(error)) => Err(backend.explained(error).await.into()),
            worked => worked,
        };
        let lost = self.settle(backend).await;
        let done = &self.report.steps;
        match worked {
            Err(Error::Step(mut failure)) => {
                failure.done.clone_from(done);
                failure.lost = lost;
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

    /// Waits until what was done is on the server's disk. Where the connection was lost before that, looks
    /// what is still there: the rest is not told as done any more.
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

    async fn work_on(&mut self, backend: &mut Backend) -> Result<(), Error> {
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
            // Somebody else was at it while this runner waited: it is loaded as it stands now.
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
                Lost::Nothing => {}
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
