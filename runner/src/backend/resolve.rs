//! What only a person can decide about an attempt that was begun and cannot go on by itself.

use super::{
    Attempt, Backend, BackendError, Ending, Revision, Run, Status,
    attempt::or_roll_back,
    tables::{
        history,
        journal::{self, JournalRow},
        run, state,
    },
};
use crate::alteration::Direction;

/// What a person says about an unfinished attempt.
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

impl Backend {
    /// What a person decided about an unfinished attempt. The statement that it was about.
    pub async fn resolve(
        &mut self,
        attempt: &Attempt,
        run: &Run,
        decision: Decision,
        revision: Revision,
    ) -> Result<Option<String>, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let resolved = async {
            connection.end_orphans(&run.marker).await?;
            let revision = self.start(connection, revision).await?;
            let open = journal::read(connection, &run.key).await?;
            let is_apart = open.iter().any(JournalRow::is_apart);
            let open = open.into_iter().find(|row| !row.is_done);
            let statement = open.as_ref().and_then(|row| row.statement.clone());
            if is_apart && matches!(decision, Decision::StatementDone | Decision::StatementNotDone)
            {
                return Err(BackendError::NotResumable);
            }
            match (decision, open) {
                (Decision::Applied | Decision::Reverted, _) => {
                    let status = match decision {
                        Decision::Applied => Status::Applied,
                        _ => Status::Reverted,
                    };
                    // What stays applied was applied when it was, and keeps its place in the order.
                    if (decision, run.direction) != (Decision::Applied, Direction::Down) {
                        state::finalise(connection, attempt, revision, &run.counts).await?;
                    }
                    state::mark(connection, &run.key, status, None).await?;
                    journal::clear(connection, &run.key).await?;
                    run::delete(connection, run).await?;
                }
                (Decision::StatementDone, Some(row)) => {
                    journal::finish(connection, &run.key, row.call, row.results).await?;
                }
                (Decision::StatementNotDone, Some(row)) => {
                    journal::forget(connection, &run.key, row.call).await?;
                }
                (Decision::StatementDone | Decision::StatementNotDone, None) => {
                    return Err(BackendError::NothingToResolve);
                }
            }
            let text = decision.as_str();
            let end = (Ending::Resolved, &run.counts, Some(text));
            history::append(connection, attempt, Some(end)).await?;
            connection.commit().await?;
            Ok(statement)
        };
        let resolved = resolved.await;
        or_roll_back(connection, resolved).await
    }

    /// The statement of an unfinished attempt whose end nobody knows, if there is one.
    pub async fn open_statement(&mut self, run: &Run) -> Result<Option<String>, BackendError> {
        let rows = self.journal(run).await?;
        Ok(rows.into_iter().find(|row| !row.is_done).and_then(|row| row.statement))
    }

    /// The statements of an unfinished hook that took effect, as messages show them, and the one whose end
    /// nobody knows.
    pub async fn effects(
        &mut self,
        run: &Run,
    ) -> Result<(Vec<String>, Option<String>), BackendError> {
        let rows = self.journal(run).await?;
        let done = rows.iter().filter(|row| row.is_done).flat_map(JournalRow::changes).collect();
        let open = rows.iter().filter(|row| !row.is_done).flat_map(JournalRow::changes).next();
        Ok((done, open))
    }

    async fn journal(&mut self, run: &Run) -> Result<Vec<JournalRow>, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.begin_reading().await?;
        let rows = journal::read(connection, &run.key).await;
        connection.rollback().await?;
        rows
    }
}
