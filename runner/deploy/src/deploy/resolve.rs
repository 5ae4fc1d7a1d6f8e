//! A person's decision about an alteration: looked at before the question, checked again under the lock, recorded.
//!
//! What is unfinished is decided about as it stands. That a record is wrong is another matter: it takes a reason, and must not
//! leave an applied alteration without what it requires.

use crate::{
    alteration::AlterationKey,
    backend::{Attempt, Backend, Because, Decision, Snapshot, StateRow, Status},
    error::Error,
    plan::{self, Finding},
};
use serde::Serialize;

/// A record that a person found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Correction {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// What is recorded.
    pub recorded: Status,
    /// What will be.
    pub status: Status,
}

/// What was recorded.
#[derive(Debug)]
pub enum Resolved {
    /// About an attempt that was unfinished, with the statement of which nobody knew whether it took effect.
    Attempt(Option<String>),
    Corrected(Correction),
}

pub(crate) struct Deciding<'a> {
    pub(crate) key: &'a AlterationKey,
    pub(crate) decision: Decision,
    pub(crate) because: Option<&'a Because>,
    pub(crate) confirm: &'a dyn Fn(&Correction) -> bool,
}

impl Deciding<'_> {
    /// Looks what the decision is about in `snapshot`, and asks where a record would be corrected. `None` where an
    /// attempt is unfinished.
    pub(crate) async fn look(
        &self,
        snapshot: &Snapshot,
        backend: &mut Backend,
    ) -> Result<Option<Correction>, Error> {
        let row = snapshot.rows.get(self.key);
        let row = row.ok_or_else(|| Error::NothingRecorded(self.key.clone()))?;
        if snapshot.runs.contains_key(self.key) {
            return Ok(None);
        }
        let correction = self.correction(row)?;
        self.check(row, snapshot, backend).await?;
        // A baseline's own mistake was never an alteration's work.
        if self.because.is_none() && !row.never_ran() {
            return Err(Error::NoReason(self.key.clone()));
        }
        match self.because.is_none() || (self.confirm)(&correction) {
            true => Ok(Some(correction)),
            false => Err(Error::Declined),
        }
    }

    fn correction(&self, row: &StateRow) -> Result<Correction, Error> {
        let status = match self.decision {
            Decision::Applied => Status::Applied,
            Decision::Reverted => Status::Reverted,
            Decision::StatementDone | Decision::StatementNotDone => {
                return Err(Error::NothingUnfinished(self.key.clone()));
            }
        };
        if status == row.status {
            return Err(Error::AlreadyRecorded { key: self.key.clone(), status });
        }
        Ok(Correction { key: self.key.clone(), recorded: row.status, status })
    }

    /// Refuses what would leave something applied without what it requires, and what could not be taken back.
    async fn check(
        &self,
        row: &StateRow,
        snapshot: &Snapshot,
        backend: &mut Backend,
    ) -> Result<(), Error> {
        let findings: Vec<Finding> = match self.decision {
            Decision::Applied => plan::unmet(snapshot, row).into_iter().collect(),
            _ => plan::still_required(snapshot, &[row]),
        };
        if !findings.is_empty() {
            return Err(Error::Unmet { key: self.key.clone(), findings });
        }
        // A later rollback takes it from there.
        let is_applied = self.decision == Decision::Applied;
        if is_applied && backend.archived(row.component_checksum).await?.is_none() {
            return Err(Error::NotArchived(self.key.clone()));
        }
        Ok(())
    }

    /// Records it under the lock, if everything is as it was when the person was asked.
    pub(crate) async fn decide(
        &self,
        asked: Option<&Correction>,
        backend: &mut Backend,
    ) -> Result<Resolved, Error> {
        // Tables of an older runner cannot be written to before.
        backend.prepare().await?;
        let snapshot = backend.snapshot().await?;
        let (Some(row), Some(revision)) = (snapshot.rows.get(self.key), snapshot.revision) else {
            return Err(Error::NothingRecorded(self.key.clone()));
        };
        let run = snapshot.runs.get(self.key);
        match (run, asked) {
            (Some(run), None) => {
                let attempt = Attempt { direction: run.direction, ..Attempt::down(row) };
                let (decision, because) = (self.decision, self.because);
                let resolved = backend.resolve(&attempt, run, decision, because, revision).await?;
                Ok(Resolved::Attempt(resolved))
            }
            (None, Some(asked)) if self.correction(row)? == *asked => {
                self.check(row, &snapshot, backend).await?;
                if self.because.is_none() && row.never_ran() {
                    backend.forget_applied(&Attempt::down(row), revision).await?;
                } else {
                    backend.correct(row, self.decision, self.because, revision).await?;
                }
                Ok(Resolved::Corrected(asked.clone()))
            }
            _ => Err(Error::PlanChanged(self.key.clone())),
        }
    }
}
