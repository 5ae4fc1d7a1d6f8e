//! A test so far, over all the scratch databases that it needed.

use super::{Failure, NotTested, Outcome, Tested, Trial, Verdict};
use crate::{
    alteration::{AlterationKey, Catalog, Dialect, PluginName},
    plan::{Plan, SkipReason, Skipped},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// The results so far, and where the test goes on.
pub(crate) struct Progress<'a> {
    began: Instant,
    /// Called with each alteration that was tested.
    observer: &'a (dyn Fn(&Tested) + Send + Sync),
    alterations: Vec<Tested>,
    pub(super) failures: Vec<Failure>,
    not_tested: Vec<NotTested>,
    /// The step that comes next.
    pub(super) next: usize,
    /// Alterations that went up and stay, in order: a database that is made anew has them first.
    pub(super) up: Vec<AlterationKey>,
    /// Plugins of which an alteration does not go up, with that one.
    pub(super) broken: BTreeMap<PluginName, AlterationKey>,
}

impl<'a> Progress<'a> {
    /// Starts the clock of a test that has not run anything yet.
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

    /// Adds an alteration that was tested, and reports it.
    pub(super) fn add(&mut self, tested: Tested) {
        (self.observer)(&tested);
        self.alterations.push(tested);
    }

    /// Returns the alteration without which `key` cannot be tested, if there is one.
    fn blocked(&mut self, key: &AlterationKey, catalog: &Catalog) -> Option<AlterationKey> {
        let requires = catalog.get(key).into_iter().flat_map(|one| one.requires.keys());
        let cause = std::iter::once(&key.plugin).chain(requires);
        let cause = cause.filter_map(|plugin| self.broken.get(plugin)).next().cloned()?;
        // What requires this one cannot be tested either.
        self.broken.entry(key.plugin.clone()).or_insert_with(|| cause.clone());
        Some(cause)
    }

    /// Leaves out what comes next and cannot be tested.
    pub(super) fn leave_out(&mut self, plan: &Plan, catalog: &Catalog) {
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

    /// Turns what was found into the result.
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

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
