//! Makes hooks ready to be called: which one a part of an attempt calls, with what, and who hears of it.

use super::{
    Work,
    attempt::{Subject, no_entropy},
    held::Held,
};
use crate::{
    alteration::{Dialect, Direction},
    backend::{Phase, Run},
    entropy::{self, Entropy},
    error::Error,
    event::Event,
    host::{Call, Hook, HookObserver, Host, Prepared},
    operator,
};
use std::{sync::Arc, time::Duration};

/// What every hook of a job is made ready with.
pub(super) struct Hooks<'a> {
    host: &'a Host,
    held: Arc<Held>,
    /// Bounds each step of a backfill.
    step_time: Option<Duration>,
}

impl<'a> Work<'a> {
    pub(super) fn hooks(&self) -> Hooks<'a> {
        Hooks { host: self.host, held: Arc::clone(&self.held), step_time: self.step_time }
    }
}

impl Hooks<'_> {
    /// Makes a hook ready to be called.
    pub(super) fn prepare(&self, subject: Subject<'_>, hook: Hook, entropy: Entropy) -> Prepared {
        let Subject { step, attempt, ready, .. } = subject;
        let call = Call {
            timeout: matches!(hook, Hook::Step(_)).then_some(self.step_time).flatten(),
            observer: self.observer(subject, hook.name()),
            hook,
            id: step.key.id.clone(),
            permissions: attempt.permissions.clone(),
            settings: attempt.settings.clone(),
            entropy,
        };
        ready.prepare(self.host, call)
    }

    /// Makes the hook of the part where `run` stands ready to be called.
    pub(super) fn of_part(&self, subject: Subject<'_>, run: &Run) -> Prepared {
        self.prepare(subject, hook_of(run), run.entropy.part(&part_name(run)))
    }

    /// Makes a run of several parts, which is yet to be begun.
    pub(super) fn new_run(&self, subject: Subject<'_>, dialect: Dialect) -> Result<Run, Error> {
        let (first, wit) = (first_phase(subject), self.host.wit_version());
        let entropy = entropy::draw().map_err(no_entropy)?;
        Ok(Run::new(subject.attempt, first, dialect, wit, entropy, operator::now()))
    }

    fn observer(&self, subject: Subject<'_>, hook: &'static str) -> HookObserver {
        let (held, key) = (Arc::clone(&self.held), subject.step.key.clone());
        Arc::new(move |event| held.tell(Event::Hook { key: &key, hook, event }))
    }
}

/// Returns the part that a run begins with.
pub(super) fn first_phase(subject: Subject<'_>) -> Phase {
    match subject.ready.has_preparation(&subject.step.key.id) {
        true => Phase::Preparation,
        false => Phase::Main,
    }
}

pub(super) fn hook_of(run: &Run) -> Hook {
    match (run.phase, run.direction) {
        (Phase::Preparation, Direction::Up) => Hook::BeforeUp,
        (Phase::Preparation, Direction::Down) => Hook::BeforeDown,
        (Phase::Main, Direction::Up) => Hook::Up,
        (Phase::Main, Direction::Down) => Hook::Down,
        (Phase::Backfill, _) => Hook::Step(run.checkpoint.state.clone()),
    }
}

/// Names the part where a run stands, whose randomness is its own: two steps must not draw the same ids.
pub(super) fn part_name(run: &Run) -> String {
    match run.phase {
        Phase::Backfill => format!("{} {}", run.phase.as_str(), run.checkpoint.steps),
        phase => phase.as_str().to_owned(),
    }
}
