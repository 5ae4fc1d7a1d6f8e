//! One attempt at one alteration: its parts, one after the other, each opened, run and completed.
//!
//! Most attempts are one transaction. Hooks that are journaled and backfills make several parts,
//! between which the process may die: a later deploy goes on where `alteration_run` says.

use super::{Work, components::Ready};
use crate::{
    alteration::Direction,
    backend::{
        self, Attempt, Backend, BackendError, Checkpoint, Claim, Ending, Next, Part, Phase,
        Revision, Run, Stop,
    },
    crash,
    entropy::Entropy,
    error::{Changed, Error, StepError, StepFailure},
    event::{Event, StepReport},
    host::{Call, Hook, HookObserver, LoadError, StepAnswer},
    plan::Step,
    session::Counts,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The first pause before a part is tried again; each later one is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// How a step ended that did not fail.
pub(super) enum Stepped {
    Done(Revision),
    /// The rest of the plan cannot be rehearsed, because of this statement.
    NotRehearsable(String),
}

/// One part of an attempt that is about to run.
struct Turn<'a> {
    step: &'a Step,
    ready: &'a Ready,
    claim: Claim<'a>,
    part: Part<'a>,
    hook: Hook,
    entropy: Entropy,
    /// What comes after it, told from the hook's answer.
    next: &'a (dyn Fn(StepAnswer) -> Next + Send + Sync),
}

/// How a part ended.
enum Turned {
    Done(Revision, Counts, Next),
    /// With what is left of it, where that is known already.
    Failed(StepError, Counts, Option<Box<backend::Undone>>),
}

