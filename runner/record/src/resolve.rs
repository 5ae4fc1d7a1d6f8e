//! What only a person can decide: about an attempt that was begun and cannot go on by itself, or that a record is wrong.

use super::{
    Attempt, Backend, BackendError, Because, Counts, Decided, Decision, Ending, Revision, Run,
    StateRow, Status,
    recorded::conclude,
    tables::{
        history,
        journal::{self, JournalRow},
        run, schema, state,
    },
    transaction::{Durability, End, Start},
};
use crate::alteration::{AlterationKey, Direction};
use std::collections::BTreeMap;

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
        let text = decision.text(because);
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
        self.shut_former().await?;
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
            let text = decision.text(because);
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
