//! Tests alterations on a scratch database: each goes up, down and up again, and must come back.
//!
//! Every hook runs through the one apply loop, as in a deploy. What is compared is `picture.rs` and
//! `difference.rs`, where it is tried `ground.rs`. Prints nothing.

mod difference;
mod ground;
mod picture;
mod rows;

pub use difference::{Difference, LineChange, RowChange, RowCounts};
pub use picture::{ColumnName, ParseColumnError};

use crate::{
    alteration::{AlterationKey, Catalog, Dialect, Direction, PluginName},
    backend::{Backend, BackendError, Locks, Status},
    deploy::{self, Control, DeployOptions, Job, RollbackOptions},
    error::{Error, StepError},
    event::Report,
    given::Grants,
    host::Host,
    pack::check_of,
    plan::{Plan, RollbackTarget, SkipReason, Skipped},
    session::Counts,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, Instant},
};

pub(crate) use difference::{added_rows, between};
pub(crate) use ground::{Ground, Script, prepare};
pub(crate) use picture::{Picture, PictureError};

/// What to test, and on which data.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    pub deploy: DeployOptions,
    /// Plain SQL that is run before anything, with the operator's own rights.
    pub prepare: Option<PathBuf>,
    /// Leave the scratch database behind.
    pub keep: bool,
    /// Columns whose values each run draws anew: they are not compared.
    pub ignore: BTreeSet<ColumnName>,
    /// Plain SQL that is run before an alteration first goes up: rows that a database may hold then.
    pub rows: BTreeMap<AlterationKey, RowFiles>,
    /// Where checks lie, besides those beside components.
    pub checks: Option<PathBuf>,
    /// The alterations to test; the others only go up. `None` for all.
    pub only: Option<BTreeSet<AlterationKey>>,
}

/// Files of plain SQL; what is for one dialect is run there instead of what is for all.
#[derive(Debug, Clone, Default)]
pub struct RowFiles {
    pub all: Option<PathBuf>,
    pub of: BTreeMap<Dialect, PathBuf>,
}

impl RowFiles {
    pub(crate) fn on(&self, dialect: Dialect) -> Option<&PathBuf> {
        self.of.get(&dialect).or(self.all.as_ref())
    }
}

/// What a test found.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// What it was tested on, as the server says.
    pub dialect: Dialect,
    /// How it ended.
    pub outcome: Outcome,
    /// What was tested.
    pub alterations: Vec<Tested>,
    /// The first hook that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Every one that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// How many alterations of the plan were not tested, because they need one that failed.
    pub left: usize,
    /// Those that were not tested, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_tested: Vec<NotTested>,
    /// Alterations that the target does not include.
    pub skipped: usize,
    /// Alterations that only other databases need.
    #[serde(skip_serializing_if = "is_zero")]
    pub elsewhere: usize,
    /// How long it all took.
    pub duration_ms: u64,
    /// The scratch database, where it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scratch: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All came back as it was.
    Passed,
    /// What an alteration left behind is not as it was.
    Differs,
    /// A hook failed.
    Failed,
    /// The target includes no alteration at all.
    NothingTested,
}

/// One alteration that was tested, to its end unless a hook of it failed.
#[derive(Debug, Clone, Serialize)]
pub struct Tested {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// How it ended.
    pub outcome: Verdict,
    /// Whether a check of its own ran after it was applied.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub checked: bool,
    /// Each way through it that ran.
    pub passes: Vec<Pass>,
    /// What did not come back.
    pub differences: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All came back as it was.
    Passed,
    /// What it left behind is not as it was.
    Differs,
    /// It has no way back, so that only its `up` could run.
    Irreversible,
    /// One of its hooks failed; [`Trial::failures`] says how.
    Failed,
}

