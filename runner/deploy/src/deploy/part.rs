//! One part of an attempt: opened, its hook called, completed; tried again while what was in its way
//! may go away. Does not know which parts an attempt has, and records no failure.

use super::{Work, attempt::Subject};
use crate::{
    backend::{
        self, Backend, BackendError, Claim, Following, Intervention, Next, Oversight, Part,
        Revision,
    },
    crash,
    entropy::Entropy,
    error::{Error, StepError},
    event::Event,
    host::{Hook, Prepared, StepAnswer},
    session::Counts,
};
use std::time::Duration;

/// The first pause before a part is tried again; each later one is twice as long.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// One part of an attempt that is about to run.
#[derive(Clone)]
pub(super) struct Turn<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) claim: Claim<'a>,
    pub(super) part: Part<'a>,
    pub(super) hook: Hook,
    pub(super) entropy: Entropy,
    /// The attempt whose start is recorded with the end of this one.
    pub(super) following: Option<Following<'a>>,
    /// It may be committed together with what follows.
    pub(super) is_grouped: bool,
    /// What comes after it, told from the hook's answer.
    pub(super) next: &'a (dyn Fn(StepAnswer) -> Next + Send + Sync),
}

/// How a part ended.
pub(super) enum Turned {
    Done(Revision, Counts, Next),
    /// With what is left of it, where that is known already.
    Failed(StepError, Counts, Option<Box<backend::Undone>>),
}

impl Work<'_> {
    /// Runs one part, again and again while what was in its way may go away.
    /// The first time with what is `prepared` for it, if anything is.
    pub(super) async fn turn(
        &self,
        backend: &mut Backend,
        turn: &Turn<'_>,
        mut prepared: Option<Prepared>,
    ) -> Result<Turned, Error> {
        let turn = &mut turn.clone();
        let mut tries = 0;
        let mut pause = RETRY_PAUSE;
        loop {
            let (cause, counts) = match self.once(backend, turn, prepared.take()).await? {
                Turned::Failed(cause, counts, _) => (cause, counts),
                done => return Ok(done),
            };
            // It is looked at anew each time, so that it cannot come twice in a row.
            let is_doubtful = matches!(cause, StepError::Backend(BackendError::Doubtful(_)));
            tries += u32::from(!is_doubtful);
            if !is_doubtful && (tries > self.retries || !cause.is_retryable()) {
                return Ok(Turned::Failed(cause, counts, None));
            }
            let undone = match self.undo(backend, &turn.work()).await {
                Ok(undone) => undone,
                Err(_) => return Ok(Turned::Failed(cause, counts, None)),
            };
            if undone.is_group_lost {
                return Ok(Turned::Failed(cause, counts, Some(Box::new(undone))));
            }
            // What took effect of a journaled part stays, and is not done again: the part goes on in
            // its journal, where nobody else has moved the ledger.
            let goes_on =
                undone.stop.is_none() && undone.own_error.is_none() && undone.cut.is_none();
            match (turn.part, undone.revision) {
                (Part::Journaled(_), Some(now)) if goes_on => turn.claim.revision = now,
                (Part::Whole | Part::Transaction(_), _) => {}
                _ => return Ok(Turned::Failed(cause, counts, Some(Box::new(undone)))),
            }
            if is_doubtful {
                continue;
            }
            self.held.tell(Event::Retrying {
                key: &turn.subject.step.key,
                hook: turn.hook.name(),
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

    async fn once(
        &self,
        backend: &mut Backend,
        turn: &Turn<'_>,
        prepared: Option<Prepared>,
    ) -> Result<Turned, Error> {
        let work = turn.work();
        let session = match backend.open(&work).await {
            Ok(session) => session,
            Err(BackendError::Moved) => return Err(BackendError::Moved.into()),
            Err(error) => return Ok(Turned::Failed(error.into(), Counts::default(), None)),
        };
        let prepared = prepared
            .unwrap_or_else(|| self.hooks().prepare(turn.subject, turn.hook.clone(), turn.entropy));
        let mut cancelled = self.control.cancelled.clone();
        let mut lost = backend.lock_lost();
        let mut oversight = backend.oversight(self.block_limit).await;
        let (counts, result) = tokio::select! {
            (counts, result) = prepared.run(session) => {
                (counts, result.map_err(StepError::Hook))
            }
            () = cancelled.cancelled() => (Counts::default(), Err(StepError::Interrupted)),
            () = is_lost(&mut lost) => (Counts::default(), Err(StepError::LockLost)),
            never = self.held.listen() => match never {},
            intervention = held_up(&mut oversight) => {
                (Counts::default(), Err(StepError::Intervened(intervention)))
            }
        };
        crash::point("after the hook");
        if let Some((statement, reason)) = backend.went_apart().await {
            let (key, hook) = (&turn.subject.step.key, turn.hook.name());
            let event = Event::NotResumable { key, hook, statement: &statement, reason: &reason };
            self.held.tell(event);
        }
        let next = match result {
            Ok(answer) => (turn.next)(answer),
            Err(cause) => return Ok(Turned::Failed(cause, counts, None)),
        };
        let complete = backend.complete(&work, &counts, &next);
        let completed = match &mut oversight {
            Some(oversight) => oversight.over(complete).await,
            None => complete.await,
        };
        let intervened = oversight.and_then(Oversight::intervened).map(StepError::Intervened);
        match completed {
            Ok(revision) => Ok(Turned::Done(revision, counts, next)),
            Err(BackendError::Disconnected(reason)) => {
                let look = backend.look_after_commit(&work, &next).await;
                match look {
                    Ok(Some(revision)) => Ok(Turned::Done(revision, counts, next)),
                    Ok(None) => {
                        let lost = || BackendError::Disconnected(reason).into();
                        Ok(Turned::Failed(intervened.unwrap_or_else(lost), counts, None))
                    }
                    Err(BackendError::LeaseLost) => {
                        Ok(Turned::Failed(StepError::LockLost, counts, None))
                    }
                    Err(_) => Ok(Turned::Failed(StepError::Unknown(reason), counts, None)),
                }
            }
            Err(error) => {
                let cause = intervened.unwrap_or_else(|| error.into());
                Ok(Turned::Failed(cause, counts, None))
            }
        }
    }

    pub(super) async fn undo(
        &self,
        backend: &mut Backend,
        work: &backend::Work<'_>,
    ) -> Result<backend::Undone, BackendError> {
        let undone = backend.undo(work).await;
        crash::point("after a part was undone");
        undone
    }
}

impl Turn<'_> {
    pub(super) fn work(&self) -> backend::Work<'_> {
        backend::Work {
            claim: &self.claim,
            part: self.part,
            limits: self.claim.attempt.limits,
            following: self.following,
            is_grouped: self.is_grouped,
        }
    }
}

/// Completes when the hook has held others up for too long; never where nobody looks.
async fn held_up(oversight: &mut Option<Oversight>) -> Intervention {
    match oversight {
        Some(oversight) => oversight.held_up().await,
        None => std::future::pending().await,
    }
}

async fn is_lost(lost: &mut tokio::sync::watch::Receiver<bool>) {
    if lost.wait_for(|lost| *lost).await.is_err() {
        // A lock that belongs to the session is never lost before the session is.
        std::future::pending::<()>().await;
    }
}
