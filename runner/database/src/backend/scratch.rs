//! A database that is made to try something on, and what can be seen of it: schema, rows, locks.
//!
//! Looks at a whole database from the operator's side, without programs of the server. What is
//! compared and what a difference means is decided in `trial`. Never looks at the runner's own tables.

use super::{
    BackendError,
    export::{Export, Lines},
};
use crate::session::{SqlError, Value};
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

    /// Returns a source of one row: how many rows there are.
    pub fn count(&self) -> Self {
        Self {
            columns: vec!["rows".to_owned()],
            sql: format!("SELECT count(*) AS counted FROM ({}) AS each_row", self.sql),
        }
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
pub trait Scratch: Send {
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
