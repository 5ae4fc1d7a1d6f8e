//! One alteration up, down and up again, each pass through the apply loop, with the looks at the database between.
//!
//! Tells what the alteration did wrong (`Failure`) from what went wrong with the test (`Error`).

use super::{
    After, Declare, Difference, Failure, Pass, Picture, PictureError, Script, TestOptions, Tested,
    Verdict, difference,
};
use crate::{
    alteration::{AlterationKey, Catalog, Direction},
    backend::{Backend, BackendError, Status},
    deploy::{self, Control, Job, RollbackOptions},
    error::{Error, StepError},
    event::Report,
    given::Grants,
    host::Host,
    pack::{self, check_of},
    plan::RollbackTarget,
    source,
};
use std::collections::BTreeSet;

/// Runs the passes of alterations on one scratch database.
pub(super) struct Tester<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) options: &'a TestOptions,
    pub(super) backend: &'a mut Backend,
    pub(super) host: &'a Host,
    pub(super) control: &'a Control,
}

impl Tester<'_> {
    /// Returns whether a failed alteration left the database as it is with it, or, unless it `goes_up`, without it.
    pub(super) async fn is_clean(
        &mut self,
        key: &AlterationKey,
        goes_up: bool,
    ) -> Result<bool, Error> {
        let snapshot = self.backend.snapshot().await?;
        let is_applied = snapshot.rows.get(key).is_some_and(|row| row.status == Status::Applied);
        Ok(is_applied == goes_up && !snapshot.runs.contains_key(key))
    }

    /// Tests one alteration from `before` on; returns also what the database is like when it is up for good.
    pub(super) async fn test(
        &mut self,
        key: &AlterationKey,
        irreversible: bool,
        before: Picture,
    ) -> Result<(Tested, Result<Picture, Failure>), Error> {
        let mut tested = Tested {
            key: key.clone(),
            outcome: Verdict::Irreversible,
            checked: false,
            passes: Vec::new(),
            differences: Vec::new(),
            creates: BTreeSet::new(),
            declare: None,
        };
        let ended = self.passes(&mut tested, irreversible, before).await?;
        if self.backend.confines_journaled() && ended.is_ok() {
            tested.declare = self.undeclared(key, &tested.creates)?;
        } else {
            tested.creates.clear();
        }
        if ended.is_err() {
            tested.outcome = Verdict::Failed;
        } else if !irreversible {
            tested.outcome = match tested.differences.iter().any(Difference::fails) {
                true => Verdict::Differs,
                false => Verdict::Passed,
            };
        }
        Ok((tested, ended))
    }

    /// Takes it up, down and up again, and compares; only up if it is irreversible.
    async fn passes(
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
        tested.creates.extend(up.made_since(&before));
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
        tested.creates.extend(down.made_since(&up));
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

    /// Returns what the manifest of `key` has to say so that it could make `made` as a confined plugin's.
    fn undeclared(
        &self,
        key: &AlterationKey,
        made: &BTreeSet<String>,
    ) -> Result<Option<Declare>, Error> {
        let Some(file) = self.catalog.get(key) else { return Ok(None) };
        let creates = pack::creates(&source::read_component(&file.path, file.component_checksum)?);
        let known = creates.known.get(&key.id);
        let declared = creates.declared.get(&key.id);
        let is_said = made.is_subset(&creates.of(&key.id));
        if is_said && (known.is_some() || declared.is_some()) {
            return Ok(None);
        }
        let mut names: BTreeSet<String> = made
            .iter()
            .filter(|name| !known.is_some_and(|known| known.contains(*name)))
            .cloned()
            .collect();
        names.extend(declared.into_iter().flatten().cloned());
        Ok(Some(Declare { creates: names, in_toml: creates.is_sql }))
    }

    /// Runs a pass and adds it to what is known; returns the failure, if it is the alteration's.
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

    /// Applies the alteration or takes it back, as `deploy` and `rollback` do it.
    pub(super) async fn run(
        &mut self,
        key: &AlterationKey,
        direction: Direction,
    ) -> Result<Pass, Error> {
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

    /// Takes the picture after a pass. If something cannot be read then, the pass before has failed: it could be
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

    pub(super) async fn picture(&mut self) -> Result<Result<Picture, PictureError>, Error> {
        let ignore = &self.options.ignore;
        until_cancelled(self.backend, self.control, async |backend| {
            Ok(Picture::take(backend, ignore).await)
        })
        .await
    }

    /// Returns what of `expected` is otherwise in `found`, which is how the database is now.
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

/// Returns the failure if it was the alteration that failed; whatever else went wrong is no result of a test.
pub(super) fn blamed(
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
