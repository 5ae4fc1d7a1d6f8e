//! One attempt at one alteration. Most are one transaction; `parts` has those that are several.

use super::{
    Work,
    components::Ready,
    lookahead::{PreparedStep, Way, Whole},
    part::{Turn, Turned},
};
use crate::{
    alteration::{Direction, Level},
    backend::{Attempt, Backend, BackendError, Claim, Ending, Following, Next, Part, Revision},
    crash,
    error::{Changed, Error, Lost, StepError, StepFailure},
    event::{Event, StepReport, Unrehearsed},
    host::{Hook, LoadError},
    plan::Step,
    session::Counts,
};
use std::time::Instant;

/// How a step ended that did not fail.
pub(super) enum Stepped {
    Done(Revision, StepReport),
    /// The rest of the plan cannot be rehearsed: why, and because of which statement.
    NotRehearsable(Unrehearsed, Option<String>),
    /// It failed, and with it what was to be committed together with it is rolled back.
    GroupLost(Box<Error>),
}

/// As [`Stepped`], with what its hooks did.
pub(super) enum Attempted {
    Done(Revision, Counts),
    NotRehearsable(Unrehearsed, Option<String>),
    GroupLost(Box<Error>),
}

/// What is attempted.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) step: &'a Step,
    pub(super) attempt: &'a Attempt,
    pub(super) ready: &'a Ready,
    /// Steps of the plan that come after it.
    pub(super) left: usize,
}