/// One way through an alteration.
#[derive(Debug, Clone, Serialize)]
pub struct Pass {
    /// Whether it was applied or taken back.
    pub direction: Direction,
    #[serde(flatten)]
    pub counts: Counts,
    /// What others had to wait for.
    pub locks: Locks,
}

/// A hook that failed, or left behind what cannot be read.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// Whether it was being applied or taken back.
    pub direction: Direction,
    /// Whether it was the second `up`, after `down`.
    pub again: bool,
    /// What happened.
    pub message: String,
}

/// An alteration that could not be tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotTested {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// The one that failed, and that it needs.
    pub without: AlterationKey,
}

/// After what a difference was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// `down` did not bring back what was before `up`.
    Down,
    /// The second `up` did not bring what the first had brought.
    SecondUp,
    /// What `up` brought: no fault, and shown to an author who looks on.
    Up,
}

/// What a test found so far, over all the databases that it needed.
pub(crate) struct Progress<'a> {
    began: Instant,
    /// Is told of each alteration that was tested.
    observer: &'a (dyn Fn(&Tested) + Send + Sync),
    alterations: Vec<Tested>,
    failures: Vec<Failure>,
    not_tested: Vec<NotTested>,
    /// The step that comes next.
    next: usize,
    /// What went up and stays, in order: a database that is made anew has it first.
    up: Vec<AlterationKey>,
    /// Plugins of which an alteration does not go up, with that one.
    broken: BTreeMap<PluginName, AlterationKey>,
}

/// Whether a test is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    ToTheEnd,
    /// Something is left behind that others must not see: it goes on with a database that is made anew.
    NeedsAnother,
}

impl<'a> Progress<'a> {
    pub(crate) fn begin(observer: &'a (dyn Fn(&Tested) + Send + Sync)) -> Self {
        Self {
            began: Instant::now(),
            observer,
            alterations: Vec::new(),
            failures: Vec::new(),
            not_tested: Vec::new(),
            next: 0,
            up: Vec::new(),
            broken: BTreeMap::new(),
        }
    }

    /// The alteration without which `key` cannot be tested, if there is one.
    fn blocked(&mut self, key: &AlterationKey, catalog: &Catalog) -> Option<AlterationKey> {
        let requires = catalog.get(key).into_iter().flat_map(|one| one.requires.keys());
        let cause = std::iter::once(&key.plugin).chain(requires);
        let cause = cause.filter_map(|plugin| self.broken.get(plugin)).next().cloned()?;
        // What requires this one cannot be tested either.
        self.broken.entry(key.plugin.clone()).or_insert_with(|| cause.clone());
        Some(cause)
    }

    /// Leaves out what comes next and cannot be tested.
    fn leave_out(&mut self, plan: &Plan, catalog: &Catalog) {
        while let Some(step) = plan.steps.get(self.next)
            && let Some(without) = self.blocked(&step.key, catalog)
        {
            self.not_tested.push(NotTested { key: step.key.clone(), without });
            self.next += 1;
        }
    }

    /// Ends it where nothing more can be tested, because of `cause`.
    pub(crate) fn give_up(&mut self, plan: &Plan) {
        let Some(cause) = self.failures.last().map(|failure| failure.key.clone()) else { return };
        let left = plan.steps[self.next..].iter();
        self.not_tested
            .extend(left.map(|step| NotTested { key: step.key.clone(), without: cause.clone() }));
        self.next = plan.steps.len();
    }

    pub(crate) fn trial(self, plan: &Plan, dialect: Dialect) -> Trial {
        let Self { began, alterations, failures, not_tested, .. } = self;
        let is_elsewhere =
            |skipped: &&Skipped| matches!(skipped.reason, SkipReason::Elsewhere { .. });
        let elsewhere = plan.skipped.iter().filter(is_elsewhere).count();
        let differs = alterations.iter().any(|tested| tested.outcome == Verdict::Differs);
        let outcome = match (failures.is_empty(), differs) {
            (false, _) => Outcome::Failed,
            (true, true) => Outcome::Differs,
            (true, false) if alterations.is_empty() => Outcome::NothingTested,
            (true, false) => Outcome::Passed,
        };
        Trial {
            dialect,
            outcome,
            left: not_tested.len(),
            skipped: plan.skipped.len() - elsewhere,
            elsewhere,
            alterations,
            failure: failures.first().cloned(),
            failures,
            not_tested,
            duration_ms: milliseconds(began.elapsed()),
            scratch: None,
        }
    }
}