impl Work<'_> {
    pub(super) async fn step(
        &mut self,
        backend: &mut Backend,
        step: &Step,
        run: Option<&Run>,
        revision: Revision,
        left: usize,
    ) -> Result<Stepped, Error> {
        let Some((attempt, ready)) = self.components.get(&step.key) else {
            return Err(Error::PlanChanged(step.key.clone()));
        };
        let (attempt, ready) = (&attempt.clone(), &*Arc::clone(ready));
        let began = Instant::now();
        let several = run.is_some()
            || backend.is_journaled().await?
            || ready.loaded.has_preparation()
            || (ready.loaded.has_backfill() && step.direction == Direction::Up);
        let done = match several {
            false => self.whole(backend, step, attempt, ready, revision, left).await?,
            true => self.in_parts(backend, step, attempt, ready, run, revision, left).await?,
        };
        let (revision, counts) = match done {
            Ok(done) => done,
            Err(statement) => return Ok(Stepped::NotRehearsable(statement)),
        };
        let (key, direction) = (&step.key, step.direction);
        // The operator waited for the commits too; the record has the hooks' own time.
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let counts = Counts { duration_ms, ..counts };
        (self.control.observer)(Event::Finished { key, direction, counts });
        self.report.steps.push(StepReport { key: key.clone(), direction, counts });
        Ok(Stepped::Done(revision))
    }

    /// An attempt that is one transaction.
    async fn whole(
        &self,
        backend: &mut Backend,
        step: &Step,
        attempt: &Attempt,
        ready: &Ready,
        revision: Revision,
        left: usize,
    ) -> Result<Result<(Revision, Counts), String>, Error> {
        let entropy = draw()?;
        // A killed attempt is in the history, because its start is recorded first, on its own.
        let revision = match backend.record_start(attempt, revision).await {
            Ok(revision) => revision,
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(error) => {
                let cause = backend.explained(error).await.into();
                return Err(self.failure(step, cause, Changed::Nothing, left, None));
            }
        };
        crash::point("after the start was recorded");
        let turn = Turn {
            step,
            ready,
            claim: Claim { attempt, revision, component: &ready.bytes },
            part: Part::Whole,
            hook: match step.direction {
                Direction::Up => Hook::Up,
                Direction::Down => Hook::Down,
            },
            entropy,
            next: &|_| Next::Done,
        };
        let (cause, counts) = match self.turn(backend, &turn).await? {
            Turned::Done(revision, counts, _) => return Ok(Ok((revision, counts))),
            Turned::Failed(cause, counts, _) => (cause, counts),
        };
        let ending = cause.ending();
        let recorded = match self.undo(backend, &turn.work()).await {
            // Nobody knows that it failed.
            Ok(_) if matches!(cause, StepError::Unknown(_)) => Ok(()),
            Ok(_) => backend.record_failure(attempt, ending, &counts, &cause.to_string()).await,
            Err(error) => Err(error),
        };
        crash::point("after the failure was recorded");
        let (key, direction) = (&step.key, step.direction);
        (self.control.observer)(Event::Failed { key, direction, counts });
        let cause = if taken_over(backend, &recorded) { StepError::LockLost } else { cause };
        Err(self.failure(step, cause, Changed::Nothing, left, recorded.err()))
    }

    /// An attempt of several parts, from its beginning or from where it stood.
    #[allow(clippy::too_many_arguments, reason = "each is one thing, and a struct would hide them")]
    async fn in_parts(
        &self,
        backend: &mut Backend,
        step: &Step,
        attempt: &Attempt,
        ready: &Ready,
        run: Option<&Run>,
        mut revision: Revision,
        left: usize,
    ) -> Result<Result<(Revision, Counts), String>, Error> {
        let preparation = ready.loaded.has_preparation();
        let backfill = ready.loaded.has_backfill() && step.direction == Direction::Up;
        let claim = Claim { attempt, revision, component: &ready.bytes };
        let begun = match run {
            Some(run) => (backend.resume_run(&claim, run).await, run.clone()),
            None => {
                let first = if preparation { Phase::Preparation } else { Phase::Main };
                let run = Run::new(attempt, first, backend.dialect(), self.host.wit_version())
                    .map_err(no_entropy)?;
                let begun = match backend.begin_run(&claim, &run).await {
                    Err(BackendError::Disconnected(reason)) => {
                        match backend.look_after_begin(&run).await {
                            Ok(Some(now)) => Ok(now),
                            Ok(None) => Err((BackendError::Disconnected(reason), false)),
                            Err(BackendError::LeaseLost) => Err((BackendError::LeaseLost, false)),
                            // It may be begun; nothing of it is done.
                            Err(_) => Err((BackendError::Disconnected(reason), true)),
                        }
                    }
                    begun => begun.map_err(|error| (error, false)),
                };
                match begun {
                    Ok(now) => (Ok(now), run),
                    Err((error, true)) => {
                        let effects = Some(Vec::new());
                        let changed = Changed::Unfinished { run: Box::new(run), effects };
                        return Err(self.failure(step, error.into(), changed, left, None));
                    }
                    Err((error, false)) => (Err(error), run),
                }
            }
        };
        let first_phase = run.map_or(Phase::Main, |run| run.phase);
        let (begun, found) = begun;
        match begun {
            Ok(now) => revision = now,
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(error) => {
                let cause = backend.explained(error).await.into();
                let changed = match run {
                    Some(_) => Changed::Unfinished { run: Box::new(found), effects: None },
                    None => Changed::Nothing,
                };
                return Err(self.failure(step, cause, changed, left, None));
            }
        }
        let mut run = found;
        let is_new = first_phase == Phase::Main && !preparation || run.phase == Phase::Preparation;
        crash::point("after the run was begun");
        let mut steps_began: Option<(Instant, u64)> = None;
        loop {
            let (before, now) = (run.clone(), run.phase);
            if now == Phase::Backfill {
                steps_began.get_or_insert((Instant::now(), 0));
            }
            let next = |answer| next_of(&before, backfill, answer);
            let journaled = now != Phase::Backfill
                && (now == Phase::Preparation || backend.is_journaled().await?);
            let turn = Turn {
                step,
                ready,
                claim: Claim { attempt, revision, component: &ready.bytes },
                part: match journaled {
                    true => Part::Journaled(&before),
                    false => Part::Transaction(&before),
                },
                hook: hook_of(&before),
                entropy: before.entropy.part(&part_name(&before)),
                next: &next,
            };
            match self.turn(backend, &turn).await? {
                Turned::Done(now, counts, next) => {
                    revision = now;
                    run.counts = run.counts.and(&counts);
                    match next {
                        Next::Done => return Ok(Ok((revision, run.counts))),
                        Next::Phase(phase) => run.phase = phase,
                        Next::Step(checkpoint) => {
                            run.checkpoint = checkpoint;
                            let (since, rows) = steps_began.get_or_insert((Instant::now(), 0));
                            *rows += counts.rows_affected;
                            self.stepped(step, &run, since.elapsed(), *rows);
                            self.pause().await;
                        }
                    }
                    crash::point("after a part");
                }
                Turned::Failed(cause, counts, undone) => {
                    let fresh = is_new && run.checkpoint.steps == 0 && run.phase == before.phase;
                    let first = match preparation {
                        true => Phase::Preparation,
                        false => Phase::Main,
                    };
                    let may_vanish = fresh && run.phase == first;
                    return self
                        .fail_run(backend, &turn, &run, (cause, counts, undone), may_vanish, left)
                        .await;
                }
            }
        }
    }

    /// Undoes the part at hand and records how it ended. The run stays where something of it took
    /// effect.
    async fn fail_run(
        &self,
        backend: &mut Backend,
        turn: &Turn<'_>,
        run: &Run,
        (cause, counts, undone): (StepError, Counts, Option<Box<backend::Undone>>),
        may_vanish: bool,
        left: usize,
    ) -> Result<Result<(Revision, Counts), String>, Error> {
        let step = turn.step;
        let undone = match undone {
            Some(undone) => Ok(*undone),
            None => self.undo(backend, &turn.work()).await,
        };
        let undone = match undone {
            Ok(undone) => undone,
            Err(error) => {
                // What took effect is in the journal, and found by whoever goes on.
                let changed = Changed::Unfinished { run: Box::new(run.clone()), effects: None };
                return Err(self.failure(step, cause, changed, left, Some(error)));
            }
        };
        let cause = match (undone.own_error, undone.stop) {
            (Some(BackendError::Moved), _) => return Err(BackendError::Moved.into()),
            (_, Some(Stop::NotRehearsable { statement })) => return Ok(Err(statement)),
            (_, Some(stop)) => StepError::Stopped(stop),
            (Some(error), None) => StepError::Backend(error),
            (None, None) => cause,
        };
        let stays = !may_vanish
            || !undone.effects.is_empty()
            || undone.is_open
            || matches!(cause, StepError::Stopped(_) | StepError::Unknown(_));
        let ending = cause.ending();
        let text = cause.to_string();
        let recorded = backend
            .record_run_failure(turn.claim.attempt, run, (ending, &counts, &text), stays)
            .await;
        crash::point("after the failure was recorded");
        let (key, direction) = (&step.key, step.direction);
        (self.control.observer)(Event::Failed { key, direction, counts });
        // What the record found is what is committed.
        let (stayed, recorded) = match recorded {
            Ok(effects) => (effects, Ok(())),
            Err(error) => (stays.then_some(undone.effects), Err(error)),
        };
        let changed = match stayed {
            None => Changed::Nothing,
            Some(effects) => {
                Changed::Unfinished { run: Box::new(run.clone()), effects: Some(effects) }
            }
        };
        let is_taken_over =
            taken_over(backend, &recorded) && !matches!(cause, StepError::Unknown(_));
        let cause = if is_taken_over { StepError::LockLost } else { cause };
        Err(self.failure(step, cause, changed, left, recorded.err()))
    }

    /// Runs one part, again and again while what was in its way may go away.
    async fn turn(&self, backend: &mut Backend, turn: &Turn<'_>) -> Result<Turned, Error> {
        let mut tries = 0;
        let mut pause = RETRY_PAUSE;
        loop {
            let (cause, counts) = match self.once(backend, turn).await? {
                Turned::Failed(cause, counts, _) => (cause, counts),
                done => return Ok(done),
            };
            tries += 1;
            if tries > self.retries || !cause.is_retryable() {
                return Ok(Turned::Failed(cause, counts, None));
            }
            // The part's revision is still the ledger's only if nothing of it was committed.
            let undone = match self.undo(backend, &turn.work()).await {
                Ok(undone) => undone,
                Err(_) => return Ok(Turned::Failed(cause, counts, None)),
            };
            if !undone.effects.is_empty() || undone.is_open || undone.stop.is_some() {
                return Ok(Turned::Failed(cause, counts, Some(Box::new(undone))));
            }
            (self.control.observer)(Event::Retrying {
                key: &turn.step.key,
                reason: &cause.to_string(),
                pause,
            });
            let mut cancelled = self.control.cancelled.clone();
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = cancelled.cancelled() => {
                    return Ok(Turned::Failed(StepError::Interrupted, counts, Some(Box::new(undone))));
                }
            }
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }

    async fn once(&self, backend: &mut Backend, turn: &Turn<'_>) -> Result<Turned, Error> {
        let work = turn.work();
        let session = match backend.open(&work).await {
            Ok(session) => session,
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(error) => return Ok(Turned::Failed(error.into(), Counts::default(), None)),
        };
        let call = Call {
            hook: turn.hook.clone(),
            id: turn.step.key.id.clone(),
            session,
            permissions: turn.claim.attempt.permissions.clone(),
            entropy: turn.entropy,
            observer: self.hook_observer(turn.step),
            timeout: matches!(turn.hook, Hook::Step(_)).then_some(self.step_time).flatten(),
        };
        let mut cancelled = self.control.cancelled.clone();
        let mut lost = backend.lock_lost();
        let (counts, result) = tokio::select! {
            (counts, result) = self.host.call(&turn.ready.loaded, call) => {
                (counts, result.map_err(StepError::Hook))
            }
            () = cancelled.cancelled() => (Counts::default(), Err(StepError::Interrupted)),
            () = is_lost(&mut lost) => (Counts::default(), Err(StepError::LockLost)),
        };
        crash::point("after the hook");
        let next = match result {
            Ok(answer) => (turn.next)(answer),
            Err(cause) => return Ok(Turned::Failed(cause, counts, None)),
        };
        match backend.complete(&work, &counts, &next).await {
            Ok(revision) => Ok(Turned::Done(revision, counts, next)),
            Err(BackendError::Disconnected(reason)) => {
                let look = backend.look_after_commit(&work, &next).await;
                match look {
                    Ok(Some(revision)) => Ok(Turned::Done(revision, counts, next)),
                    Ok(None) => {
                        let cause = BackendError::Disconnected(reason).into();
                        Ok(Turned::Failed(cause, counts, None))
                    }
                    Err(BackendError::LeaseLost) => {
                        Ok(Turned::Failed(StepError::LockLost, counts, None))
                    }
                    Err(_) => Ok(Turned::Failed(StepError::Unknown(reason), counts, None)),
                }
            }
            Err(error) => Ok(Turned::Failed(error.into(), counts, None)),
        }
    }

    async fn undo(
        &self,
        backend: &mut Backend,
        work: &backend::Work<'_>,
    ) -> Result<backend::Undone, BackendError> {
        let undone = backend.undo(work).await;
        crash::point("after a part was undone");
        undone
    }

    /// Reports a step of a backfill.
    fn stepped(&self, step: &Step, run: &Run, elapsed: Duration, rows: u64) {
        let Checkpoint { steps, done, total, .. } = run.checkpoint;
        let key = &step.key;
        (self.control.observer)(Event::Stepped { key, steps, done, total, rows, elapsed });
    }

    /// Lets others have the database between two steps.
    async fn pause(&self) {
        if self.step_pause.is_zero() {
            return;
        }
        let mut cancelled = self.control.cancelled.clone();
        tokio::select! {
            () = tokio::time::sleep(self.step_pause) => {}
            () = cancelled.cancelled() => {}
        }
    }

    fn failure(
        &self,
        step: &Step,
        cause: StepError,
        changed: Changed,
        left: usize,
        unrecorded: Option<BackendError>,
    ) -> Error {
        Error::Step(Box::new(StepFailure {
            key: step.key.clone(),
            direction: step.direction,
            cause,
            changed,
            done: self.report.steps.clone(),
            left,
            rehearsed: self.report.rehearsed,
            unrecorded: unrecorded.map(|error| error.to_string()),
        }))
    }

    fn hook_observer(&self, step: &Step) -> HookObserver {
        let (observer, key) = (Arc::clone(&self.control.observer), step.key.clone());
        Arc::new(move |event| observer(Event::Hook { key: &key, event }))
    }
}

