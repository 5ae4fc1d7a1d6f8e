//! Looks one step ahead: while the database works for a step, the guest of the next one runs on another thread.
//!
//! ```text
//! turn of    step 1                         step 2                         step 3
//! database   begin, hook, record, commit    begin, hook, record, commit    …
//! guest      of step 2, to its first call   of step 3, to its first call   …
//! ```
//!
//! A prepared step owns its guest and whatever came of it so far. Nothing is reported of either before the step's
//! turn, failures included: see `host/gate.rs`. Nothing here talks to a database, which only a turn does.

use super::{
    attempt::{Subject, no_entropy},
    components::Components,
    hooks::Hooks,
};
use crate::{
    alteration::{AlterationKey, Dialect},
    backend::{Attempt, Following, Run},
    entropy::{self, Entropy},
    error::Error,
    host::Prepared,
    plan::Step,
};
use std::{collections::BTreeMap, slice};

/// Steps in their order, each prepared while the one before it has its turn, and the first one at once.
pub(super) struct Lookahead<'a, T> {
    steps: slice::Iter<'a, Step>,
    /// Prepares a step, told how many come after it.
    prepare: Box<dyn FnMut(&'a Step, usize) -> T + Send + 'a>,
    /// The step that is handed out next.
    next: Option<T>,
}

impl<'a, T> Lookahead<'a, T> {
    pub(super) fn new(
        steps: &'a [Step],
        prepare: impl FnMut(&'a Step, usize) -> T + Send + 'a,
    ) -> Self {
        let mut lookahead = Self { steps: steps.iter(), prepare: Box::new(prepare), next: None };
        lookahead.prepare_next();
        lookahead
    }

    fn prepare_next(&mut self) {
        self.next = self.steps.next().map(|step| (self.prepare)(step, self.steps.len()));
    }
}

impl<T> Iterator for Lookahead<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let now = self.next.take();
        self.prepare_next();
        now
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps.len() + usize::from(self.next.is_some());
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for Lookahead<'_, T> {}

/// The prepared steps of a plan. A step that could not be prepared fails in its own turn.
pub(super) type Steps<'a> = Lookahead<'a, Result<PreparedStep<'a>, Error>>;

impl<'a> Steps<'a> {
    /// Returns the next attempt if it is one transaction: then its start can be recorded with the end of the
    /// attempt before it.
    pub(super) fn following(&self) -> Option<Following<'a>> {
        let next = self.next.as_ref()?.as_ref().ok()?;
        let Subject { attempt, ready, .. } = next.subject;
        next.is_whole().then_some(Following { attempt, component: &ready.bytes })
    }

    /// Notes that the start of [`Self::following`] is recorded.
    pub(super) fn following_is_started(&mut self) {
        if let Some(Ok(PreparedStep { way: Way::Whole(whole), .. })) = &mut self.next {
            whole.is_started = true;
        }
    }

    /// Returns the next attempt if its start is recorded.
    pub(super) fn started(&self) -> Option<&'a Attempt> {
        match &self.next {
            Some(Ok(PreparedStep { subject, way: Way::Whole(whole) })) if whole.is_started => {
                Some(subject.attempt)
            }
            _ => None,
        }
    }
}

/// A step that is ready for its turn.
pub(super) struct PreparedStep<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) way: Way<'a>,
}

/// How a step is attempted.
pub(super) enum Way<'a> {
    /// In one transaction.
    Whole(Whole),
    /// In several parts, as a new run. The hook is that of the first part.
    Parts(Box<Run>, Prepared),
    /// In the parts that are left of a run that was begun before, whose guest does not run ahead.
    Resume(&'a Run),
}

/// What an attempt in one transaction is made with.
pub(super) struct Whole {
    pub(super) hook: Prepared,
    pub(super) entropy: Entropy,
    /// Whether its start was recorded with the end of the attempt before it.
    pub(super) is_started: bool,
}

impl PreparedStep<'_> {
    /// Returns whether its start is recorded.
    pub(super) fn is_started(&self) -> bool {
        matches!(&self.way, Way::Whole(whole) if whole.is_started)
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.way, Way::Whole(_))
    }
}

