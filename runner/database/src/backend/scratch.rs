//! A database that is made to try something on, and what can be seen of it: schema, rows, locks.
//!
//! Looks at a whole database from the operator's side, without programs of the server. What is
//! compared and what a difference means is decided in `trial`. Never looks at the runner's own tables.

use super::{
    Backend, BackendError,
    connection::Connection,
    export::{Export, Lines},
    transaction::{End, Start, TxError},
};
use crate::{
    alteration::Dialect,
    session::{SqlError, Value},
    sql,
};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::BTreeMap;

/// What every scratch database's name begins with, so that left ones are found.
pub const SCRATCH_PREFIX: &str = "runner_test_";

/// One thing of a schema. Two things are equal if all of their lines are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// `table`, `view` and so on.
    pub kind: String,
    pub name: String,
    /// A text of the vendor's: escape it.
    pub lines: Vec<String>,
    /// Where it has rows.
    pub rows: Option<RowSource>,
}

/// How the rows of a table are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSource {
    /// By name, not in the order in which the table has them.
    pub columns: Vec<String>,
    pub(super) sql: String,
}

impl RowSource {
    /// Describes a table that is nowhere, for tests of what is done with columns.
    pub fn of_columns(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { columns, sql: String::new() }
    }
}

/// Tables that a rehearsal wrote to, by the names that [`Thing`]s have; SQLite's in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written(pub(super) BTreeMap<String, bool>);

impl Written {
    /// Whether rows of the table were updated or deleted; `None` if nothing was written to it.
    pub fn rewrote(&self, table: &str) -> Option<bool> {
        self.0.get(table).or_else(|| self.0.get(&table.to_ascii_lowercase())).copied()
    }
}

/// What an attempt kept others from while it worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Locks {
    /// The whole database: other writers wait.
    Database,
    /// Tables that were there before; no one can wait for a new one.
    Tables {
        /// The tables that it locked.
        tables: Vec<TableLock>,
        /// How many statements ran outside a transaction: their locks are not known.
        outside: usize,
    },
    /// They cannot be told here.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableLock {
    /// The table.
    pub table: String,
    /// The strongest lock, as the server calls it.
    pub mode: String,
    /// What others have to wait for; absent if nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Blocked>,
}

/// Who has to wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocked {
    /// Writes wait.
    Writes,
    /// Reads and writes wait.
    ReadsAndWrites,
}

/// What a connection offers beside its work, for trials and for the end of a plugin.
#[async_trait]
pub(super) trait Scratch: Send {
    /// Makes an empty database beside this one, with its character set.
    async fn make_scratch(&mut self, name: &str) -> Result<(), BackendError>;

    /// Removes it, whoever is connected to it.
    async fn remove_scratch(&mut self, name: &str) -> Result<(), BackendError>;

    /// Databases whose names begin with [`SCRATCH_PREFIX`].
    async fn scratches(&mut self) -> Result<Vec<String>, BackendError>;

    /// Runs one statement of the operator's, unguarded.
    async fn run_unguarded(&mut self, sql: &str) -> Result<(), SqlError>;

    /// Everything in the database but the runner's own tables. Called in a transaction.
    async fn things(&mut self) -> Result<Vec<Thing>, BackendError>;

    /// Hands each row to `each`, its values as literals that are equal for equal values alone.
    /// Called in a transaction.
    async fn each_row(
        &mut self,
        rows: &RowSource,
        each: &mut (dyn FnMut(Vec<String>) + Send),
    ) -> Result<(), BackendError>;

    /// How a table of [`Self::things`] is written out. Called in a transaction.
    async fn export_of(&mut self, table: &str) -> Result<Export, BackendError>;

    /// Hands each row of it to `line`, with its end. Called in a transaction.
    async fn export(&mut self, export: &Export, line: &mut Lines<'_>) -> Result<(), BackendError>;

    /// Tables that hooks wrote to since the rehearsal began, by triggers and foreign keys too, and that this user may
    /// read. Called in the rehearsal.
    async fn written(&mut self) -> Result<Written, BackendError> {
        Ok(Written::default())
    }

    /// From here on notes the locks of each transaction before its commit.
    async fn watch_locks(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    /// What was noted since.
    fn locks_seen(&mut self) -> Locks {
        Locks::Unknown
    }
}

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

/// A value as a literal: equal texts for equal values of one type, and no others.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => u8::from(*value).to_string(),
        Value::Int64(value) => value.to_string(),
        Value::Float64(value) => value.to_string(),
        Value::BigInteger(text) | Value::Decimal(text) => text.clone(),
        Value::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
        Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::Timestamptz(text)
        | Value::Uuid(text)
        | Value::Json(text)
        | Value::Other { text, .. } => quoted(text),
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_tell_values_apart() {
        let values = [
            Value::Null,
            Value::Text("NULL".to_owned()),
            Value::Text(String::new()),
            Value::Text("x''".to_owned()),
            Value::Bytes(Vec::new()),
            Value::Text("1".to_owned()),
            Value::Int64(1),
        ];
        let literals: std::collections::BTreeSet<String> = values.iter().map(literal).collect();
        assert_eq!(literals.len(), values.len());
    }
}