impl Work<'_> {
    /// Gives a prepared step its turn. `following` is the attempt whose start is recorded with its end; with `is_grouped`, the
    /// step may be committed together with it.
    pub(super) async fn step(
        &self,
        backend: &mut Backend,
        PreparedStep { subject, way }: PreparedStep<'_>,
        (following, is_grouped): (Option<Following<'_>>, bool),
        revision: Revision,
    ) -> Result<Stepped, Error> {
        let began = Instant::now();
        let attempted = match way {
            Way::Whole(whole) => {
                self.whole(backend, subject, whole, (following, is_grouped), revision).await?
            }
            Way::Parts(run, hook) => {
                let revision = self.begin(backend, subject, &run, revision).await?;
                self.in_parts(backend, subject, *run, Some(hook), revision).await?
            }
            Way::Resume(run) => {
                self.tell_settings(run);
                let revision = self.resume(backend, subject, run, revision).await?;
                self.in_parts(backend, subject, run.clone(), None, revision).await?
            }
        };
        let (revision, counts) = match attempted {
            Attempted::Done(revision, counts) => (revision, counts),
            Attempted::NotRehearsable(reason, statement) => {
                return Ok(Stepped::NotRehearsable(reason, statement));
            }
            Attempted::GroupLost(error) => return Ok(Stepped::GroupLost(error)),
        };
        let (key, direction) = (&subject.step.key, subject.step.direction);
        // The operator waited for the commits too; the record has the hooks' own time.
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let counts = Counts { duration_ms, ..counts };
        self.held.tell(Event::Finished { key, direction, counts });
        Ok(Stepped::Done(revision, StepReport { key: key.clone(), direction, counts }))
    }

    /// An attempt that is one transaction.
    async fn whole(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        Whole { hook, entropy, is_started }: Whole,
        (following, is_grouped): (Option<Following<'_>>, bool),
        revision: Revision,
    ) -> Result<Attempted, Error> {
        let Subject { step, attempt, ready, .. } = subject;
        if let Some(reason) = self.unrehearsed(backend, subject).await? {
            return Ok(Attempted::NotRehearsable(reason, None));
        }
        // A killed attempt is in the history, because its start is recorded first.
        let revision = match is_started {
            true => revision,
            false => self.start(backend, subject, revision).await?,
        };
        crash::point("after the start was recorded");
        let turn = Turn {
            subject,
            claim: Claim { attempt, revision, component: &ready.bytes },
            part: Part::Whole,
            hook: subject.whole_hook(),
            entropy,
            following,
            is_grouped,
            next: &|_| Next::Done,
        };
        let turned = self.turn(backend, &turn, Some(hook)).await;
        if turned.is_err() && is_started {
            // Somebody was faster.
            self.leave_out(backend, attempt).await;
        }
        let (cause, counts, undone) = match turned? {
            Turned::Done(revision, counts, _) => return Ok(Attempted::Done(revision, counts)),
            Turned::Failed(cause, counts, undone) => (cause, counts, undone),
        };
        let ending = cause.ending();
        let undone = match undone {
            Some(undone) => Ok(*undone),
            None => self.undo(backend, &turn.work()).await,
        };
        if undone.as_ref().is_ok_and(|undone| undone.is_group_lost) {
            let error = self.failure(subject, &turn.hook, cause, Changed::Nothing, None);
            return Ok(Attempted::GroupLost(Box::new(error)));
        }
        let recorded = match undone {
            // Nobody knows that it failed.
            Ok(_) if matches!(cause, StepError::Unknown(_)) => Ok(()),
            Ok(_) => backend.record_failure(attempt, ending, &counts, &cause.to_string()).await,
            Err(error) => Err(error),
        };
        crash::point("after the failure was recorded");
        let (key, direction) = (&step.key, step.direction);
        self.held.tell(Event::Failed { key, direction, counts });
        let cause = if taken_over(backend, &recorded) { StepError::LockLost } else { cause };
        Err(self.failure(subject, &turn.hook, cause, Changed::Nothing, recorded.err()))
    }

    /// Returns why a step cannot be rehearsed behind those before it. Outside of a rehearsal there is no reason.
    pub(super) async fn unrehearsed(
        &self,
        backend: &mut Backend,
        Subject { step, attempt, ready, .. }: Subject<'_>,
    ) -> Result<Option<Unrehearsed>, BackendError> {
        if !self.report.rehearsed || backend.confines_in_place() {
            return Ok(None);
        }
        let is_apart = step.level == Level::Confined;
        let is_other = |done: &StepReport| done.key.plugin != step.key.plugin;
        if (is_apart || backend.is_rehearsing_confined()) && self.report.steps.iter().any(is_other)
        {
            return Ok(Some(Unrehearsed::OtherPlugin));
        }
        if !is_apart {
            return Ok(None);
        }
        if ready.has_preparation(&step.key.id) {
            return Ok(Some(Unrehearsed::Outside));
        }
        let may = backend.may_rehearse_confined(attempt).await?;
        Ok((!may).then_some(Unrehearsed::Stays))
    }

    async fn start(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        revision: Revision,
    ) -> Result<Revision, Error> {
        match backend.record_start(subject.attempt, revision).await {
            Ok(revision) => Ok(revision),
            Err(error) => {
                let hook = subject.whole_hook();
                Err(self.not_begun(backend, subject, &hook, error, Changed::Nothing).await)
            }
        }
    }

    /// Tells why an attempt could not be begun or resumed. [`BackendError::Moved`] is no failure of it: the plan is
    /// made anew.
    pub(super) async fn not_begun(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        hook: &Hook,
        error: BackendError,
        changed: Changed,
    ) -> Error {
        match error {
            BackendError::Moved => BackendError::Moved.into(),
            error => {
                let cause = backend.explained(error).await.into();
                self.failure(subject, hook, cause, changed, None)
            }
        }
    }

    /// Records that an attempt ends whose start is all that was recorded of it. Where even that cannot be
    /// recorded it stands there like one that was killed.
    pub(super) async fn leave_out(&self, backend: &mut Backend, attempt: &Attempt) {
        let _ = backend.record_not_begun(attempt, &StepError::Interrupted.to_string()).await;
    }

    pub(super) fn failure(
        &self,
        subject: Subject<'_>,
        hook: &Hook,
        cause: StepError,
        changed: Changed,
        unrecorded: Option<BackendError>,
    ) -> Error {
        Error::Step(Box::new(StepFailure {
            key: subject.step.key.clone(),
            direction: subject.step.direction,
            hook: hook.name(),
            cause,
            changed,
            done: self.report.steps.clone(),
            lost: Lost::Nothing,
            taken_over: self.report.taken_over.clone(),
            left: subject.left,
            rehearsed: self.report.rehearsed,
            unrecorded: unrecorded.map(|error| error.to_string()),
            cut: None,
        }))
    }
}

impl Subject<'_> {
    /// Returns whether its component makes it more than one transaction.
    pub(super) fn has_parts(self) -> bool {
        self.ready.has_preparation(&self.step.key.id) || self.has_backfill()
    }

    pub(super) fn whole_hook(self) -> Hook {
        match self.step.direction {
            Direction::Up => Hook::Up,
            Direction::Down => Hook::Down,
        }
    }

    /// Returns whether steps come after its hook: on the way up alone.
    pub(super) fn has_backfill(self) -> bool {
        self.ready.has_backfill(&self.step.key.id) && self.step.direction == Direction::Up
    }
}

/// Returns whether nothing can be recorded any more because somebody else has the lease. That explains
/// whatever else went wrong: the server may have ended a paused runner's session before.
pub(super) fn taken_over(backend: &Backend, recorded: &Result<(), BackendError>) -> bool {
    backend.is_leased() && matches!(recorded, Err(BackendError::Moved))
}

pub(super) fn no_entropy(error: getrandom::Error) -> Error {
    Error::Engine(LoadError::Engine(error.to_string()))
}

impl StepError {
    pub(super) fn ending(&self) -> Ending {
        match self {
            Self::Interrupted | Self::LockLost => Ending::Interrupted,
            _ => Ending::Failed,
        }
    }
}
