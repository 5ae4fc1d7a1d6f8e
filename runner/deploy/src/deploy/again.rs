//! A deploy that takes drafts down before it applies them again: two halves, one after the other under one lock.
//!
//! ```text
//! plan   down C, down B | up B, up C, up D
//!        ^ from the archive  ^ from files, judged by the state that the first half leaves
//! ```
//!
//! Both halves are loaded and judged before the first of them begins. Each is planned anew under the lock, as
//! every job is: once the first is done, nothing is left that has to go down. Where a plugin was renamed, the first
//! half takes its records over, so that both go by the new name.

use super::Job;
use crate::{
    alteration::Direction,
    backend::Snapshot,
    plan::{self, Plan, Step},
};

/// The halves of a deploy's plan.
pub(super) struct Halves<'a> {
    pub(super) down: (Job<'a>, Plan),
    pub(super) up: Plan,
    /// The state once the first half is done.
    pub(super) between: Snapshot,
}

impl<'a> Job<'a> {
    /// `None` where `plan` takes nothing down, or nothing else.
    pub(super) fn halves(&self, plan: &Plan, snapshot: &Snapshot) -> Option<Halves<'a>> {
        let Self::Deploy { catalog, options } = self else { return None };
        let half = |direction| {
            let steps = plan.steps.iter().filter(|step| step.direction == direction);
            Plan { steps: steps.cloned().collect(), ..plan.clone() }
        };
        let down = half(Direction::Down);
        if down.steps.is_empty() {
            return None;
        }
        let keys = down.steps.iter().map(|step: &Step| step.key.clone()).collect();
        let between = plan::without(snapshot, &keys);
        let job = Job::TakeDown { catalog, options };
        Some(Halves { down: (job, down), up: half(Direction::Up), between })
    }
}