/// What steps are prepared with.
pub(super) struct Preparing<'a> {
    pub(super) hooks: Hooks<'a>,
    pub(super) components: &'a Components,
    /// Attempts of several parts that were begun before.
    pub(super) runs: &'a BTreeMap<AlterationKey, Run>,
    pub(super) dialect: Dialect,
    /// Whether `up` and `down` have to be journaled.
    pub(super) is_journaled: bool,
}

impl<'a> Preparing<'a> {
    /// Prepares a step and lets its guest run ahead. `left` steps come after it.
    pub(super) fn step(&self, step: &'a Step, left: usize) -> Result<PreparedStep<'a>, Error> {
        let Some((attempt, ready)) = self.components.get(&step.key) else {
            return Err(Error::PlanChanged(step.key.clone()));
        };
        let subject = Subject { step, attempt, ready, left };
        let way = match self.runs.get(&step.key) {
            Some(run) => Way::Resume(run),
            None if self.is_journaled || subject.has_parts() => {
                let run = self.hooks.new_run(subject, self.dialect)?;
                let hook = self.hooks.of_part(subject, &run).ahead();
                Way::Parts(Box::new(run), hook)
            }
            None => {
                let entropy = entropy::draw().map_err(no_entropy)?;
                let hook = self.hooks.prepare(subject, subject.whole_hook(), entropy).ahead();
                Way::Whole(Whole { hook, entropy, is_started: false })
            }
        };
        Ok(PreparedStep { subject, way })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alteration::Direction,
        plan::{Asks, Reason},
    };
    use std::sync::{Arc, Mutex};

    fn steps(ids: &[&str]) -> Vec<Step> {
        let step = |id: &&str| Step {
            key: AlterationKey {
                plugin: "acme/shop".parse().expect("a plugin"),
                id: format!("1.0.0-1700000000-{id}").parse().expect("an id"),
            },
            direction: Direction::Up,
            reason: Reason::New,
            description: None,
            irreversible: false,
            draft: false,
            with: None,
            asks: Asks::default(),
            creates: std::collections::BTreeSet::new(),
            level: crate::alteration::Level::default(),
        };
        ids.iter().map(step).collect()
    }

    /// Lets the caller see what was prepared so far, by name and number of steps after it.
    fn observed<'a>(
        steps: &'a [Step],
    ) -> (Lookahead<'a, &'a str>, impl Fn() -> Vec<(&'a str, usize)>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let prepared = Arc::clone(&seen);
        let lookahead = Lookahead::new(steps, move |step, left| {
            let name = step.key.id.as_str().rsplit_once('-').expect("a name").1;
            prepared.lock().expect("the list").push((name, left));
            name
        });
        (lookahead, move || seen.lock().expect("the list").clone())
    }

    #[test]
    fn each_step_is_prepared_one_turn_before_its_own() {
        let steps = steps(&["a", "b", "c"]);
        let (mut lookahead, prepared) = observed(&steps);
        assert_eq!(prepared(), [("a", 2)]);
        assert_eq!((lookahead.next(), lookahead.len()), (Some("a"), 2));
        assert_eq!(prepared(), [("a", 2), ("b", 1)]);
        assert_eq!((lookahead.next(), lookahead.len()), (Some("b"), 1));
        assert_eq!(prepared(), [("a", 2), ("b", 1), ("c", 0)]);
        assert_eq!((lookahead.next(), lookahead.len()), (Some("c"), 0));
        assert_eq!((lookahead.next(), lookahead.next()), (None, None));
        assert_eq!(prepared().len(), 3);
    }

    #[test]
    fn what_never_has_its_turn_is_prepared_at_most_once() {
        let steps = steps(&["a", "b", "c"]);
        let (lookahead, prepared) = observed(&steps);
        drop(lookahead.take(1).collect::<Vec<_>>());
        assert_eq!(prepared(), [("a", 2), ("b", 1)]);
        assert_eq!(observed(&[]).0.len(), 0);
    }
}
