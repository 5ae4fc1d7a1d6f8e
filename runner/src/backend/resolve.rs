//! What only a person can decide: about an attempt that was begun and cannot go on by itself, or that a record is wrong.

use super::{
    Attempt, Backend, BackendError, Counts, Ending, Revision, Run, StateRow, Status,
    recorded::conclude,
    tables::{
        history,
        journal::{self, JournalRow},
        run, schema, state,
    },
    transaction::{Durability, End, Start},
};
use crate::{
    alteration::{AlterationKey, Direction},
    escape::Escaped,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt, str::FromStr};

/// What a person says about an alteration; of a statement, where an attempt is unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The alteration is in place, all of it.
    Applied,
    /// The alteration is not in place, nothing of it.
    Reverted,
    /// The statement whose end nobody saw took effect; the rest is still to be done.
    StatementDone,
    /// The statement whose end nobody saw took no effect, and may run again.
    StatementNotDone,
}

impl Decision {
    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "resolved: it is applied",
            Self::Reverted => "resolved: it is reverted",
            Self::StatementDone => "resolved: the statement took effect",
            Self::StatementNotDone => "resolved: the statement took no effect",
        }
    }
}

/// Bytes of a reason.
const REASON_BYTES_MAX: usize = 1000;

/// Why a person decided so, in that person's words: escape it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseBecauseError {
    #[error("a reason is needed")]
    Empty,
    #[error("a reason has at most {REASON_BYTES_MAX} bytes")]
    TooLong,
}

impl FromStr for Because {
    type Err = ParseBecauseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Err(ParseBecauseError::Empty),
            text if text.len() > REASON_BYTES_MAX => Err(ParseBecauseError::TooLong),
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// A decision, as history tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// RFC 3339, UTC.
    pub at: String,
    pub by: String,
    /// What was decided.
    pub decision: String,
    /// In that person's words: escape it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What stands between a decision and its reason in the history.
const BECAUSE: &str = ", because: ";

impl Decided {
    pub(super) fn new(at: String, by: String, text: &str) -> Self {
        let (decision, because) = match text.split_once(BECAUSE) {
            Some((decision, because)) => (decision, Some(because.to_owned())),
            None => (text, None),
        };
        let decision = decision.strip_prefix("resolved: ").unwrap_or(decision).to_owned();
        Self { at, by, decision, because }
    }
}

/// What the history holds of a decision.
fn text(decision: Decision, because: Option<&Because>) -> String {
    let because = because.map(|Because(reason)| format!("{BECAUSE}{reason}")).unwrap_or_default();
    format!("{}{because}", decision.as_str())
}

impl Backend {
    /// Records that a person found the record of an alteration wrong, of which nothing is unfinished: what `attempt` would
    /// have done is done, or undone, already. `row` is as it was read.
    pub async fn correct(
        &mut self,
        row: &StateRow,
        decision: Decision,
        because: Option<&Because>,
        revision: Revision,
    ) -> Result<(), BackendError> {
        let (direction, status) = match decision {
            Decision::Applied => (Direction::Up, Status::Applied),
            Decision::Reverted => (Direction::Down, Status::Reverted),
            Decision::StatementDone | Decision::StatementNotDone => {
                return Err(BackendError::NothingToResolve);
            }
        };
        let attempt = Attempt { direction, ..Attempt::down(row) };
        let row = match status {
            // It comes after what is applied by now.
            Status::Applied => state::finalise(&attempt, revision.next(), &Counts::default()),
            _ => state::mark(&row.key, status, None),
        };
        let text = text(decision, because);
        let end = (Ending::Resolved, &Counts::default(), Some(text.as_str()));
        let corrected = vec![self.advance(revision)?, row, history::append(&attempt, Some(end))];
        self.apply(corrected, Durability::Flushed).await
    }

    /// What persons decided, about each alteration of which that is the last thing that happened.
    pub async fn decisions(&mut self) -> Result<BTreeMap<AlterationKey, Decided>, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.look().await?;
        let read = async {
            match schema::version(connection).await? {
                // The first version could not be resolved.
                None | Some(..2) => Ok(BTreeMap::new()),
                Some(_) => history::decisions(connection).await,
            }
        };
        let read = read.await;
        connection.rollback().await?;
        read
    }

    /// What a person decided about an unfinished attempt. The statement that it was about.
    pub async fn resolve(
        &mut self,
        attempt: &Attempt,
        run: &Run,
        decision: Decision,
        because: Option<&Because>,
        revision: Revision,
    ) -> Result<Option<String>, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let resolved = async {
            connection.end_orphans(&run.marker).await?;
            connection.start(Start::own(vec![self.advance(revision)?])).await?;
            let revision = revision.next();
            let open = journal::read(connection, &run.key).await?;
            let is_apart = open.iter().any(JournalRow::is_apart);
            let open = open.into_iter().find(|row| !row.is_done);
            let statement = open.as_ref().and_then(|row| row.statement.clone());
            if is_apart && matches!(decision, Decision::StatementDone | Decision::StatementNotDone)
            {
                return Err(BackendError::NotResumable);
            }
            let mut recorded = Vec::new();
            match (decision, open) {
                (Decision::Applied | Decision::Reverted, _) => {
                    let status = match decision {
                        Decision::Applied => Status::Applied,
                        _ => Status::Reverted,
                    };
                    // What stays applied was applied when it was, and keeps its place in the order.
                    if (decision, run.direction) != (Decision::Applied, Direction::Down) {
                        recorded.push(state::finalise(attempt, revision, &run.counts));
                    }
                    recorded.push(state::mark(&run.key, status, None));
                    recorded.push(journal::clear(&run.key));
                    recorded.push(run::delete(run));
                }
                (Decision::StatementDone, Some(row)) => {
                    recorded.push(journal::finish(&run.key, row.call, row.results));
                }
                (Decision::StatementNotDone, Some(row)) => {
                    recorded.push(journal::forget(&run.key, row.call));
                }
                (Decision::StatementDone | Decision::StatementNotDone, None) => {
                    return Err(BackendError::NothingToResolve);
                }
            }
            let text = text(decision, because);
            let end = (Ending::Resolved, &run.counts, Some(text.as_str()));
            recorded.push(history::append(attempt, Some(end)));
            Ok((statement, End::own(recorded)))
        };
        let resolved = resolved.await;
        let (statement, durability) = conclude(connection, resolved).await?;
        self.disk.committed(durability);
        Ok(statement)
    }

    /// The statement of an unfinished attempt whose end nobody knows, if there is one.
    pub async fn open_statement(&mut self, run: &Run) -> Result<Option<String>, BackendError> {
        let rows = self.journal(run).await?;
        Ok(rows.into_iter().find(|row| !row.is_done).and_then(|row| row.statement))
    }

    /// The statements of an unfinished hook that took effect, as messages show them, and the first of which nobody
    /// knows.
    pub async fn effects(
        &mut self,
        run: &Run,
    ) -> Result<(Vec<String>, Option<String>), BackendError> {
        let rows = self.journal(run).await?;
        let (sure, doubtful) = super::journal::parted(&rows);
        let open = sure.iter().filter(|row| !row.is_done).chain(doubtful);
        let open = open.flat_map(JournalRow::changes).next();
        Ok((super::journal::effects(&rows), open))
    }

    pub(super) async fn journal(&mut self, run: &Run) -> Result<Vec<JournalRow>, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        journal::look(connection, &run.key).await
    }
}
