//! An attempt of several parts: a preparation, a hook that is journaled, the steps of a backfill.
//!
//! The process may die between any two of them: a later deploy goes on where `alteration_run` says.

use super::{
    Work,
    attempt::{Attempted, Subject, taken_over},
    hooks::{first_phase, hook_of, part_name},
    part::{Turn, Turned},
};
use crate::{
    backend::{
        self, Backend, BackendError, Checkpoint, Claim, Next, Part, Phase, Revision, Run, Stop,
    },
    crash,
    error::{Changed, Error, StepError},
    event::{Event, Unrehearsed},
    host::{Prepared, StepAnswer},
    session::Counts,
};
use std::time::{Duration, Instant};

/// A part that failed: why, what its hook did, and what is left of it where that is known already.
type Failed = (StepError, Counts, Option<Box<backend::Undone>>);

impl Work<'_> {
    /// Runs the parts of a run that is recorded, from where it stands. Its hook may be `prepared`.
    pub(super) async fn in_parts(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        mut run: Run,
        mut prepared: Option<Prepared>,
        mut revision: Revision,
    ) -> Result<Attempted, Error> {
        let Subject { attempt, ready, .. } = subject;
        if let Some(reason) = self.unrehearsed(backend, subject).await? {
            return Ok(Attempted::NotRehearsable(reason, None));
        }
        crash::point("after the run was begun");
        let first = first_phase(subject);
        let mut steps_began: Option<(Instant, u64)> = None;
        loop {
            let (before, now) = (run.clone(), run.phase);
            let hook = prepared.take();
            if now == Phase::Preparation {
                // The guest of the main part runs ahead of it.
                let main = Run { phase: Phase::Main, ..run.clone() };
                prepared = Some(self.hooks().of_part(subject, &main).ahead());
            }
            if now == Phase::Backfill {
                steps_began.get_or_insert((Instant::now(), 0));
            }
            let next = |answer| next_of(&before, subject.has_backfill(), answer);
            let journaled = now != Phase::Backfill
                && (now == Phase::Preparation || backend.is_journaled().await?);
            let turn = Turn {
                subject,
                claim: Claim { attempt, revision, component: &ready.bytes },
                part: match journaled {
                    true => Part::Journaled(&before),
                    false => Part::Transaction(&before),
                },
                hook: hook_of(&before),
                entropy: before.entropy.part(&part_name(&before)),
                following: None,
                is_grouped: false,
                next: &next,
            };
            let (counts, next) = match self.turn(backend, &turn, hook).await? {
                Turned::Done(now, counts, next) => {
                    revision = now;
                    (counts, next)
                }
                Turned::Failed(cause, counts, undone) => {
                    // Nothing is committed before the end of the first part, but by a journal.
                    let may_vanish = now == first;
                    let failed = (cause, counts, undone);
                    return self.fail(backend, subject, &turn, &run, failed, may_vanish).await;
                }
            };
            run.counts = run.counts.and(&counts);
            match next {
                Next::Done => return Ok(Attempted::Done(revision, run.counts)),
                Next::Phase(phase) => run.phase = phase,
                Next::Step(checkpoint) => {
                    run.checkpoint = checkpoint;
                    let (since, rows) = steps_began.get_or_insert((Instant::now(), 0));
                    *rows += counts.rows_affected;
                    self.stepped(subject, &run, since.elapsed(), *rows);
                    self.pause().await;
                }
            }
            crash::point("after a part");
        }
    }

    /// Records a new run, and says `running`.
    pub(super) async fn begin(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        run: &Run,
        revision: Revision,
    ) -> Result<Revision, Error> {
        let Subject { attempt, ready, .. } = subject;
        let claim = Claim { attempt, revision, component: &ready.bytes };
        let begun = match backend.begin_run(&claim, run).await {
            Err(BackendError::Disconnected(reason)) => match backend.look_after_begin(run).await {
                Ok(Some(now)) => Ok(now),
                Ok(None) => Err(BackendError::Disconnected(reason)),
                Err(BackendError::LeaseLost) => Err(BackendError::LeaseLost),
                Err(_) => {
                    // It may be begun; nothing of it is done.
                    let effects = Some(Vec::new());
                    let changed = Changed::Unfinished { run: Box::new(run.clone()), effects };
                    let cause = BackendError::Disconnected(reason).into();
                    return Err(self.failure(subject, &hook_of(run), cause, changed, None));
                }
            },
            begun => begun,
        };
        match begun {
            Ok(now) => Ok(now),
            Err(error) => {
                let hook = hook_of(run);
                Err(self.not_begun(backend, subject, &hook, error, Changed::Nothing).await)
            }
        }
    }

    /// Says which settings are given in vain, because the run was begun with others.
    pub(super) fn tell_settings(&self, run: &Run) {
        let settings = self.job.settings().map(|settings| settings.differing(run));
        if let Some(names) = settings.filter(|names| !names.is_empty()) {
            (self.control.observer)(Event::SettingsKept { key: &run.key, names: &names });
        }
    }

    /// Records that an unfinished run is taken up again.
    pub(super) async fn resume(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        run: &Run,
        revision: Revision,
    ) -> Result<Revision, Error> {
        let Subject { attempt, ready, .. } = subject;
        let claim = Claim { attempt, revision, component: &ready.bytes };
        match backend.resume_run(&claim, run).await {
            Ok(now) => Ok(now),
            Err(error) => {
                let changed = Changed::Unfinished { run: Box::new(run.clone()), effects: None };
                Err(self.not_begun(backend, subject, &hook_of(run), error, changed).await)
            }
        }
    }

    /// Undoes the part at hand and records how it ended. The run stays where something of it took
    /// effect.
    async fn fail(
        &self,
        backend: &mut Backend,
        subject: Subject<'_>,
        turn: &Turn<'_>,
        run: &Run,
        (cause, counts, undone): Failed,
        may_vanish: bool,
    ) -> Result<Attempted, Error> {
        let step = subject.step;
        let undone = match undone {
            Some(undone) => Ok(*undone),
            None => self.undo(backend, &turn.work()).await,
        };
        let undone = match undone {
            Ok(undone) => undone,
            Err(error) => {
                // What took effect is in the journal, and found by whoever goes on.
                let changed = Changed::Unfinished { run: Box::new(run.clone()), effects: None };
                return Err(self.failure(subject, &turn.hook, cause, changed, Some(error)));
            }
        };
        let cut = undone.cut;
        let cause = match (undone.own_error, undone.stop) {
            (Some(BackendError::Moved), _) => return Err(BackendError::Moved.into()),
            (_, Some(Stop::NotRehearsable { statement })) => {
                let reason = Unrehearsed::Statement;
                return Ok(Attempted::NotRehearsable(reason, Some(statement)));
            }
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
        let mut failure = self.failure(subject, &turn.hook, cause, changed, recorded.err());
        if let Error::Step(failure) = &mut failure {
            failure.cut = cut;
        }
        Err(failure)
    }

    /// Reports a step of a backfill.
    fn stepped(&self, subject: Subject<'_>, run: &Run, elapsed: Duration, rows: u64) {
        let Checkpoint { steps, done, total, .. } = run.checkpoint;
        let key = &subject.step.key;
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
