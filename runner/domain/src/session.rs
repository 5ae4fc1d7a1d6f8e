//! What a hook can do to a database: the one trait through which `host` and `backend` meet.
//!
//! Types here mirror `wit/alteration.wit` without knowing WebAssembly. Transactions are
//! deliberately absent: they are the backend's, never a guest's.

mod blank;
mod reading;
mod script;

pub use blank::blank;
pub use reading::Reading;
pub use script::{FailedInScript, OnStatement, Script, ScriptRun, Terminated};

use crate::alteration::Dialect;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One database value, as a parameter or in a row. Mirrors `types.value` of the WIT package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Null,
    Boolean(bool),
    /// From a database always within ±(2^53 − 1); larger ones are `BigInteger`.
    Int64(i64),
    BigInteger(String),
    Float64(f64),
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    Date(String),
    Time(String),
    Timestamp(String),
    Timestamptz(String),
    Uuid(String),
    Json(String),
    Other {
        type_name: String,
        text: String,
    },
}

pub type Row = Vec<Value>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// The backend's name for the type; empty where an expression has none.
    pub type_name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowSet {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    pub rows_affected: u64,
    pub last_insert_id: Option<u64>,
}

/// How much one result may hold.
#[derive(Debug, Clone, Copy)]
pub struct ResultLimit {
    pub rows_max: usize,
    pub bytes_max: usize,
}

/// Bounds on what a guest's SQL may make the database hold in memory.
#[derive(Debug, Clone, Copy)]
pub struct SqlLimits {
    pub sql_bytes_max: usize,
    pub value_bytes_max: usize,
    pub cursors_max: usize,
}

impl SqlLimits {
    /// `sql_bytes_max` of a run whose operator sets no other.
    pub const SQL_BYTES_MAX_DEFAULT: usize = 16 << 20;
}

impl Counts {
    /// Both together.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            duration_ms: self.duration_ms.saturating_add(other.duration_ms),
            statements: self.statements.saturating_add(other.statements),
            rows_affected: self.rows_affected.saturating_add(other.rows_affected),
        }
    }
}

/// What a hook did, counted by the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How many statements ran.
    pub statements: u64,
    /// How many rows its statements affected.
    pub rows_affected: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    Constraint,
    Serialization,
    Denied,
    Limit,
    Syntax,
    Conversion,
    Disconnected,
    Other,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constraint => "constraint",
            Self::Serialization => "serialization",
            Self::Denied => "denied",
            Self::Limit => "limit",
            Self::Syntax => "syntax",
            Self::Conversion => "conversion",
            Self::Disconnected => "disconnected",
            Self::Other => "error",
        })
    }
}

/// What a confined plugin would need for what it was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacks {
    /// A permission, as a manifest declares it.
    Permission(String),
    /// No permission gives it: another level.
    Level,
}

/// A failed call, as the guest sees it, with what only the host needs to explain it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    pub kind: ErrorKind,
    pub message: String,
    pub sqlstate: Option<String>,
    pub constraint: Option<String>,
    pub retryable: bool,
    /// Byte offset in the statement, where the backend tells one.
    pub offset: Option<usize>,
    /// Set where a confined plugin was refused what is not its own.
    pub lacks: Option<Lacks>,
}

impl SqlError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            sqlstate: None,
            constraint: None,
            retryable: false,
            offset: None,
            lacks: None,
        }
    }
}

/// Names a cursor or a bulk-writer within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Handle(pub u32);

/// The plugin's connection during one hook call, inside a transaction that the backend began.
///
/// Every method runs with the guest's rights only. After an error the host makes no further call:
/// the transaction is then rolled back.
#[async_trait]
pub trait Session: Send {
    fn dialect(&self) -> Dialect;

    /// Returns how this session reads SQL, by its settings at this moment.
    fn reading(&self) -> Reading {
        self.dialect().into()
    }

    fn quote_identifier(&self, name: &str) -> String;

    /// Returns how long the statement is that begins at byte `start` of `script`; `None` when nothing is
    /// left but white space and comments. Needs every earlier statement to have been executed.
    async fn statement_length(
        &mut self,
        script: &Script,
        start: usize,
    ) -> Result<Option<usize>, SqlError>;

    /// Runs exactly one statement.
    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError>;

    /// Runs the statements of `script` in their order, and tells `done` of each. Some may go to the
    /// database together.
    async fn execute_script(
        &mut self,
        script: &Script,
        done: &mut OnStatement<'_>,
    ) -> Result<(), FailedInScript> {
        let mut run = ScriptRun::default();
        while run.next(self, script, done).await? {}
        Ok(())
    }

    /// Runs exactly one statement and returns all its rows; a `Limit` error beyond `limit`.
    async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        limit: ResultLimit,
    ) -> Result<RowSet, SqlError>;

    /// Opens a cursor over a snapshot of the result: later writes do not change what it returns.
    async fn open_cursor(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError>;

    /// The next rows, at most `limit`; none at the end. Fewer than `rows_max` says nothing.
    async fn fetch(&mut self, cursor: Handle, limit: ResultLimit) -> Result<Vec<Row>, SqlError>;

    async fn close_cursor(&mut self, cursor: Handle) -> Result<(), SqlError>;

    /// Prepares inserting rows of `columns` into `table` (`name` or `schema.name`).
    async fn open_writer(&mut self, table: &str, columns: &[String]) -> Result<Handle, SqlError>;

    /// Writes rows, each as wide as the writer's columns. Returns how many were inserted by now.
    async fn write(&mut self, writer: Handle, rows: Vec<Row>) -> Result<u64, SqlError>;

    /// Writes what is buffered and ends the writer. Returns the rows inserted by this call.
    async fn finish_writer(&mut self, writer: Handle) -> Result<u64, SqlError>;
}