impl Turn<'_> {
    fn work(&self) -> backend::Work<'_> {
        backend::Work { claim: &self.claim, part: self.part, limits: self.claim.attempt.limits }
    }
}

/// Whether nothing can be recorded any more because somebody else has the lease. That explains
/// whatever else went wrong: the server may have ended a paused runner's session before.
fn taken_over(backend: &Backend, recorded: &Result<(), BackendError>) -> bool {
    backend.is_leased() && matches!(recorded, Err(BackendError::Moved))
}

async fn is_lost(lost: &mut tokio::sync::watch::Receiver<bool>) {
    if lost.wait_for(|lost| *lost).await.is_err() {
        // A lock that belongs to the session is never lost before the session is.
        std::future::pending::<()>().await;
    }
}

fn draw() -> Result<Entropy, Error> {
    Entropy::draw().map_err(no_entropy)
}

fn no_entropy(error: getrandom::Error) -> Error {
    Error::Engine(LoadError::Engine(error.to_string()))
}

fn hook_of(run: &Run) -> Hook {
    match (run.phase, run.direction) {
        (Phase::Preparation, Direction::Up) => Hook::BeforeUp,
        (Phase::Preparation, Direction::Down) => Hook::BeforeDown,
        (Phase::Main, Direction::Up) => Hook::Up,
        (Phase::Main, Direction::Down) => Hook::Down,
        (Phase::Backfill, _) => Hook::Step(run.checkpoint.state.clone()),
    }
}

/// Each part has chance of its own: two steps must not draw the same ids.
fn part_name(run: &Run) -> String {
    match run.phase {
        Phase::Backfill => format!("{} {}", run.phase.as_str(), run.checkpoint.steps),
        phase => phase.as_str().to_owned(),
    }
}

fn next_of(run: &Run, backfill: bool, answer: StepAnswer) -> Next {
    match (run.phase, answer) {
        (Phase::Preparation, _) => Next::Phase(Phase::Main),
        (Phase::Main, _) if backfill => Next::Phase(Phase::Backfill),
        (Phase::Main, _) | (Phase::Backfill, StepAnswer::Finished) => Next::Done,
        (Phase::Backfill, StepAnswer::More { state, done, total }) => Next::Step(Checkpoint {
            state: Some(state),
            steps: run.checkpoint.steps + 1,
            done,
            total,
        }),
    }
}

impl StepError {
    fn ending(&self) -> Ending {
        match self {
            Self::Interrupted | Self::LockLost => Ending::Interrupted,
            _ => Ending::Failed,
        }
    }
}
