//! Steps that are done, and are committed together with what follows them.

use crate::{
    backend::Revision,
    error::{Error, Lost},
    event::StepReport,
};
use std::mem;

/// Where the loop stands: before a step of the plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The step, from 0.
    pub(super) at: usize,
    pub(super) revision: Revision,
    /// Whether its start is recorded.
    pub(super) is_started: bool,
}

impl Position {
    /// Returns the position behind the step's start, which is committed by itself before anything of the step runs.
    fn started(self) -> Self {
        let revision = if self.is_started { self.revision } else { self.revision.next() };
        Self { revision, is_started: true, ..self }
    }
}

/// What is done and not known to be committed.
#[derive(Debug)]
pub(super) struct Gathered {
    first: Option<Position>,
    reports: Vec<StepReport>,
    /// Steps to come that are to be committed one by one.
    alone: usize,
}

impl Gathered {
    pub(super) fn new(alone: usize) -> Self {
        Self { first: None, reports: Vec::new(), alone }
    }

    /// Returns whether the next step may be committed with what follows it.
    pub(super) fn may_gather(&self) -> bool {
        self.alone == 0
    }

    pub(super) fn push(&mut self, at: Position, report: StepReport) {
        self.first.get_or_insert(at.started());
        self.reports.push(report);
        self.alone = self.alone.saturating_sub(1);
    }

    /// Takes what is done: it is committed.
    pub(super) fn take(&mut self) -> Vec<StepReport> {
        self.first = None;
        mem::take(&mut self.reports)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.reports.len()
    }

    /// Returns where the first of them stood when it was begun.
    pub(super) fn first(&self) -> Option<Position> {
        self.first
    }

    /// Has `error` name what is lost together with the step that failed.
    pub(super) fn lost_with(self, error: Error) -> Error {
        let Error::Step(mut failure) = error else { return error };
        failure.lost = Lost::Together(self.reports.into_iter().map(|step| step.key).collect());
        Error::Step(failure)
    }
}