/// Tests what `plan` says, one alteration after the other, on the prepared `backend`, from where `progress` is on. One that
/// fails keeps only those from being tested that need it.
pub(crate) async fn run(
    catalog: &Catalog,
    (plan, rows): (&Plan, &BTreeMap<AlterationKey, Script>),
    options: &TestOptions,
    backend: &mut Backend,
    (host, control): (&Host, &Control),
    progress: &mut Progress<'_>,
) -> Result<Went, Error> {
    let mut tester = Tester { catalog, options, backend, host, control };
    for key in progress.up.clone() {
        if let Some(script) = rows.get(&key) {
            script.run(tester.backend, control).await?;
        }
        // It went up before.
        if let Err(error) = tester.run(&key, Direction::Up).await {
            progress.failures.push(blamed(error, &key, Direction::Up, true)?);
            progress.give_up(plan);
            return Ok(Went::ToTheEnd);
        }
    }
    let mut before = tester.picture().await?.map_err(PictureError::unblamed)?;
    let is_tested = |key| options.only.as_ref().is_none_or(|only| only.contains(key));
    progress.leave_out(plan, catalog);
    while let Some(step) = plan.steps.get(progress.next) {
        progress.next += 1;
        let key = &step.key;
        if let Some(script) = rows.get(key) {
            script.run(tester.backend, control).await?;
            before = tester.picture().await?.map_err(PictureError::unblamed)?;
        }
        let ended = match is_tested(key) {
            false => match tester.run(key, Direction::Up).await {
                Ok(_) => Ok(tester.picture().await?.map_err(PictureError::unblamed)?),
                Err(error) => Err(blamed(error, key, Direction::Up, false)?),
            },
            true => {
                let mut tested = Tested {
                    key: key.clone(),
                    outcome: Verdict::Irreversible,
                    checked: false,
                    passes: Vec::new(),
                    differences: Vec::new(),
                };
                let ended = tester.test(&mut tested, step.irreversible, before).await?;
                if ended.is_err() {
                    tested.outcome = Verdict::Failed;
                } else if !step.irreversible {
                    tested.outcome = match tested.differences.iter().any(Difference::fails) {
                        true => Verdict::Differs,
                        false => Verdict::Passed,
                    };
                }
                (progress.observer)(&tested);
                progress.alterations.push(tested);
                ended
            }
        };
        let goes_up = match &ended {
            Ok(_) => true,
            Err(failure) => failure.direction == Direction::Down || failure.again,
        };
        match goes_up {
            true => progress.up.push(key.clone()),
            false => drop(progress.broken.insert(key.plugin.clone(), key.clone())),
        }
        progress.leave_out(plan, catalog);
        match ended {
            Ok(after) => before = after,
            Err(failure) => {
                progress.failures.push(failure);
                if progress.next == plan.steps.len() {
                    break;
                }
                if !tester.is_clean(key, goes_up).await? {
                    return Ok(Went::NeedsAnother);
                }
                before = tester.picture().await?.map_err(PictureError::unblamed)?;
            }
        }
    }
    Ok(Went::ToTheEnd)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

struct Tester<'a> {
    catalog: &'a Catalog,
    options: &'a TestOptions,
    backend: &'a mut Backend,
    host: &'a Host,
    control: &'a Control,
}

