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
mod control;
mod export;
mod folders;
mod gathered;
mod grants;
mod held;
mod hooks;
mod job;
mod judge;
mod lookahead;
mod losses;
pub(crate) mod mended;
mod part;
mod parts;
mod program;
mod released;
mod replaced;
pub(crate) mod resolve;
mod settings;
pub(crate) mod strays;
mod takeover;
mod trust;
mod work;

pub use control::{Answer, Control, Question};
pub(crate) use job::Job;
pub use job::{BaselineOptions, DeployOptions, How, RollbackOptions};
pub(crate) use judge::plan as judge;
pub use resolve::{Correction, Resolved};
pub(crate) use takeover::Renaming;
pub(crate) use trust::{against as untrusted, note_company};
// Options, questions and reports hold them.
pub use crate::{
    event::{Certainty, Exported, Losses, LostColumn, LostRows, LostTable, Replaced, ReplacedSql},
    given::{
        Grant, Grants, Levels, ParseGrantError, ParseSettingError, ParseTrustError, PluginSettings,
        Powerful, Setting, Settings, Trust, Trusts, UnknownSettings,
    },
};

use crate::{
    alteration::{AlterationKey, Direction, Level, Permission},
    backend::{Backend, BackendError, NewGrant, Obstacle, Snapshot},
    error::Error,
    event::{Event, Report},
    host::Host,
    plan::{Plan, Renames, Step},
    sql::Judge,
};
use again::Halves;
use components::Components;
use held::Held;
use std::{sync::Arc, time::Instant};
use work::Work;

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
    if !found.confined.is_empty() {
        backend.shut_left_open().await?;
    }
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
    strays::tell(job, &mut plan, backend).await?;
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
            Answer::Yes | Answer::Grant | Answer::Trust | Answer::Folder => {
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
    if let Some((key, permission)) = plan.steps.iter().find_map(|step| lent_outside(step, &parts))
        && !backend.confines_in_place()
        && !backend.confines_journaled()
    {
        return Err(Error::AltersOutside { key, permission });
    }
    let undeclared = plan.steps.iter().find(|step| {
        let is = |(_, components): &(_, Arc<Components>)| components.is_undeclared(step);
        step.level == Level::Confined && step.direction == Direction::Up && parts.iter().any(is)
    });
    if let Some(step) = undeclared.filter(|_| backend.confines_journaled()) {
        let missing = vec![format!(
            "the manifest of {} does not say which tables it makes (`creates`; `runner test` says what to write)",
            step.key.id
        )];
        let plugin = step.key.plugin.clone();
        return Err(BackendError::CannotConfine { plugin, missing, setup: Vec::new() }.into());
    }
    grants::check_tables(&plan, backend).await?;
    let export = job.export();
    export.map(export::check_folder).transpose()?;
    let losses = match job.destroys() {
        true => {
            let doing = (job, how, host);
            // What goes on with an unfinished attempt first ends what is left of it on the server.
            let is_begun = plan.steps.iter().any(|step| snapshot.runs.contains_key(&step.key));
            let may_run = powerful.is_none() && !is_begun && !plan.lacks_grants();
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
        for step in plan.steps.iter_mut().filter(|step| step.direction == Direction::Up) {
            step.creates.extend(components.creates(&step.key).into_iter().flatten().cloned());
        }
    }
    note_company(job, &mut plan, backend).await?;
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
        (Answer::Yes | Answer::Grant | Answer::Rename | Answer::Folder, Some(powerful)) => {
            return Err(Error::Powerful(Box::new(powerful)));
        }
        (Answer::Trust, _)
        | (Answer::Yes | Answer::Grant | Answer::Rename | Answer::Folder, None) => {}
    }
    let permitted = match answer {
        Answer::Grant | Answer::Trust => grants::missing(job, &plan),
        Answer::No | Answer::Yes | Answer::Rename | Answer::Folder => Vec::new(),
    };
    grants::check(job, &plan, &permitted)?;
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
    let agreed = (&renames, &permitted[..]);
    let worked = match rehearse {
        true => rehearsed(parts, backend, doing, agreed, &mut report).await,
        false => work(parts, backend, doing, agreed, &mut report).await,
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

/// Plans a deploy to an empty database; returns an error if it would be refused.
pub(crate) fn plan_for_empty(job: &Job<'_>, judge: &Judge) -> Result<Plan, Error> {
    let plan = acceptable(job.plan(&Snapshot::empty(), judge.dialect()))?;
    job.check_settings(&plan, &Snapshot::empty())?;
    grants::check(job, &plan, &[])?;
    judge::files(job, &plan, judge)?;
    Ok(plan)
}

/// Returns what `step` asks to be lent although it has hooks outside of a transaction, if its plugin is confined.
fn lent_outside(step: &Step, parts: &Parts<'_>) -> Option<(AlterationKey, Permission)> {
    let has = |(_, components): &(_, Arc<Components>)| {
        components.get(&step.key).is_some_and(|(_, ready)| ready.has_preparation(&step.key.id))
    };
    if step.level != Level::Confined || !parts.iter().any(has) {
        return None;
    }
    let mut asked = step.asks.permissions.iter().map(|asked| &asked.name);
    let permission = asked.find(|permission| permission.is_of_owner())?;
    Some((step.key.clone(), permission.clone()))
}

pub(crate) async fn lock(backend: &mut Backend, how: &How, control: &Control) -> Result<(), Error> {
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
    agreed: (&Renames, &[NewGrant]),
    report: &mut Report,
) -> Result<(), Error> {
    backend.begin_rehearsal().await?;
    backend.rehearse_confined();
    let worked = work(parts, backend, doing, agreed, report).await;
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
    (renames, permitted): (&Renames, &[NewGrant]),
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
            held: Arc::new(Held::new(Arc::clone(&control.observer))),
            renames: renames.clone(),
            permitted: permitted.to_vec(),
            before: report.steps.len(),
            later,
            report: &mut *report,
            retries: how.retries,
            step_time: how.step_time,
            step_pause: how.step_pause,
            block_limit: how.block_limit,
        };
        work.work(backend).await?;
        if report.not_rehearsed.is_some() {
            break;
        }
    }
    Ok(())
}
