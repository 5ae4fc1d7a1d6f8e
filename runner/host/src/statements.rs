//! What statements of one hook share, whoever runs them: a guest, or the runner for a component that is known to be SQL.
//!
//! Counts, traces and poisons: after one failed statement the hook gets no further.

use super::{
    HookEvent,
    error::{FailedStatement, cut},
    gate::Gate,
    log::LogSink,
};
use crate::{
    session::{Counts, ErrorKind, Outcome, Script, SqlError, Value},
    sql::{as_client, excerpt},
};
use std::sync::Arc;

/// The statements of one hook so far.
pub(super) struct Statements {
    pub(super) gate: Arc<Gate>,
    pub(super) log: Arc<LogSink>,
    pub(super) counts: Counts,
    /// The first failed statement. After it the session takes no more, on every backend alike.
    pub(super) failed: Option<FailedStatement>,
}

impl Statements {
    pub(super) fn new(gate: Arc<Gate>, log: Arc<LogSink>) -> Self {
        Self { gate, log, counts: Counts::default(), failed: None }
    }

    /// Refuses once a statement has failed.
    pub(super) fn ready(&self) -> Result<(), SqlError> {
        match &self.failed {
            None => Ok(()),
            Some(failed) => Err(SqlError::new(
                ErrorKind::Other,
                format!(
                    "an earlier statement failed, nothing more is run: {}",
                    failed.error.message
                ),
            )),
        }
    }

    /// Records a failed statement.
    pub(super) fn fail(&mut self, sql: &str, error: SqlError) {
        if self.failed.is_none() {
            let excerpt = excerpt(sql, error.offset);
            let error = SqlError {
                message: cut(error.message),
                constraint: error.constraint.map(cut),
                ..error
            };
            self.failed = Some(FailedStatement { number: self.counts.statements, error, excerpt });
        }
    }

    /// Reports a statement.
    pub(super) fn done(&mut self, sql: &str, rows: u64, rows_affected: u64) {
        self.counts.rows_affected += rows_affected;
        self.log.event(HookEvent::Statement { sql, rows });
    }

    /// Runs one statement.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Outcome, SqlError> {
        self.counts.statements += 1;
        self.ready()?;
        let outcome = self.gate.session().await.lock().await.execute(sql, params).await?;
        self.done(sql, outcome.rows_affected, outcome.rows_affected);
        Ok(outcome)
    }

    /// Runs a script, statement by statement.
    pub(super) async fn execute_script(&mut self, sql: &str) -> Result<(), SqlError> {
        self.ready()?;
        let session = Arc::clone(self.gate.session().await);
        let mut session = session.lock().await;
        let before = self.counts.statements;
        let sql =
            &*as_client(sql, session.reading()).inspect_err(|_| self.counts.statements += 1)?;
        let script = Script::new(sql).inspect_err(|_| self.counts.statements += 1)?;
        // The one at hand counts, also when the hook is ended in it.
        self.counts.statements += 1;
        let mut done = |sql: &str, outcome: Outcome| {
            self.counts.statements += 1;
            self.done(sql, outcome.rows_affected, outcome.rows_affected);
        };
        match session.execute_script(&script, &mut done).await {
            Ok(()) => {
                self.counts.statements -= 1;
                Ok(())
            }
            Err(failed) => {
                self.counts.statements = before + failed.before + 1;
                Err(failed.error)
            }
        }
    }
}