impl Tester<'_> {
    /// Whether a failed alteration left the database as it is with it, or, unless it `goes_up`, without it.
    async fn is_clean(&mut self, key: &AlterationKey, goes_up: bool) -> Result<bool, Error> {
        let snapshot = self.backend.snapshot().await?;
        let is_applied = snapshot.rows.get(key).is_some_and(|row| row.status == Status::Applied);
        Ok(is_applied == goes_up && !snapshot.runs.contains_key(key))
    }

    /// One alteration, from `before` on; what the database is like when it is up for good.
    async fn test(
        &mut self,
        tested: &mut Tested,
        irreversible: bool,
        before: Picture,
    ) -> Result<Result<Picture, Failure>, Error> {
        if let Err(failure) = self.pass(tested, Direction::Up, false).await? {
            return Ok(Err(failure));
        }
        let up = match self.picture_after(tested, Direction::Up, false).await? {
            Ok(up) => up,
            Err(failure) => return Ok(Err(failure)),
        };
        if irreversible {
            return Ok(Ok(up));
        }
        if let Err(failure) = self.pass(tested, Direction::Down, false).await? {
            return Ok(Err(failure));
        }
        let down = match self.picture_after(tested, Direction::Down, false).await? {
            Ok(down) => down,
            Err(failure) => return Ok(Err(failure)),
        };
        tested.differences.extend(self.differences(&before, &down, After::Down).await?);
        drop((before, down));
        if let Err(failure) = self.pass(tested, Direction::Up, true).await? {
            return Ok(Err(failure));
        }
        let again = match self.picture_after(tested, Direction::Up, true).await? {
            Ok(again) => again,
            Err(failure) => return Ok(Err(failure)),
        };
        tested.differences.extend(self.differences(&up, &again, After::SecondUp).await?);
        Ok(Ok(again))
    }

    /// Adds a pass to what is known; the failure, if it is the alteration's.
    async fn pass(
        &mut self,
        tested: &mut Tested,
        direction: Direction,
        again: bool,
    ) -> Result<Result<(), Failure>, Error> {
        match self.run(&tested.key, direction).await {
            Ok(pass) => {
                tested.passes.push(pass);
                match direction {
                    Direction::Up => self.check(tested, again).await,
                    Direction::Down => Ok(Ok(())),
                }
            }
            Err(error) => blamed(error, &tested.key, direction, again).map(Err),
        }
    }

    /// Runs the check of an alteration that is up, if it has one, and takes back what that did.
    async fn check(
        &mut self,
        tested: &mut Tested,
        again: bool,
    ) -> Result<Result<(), Failure>, Error> {
        let component = self.catalog.get(&tested.key).and_then(|one| one.path.parent());
        let folders = self.options.checks.as_deref().into_iter().chain(component);
        let dialect = self.backend.dialect();
        let mut found = folders.filter_map(|folder| check_of(folder, &tested.key.id, dialect));
        let Some(path) = found.next() else { return Ok(Ok(())) };
        let script = Script::read(&path)?;
        tested.checked = true;
        let failed = script.check(self.backend, self.control).await?;
        Ok(match failed {
            None => Ok(()),
            Some(message) => {
                let (key, direction) = (tested.key.clone(), Direction::Up);
                Err(Failure { key, direction, again, message })
            }
        })
    }

    /// As `deploy` and `rollback` do it.
    async fn run(&mut self, key: &AlterationKey, direction: Direction) -> Result<Pass, Error> {
        self.backend.watch_locks().await?;
        let how = &self.options.deploy.how;
        let report = match direction {
            Direction::Up => {
                let options = &self.options.deploy;
                let job = Job::DeployOne { catalog: self.catalog, options, key };
                deploy::run(&job, self.backend, self.host, how, self.control).await?
            }
            Direction::Down => {
                let target = RollbackTarget::Steps(1);
                // The database does not know yet what later alterations declare.
                let settings = self.options.deploy.settings.clone().standing();
                let (plugin, how) = (None, how.clone());
                let (baselined, levels) = (false, self.options.deploy.levels.clone());
                let export = None;
                let (with, grants) = (Vec::new(), Grants::default());
                let options = RollbackOptions {
                    plugin,
                    target,
                    baselined,
                    settings,
                    levels,
                    export,
                    with,
                    grants,
                    how,
                };
                let with = Catalog::default();
                let job = Job::Rollback { options: &options, with: &with };
                deploy::run(&job, self.backend, self.host, &options.how, self.control).await?
            }
        };
        let Report { steps, .. } = report;
        let step = steps.into_iter().find(|step| step.key == *key && step.direction == direction);
        let step = step.ok_or_else(|| Error::PlanChanged(key.clone()))?;
        let locks = self.backend.locks_seen().await?;
        Ok(Pass { direction, counts: step.counts, locks })
    }

    /// The picture after a pass. What cannot be read then is the failure of the pass before: it could be
    /// read until then.
    async fn picture_after(
        &mut self,
        tested: &Tested,
        direction: Direction,
        again: bool,
    ) -> Result<Result<Picture, Failure>, Error> {
        match self.picture().await? {
            Ok(picture) => Ok(Ok(picture)),
            Err(PictureError::Backend(error)) => Err(error.into()),
            Err(unreadable) => {
                let message = format!("after it, {unreadable}");
                Ok(Err(Failure { key: tested.key.clone(), direction, again, message }))
            }
        }
    }

    async fn picture(&mut self) -> Result<Result<Picture, PictureError>, Error> {
        let ignore = &self.options.ignore;
        until_cancelled(self.backend, self.control, async |backend| {
            Ok(Picture::take(backend, ignore).await)
        })
        .await
    }

    /// What of `expected` is otherwise in `found`, which is how the database is now.
    async fn differences(
        &mut self,
        expected: &Picture,
        found: &Picture,
        after: After,
    ) -> Result<Vec<Difference>, Error> {
        let dialect = self.backend.dialect();
        let mut differences = difference::between(expected, found, after, dialect);
        for difference in &mut differences {
            let Some(table) = difference.to_search() else { continue };
            let Some(before) = expected.tables.get(table) else { continue };
            let search = until_cancelled(self.backend, self.control, async |backend| {
                found.search(table, before, backend).await
            });
            if let Some(search) = search.await? {
                difference.searched(search);
            }
        }
        Ok(differences)
    }
}

