//! A database that is made to try something on, and what can be seen of it: schema, rows, locks.
//!
//! Looks at a whole database from the operator's side, without programs of the server. What is compared and what a
//! difference means is decided in `trial`. Never looks at the runner's own tables.

use super::{
    Backend, BackendError, Locks, RowSource, Thing, Written,
    connection::Connection,
    transaction::{End, Start, TxError},
};
use crate::{alteration::Dialect, session::SqlError, sql};

/// Why an operator's own script ended.
#[derive(Debug)]
pub enum ScriptError {
    Statement {
        /// Counts from 1.
        line: usize,
        error: SqlError,
    },
    Backend(BackendError),
}

impl From<BackendError> for ScriptError {
    fn from(error: BackendError) -> Self {
        Self::Backend(error)
    }
}

impl From<TxError> for ScriptError {
    fn from(error: TxError) -> Self {
        Self::Backend(error.into())
    }
}

impl Backend {
    pub async fn make_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        self.shared()?.lock().await.make_scratch(name).await
    }

    pub async fn remove_scratch(&mut self, name: &str) -> Result<(), BackendError> {
        self.shared()?.lock().await.remove_scratch(name).await
    }

    pub async fn scratches(&mut self) -> Result<Vec<String>, BackendError> {
        self.shared()?.lock().await.scratches().await
    }

    /// Runs plain SQL with the operator's own rights: on servers each statement for itself, on
    /// SQLite all of them in one transaction. Needs the lock where the database is yet to be made.
    pub async fn run_script(&mut self, script: &str) -> Result<(), ScriptError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let dialect = connection.dialect();
        if dialect == Dialect::Sqlite {
            connection.start(Start::default()).await?;
        }
        statements(connection, script).await?;
        if dialect == Dialect::Sqlite {
            connection.finish(End::default()).await?;
        }
        Ok(())
    }

    /// Runs plain SQL with the operator's own rights in a transaction, and takes it back.
    pub async fn check_script(&mut self, script: &str) -> Result<(), ScriptError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.start(Start::default()).await?;
        let ran = statements(connection, script).await;
        connection.rollback().await?;
        ran
    }

    /// Begins to look: everything until [`Backend::abandon`] is of one moment.
    pub async fn begin_looking(&mut self) -> Result<(), BackendError> {
        self.shared()?.lock().await.look().await
    }

    /// Ends a look, and takes back a call whose caller went away.
    pub async fn abandon(&mut self) -> Result<(), BackendError> {
        self.shared()?.lock().await.rollback().await
    }

    /// Everything in the database but the runner's own tables.
    pub async fn things(&mut self) -> Result<Vec<Thing>, BackendError> {
        self.shared()?.lock().await.things().await
    }

    pub async fn each_row(
        &mut self,
        rows: &RowSource,
        each: &mut (dyn FnMut(Vec<String>) + Send),
    ) -> Result<(), BackendError> {
        self.shared()?.lock().await.each_row(rows, each).await
    }

    /// Tables that hooks wrote to since the rehearsal began. In a look.
    pub async fn written(&mut self) -> Result<Written, BackendError> {
        self.shared()?.lock().await.written().await
    }

    pub async fn watch_locks(&mut self) -> Result<(), BackendError> {
        self.shared()?.lock().await.watch_locks().await
    }

    pub async fn locks_seen(&mut self) -> Result<Locks, BackendError> {
        Ok(self.shared()?.lock().await.locks_seen())
    }
}

/// Runs the statements of an operator's script, one after the other.
async fn statements(connection: &mut dyn Connection, script: &str) -> Result<(), ScriptError> {
    let reading = connection.reading();
    let at_line = |start: usize, error: SqlError| {
        let at = start + error.offset.unwrap_or_default();
        let line = script.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        ScriptError::Statement { line, error }
    };
    let mut start = 0;
    loop {
        let rest = script.get(start..).unwrap_or_default();
        let length = sql::statement_length(rest, reading).map_err(|error| at_line(start, error))?;
        let Some(length) = length else { return Ok(()) };
        let statement = &rest[..length];
        let blank = statement.len() - statement.trim_start().len();
        if let Err(error) = connection.run_unguarded(statement).await {
            return Err(at_line(start + blank, error));
        }
        start += length;
    }
}