/// Looks at the database for as long as nobody asks to stop.
async fn until_cancelled<T>(
    backend: &mut Backend,
    control: &Control,
    look: impl AsyncFnOnce(&mut Backend) -> Result<T, BackendError>,
) -> Result<T, Error> {
    let mut cancelled = control.cancelled.clone();
    tokio::select! {
        looked = look(backend) => return Ok(looked?),
        () = cancelled.cancelled() => {}
    }
    backend.abandon().await?;
    Err(Error::Interrupted)
}

/// Whether it was the alteration that failed; whatever else went wrong is no result of a test.
fn blamed(
    error: Error,
    key: &AlterationKey,
    direction: Direction,
    again: bool,
) -> Result<Failure, Error> {
    match error {
        Error::Step(failure) => match failure.cause {
            StepError::Interrupted => Err(Error::Interrupted),
            StepError::Hook(_)
            | StepError::Stopped(_)
            | StepError::Intervened(_)
            | StepError::Backend(BackendError::Refused(_) | BackendError::TransactionEnded(_)) => {
                let message = failure.cause.to_string();
                Ok(Failure { key: key.clone(), direction, again, message })
            }
            StepError::Backend(error) => Err(error.into()),
            StepError::LockLost => Err(BackendError::LeaseLost.into()),
            StepError::Unknown(reason) => Err(BackendError::Disconnected(reason).into()),
        },
        Error::Halted { cause, .. } => Err(*cause),
        other => Err(other),
    }
}
