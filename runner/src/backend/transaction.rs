//! A transaction of the runner's as data: what it begins with, what is recorded in it, how it ends.
//!
//! ```text
//!   apply(statements)                 no guest, nothing to decide
//!   read(queries)                     one snapshot, nothing is written
//!   start(Start) ─ own ─ own ─ finish(End) | rollback
//!             └─ a hook works on the session
//! ```
//!
//! A [`Connection`] gets these values and may send them in one message or in several. Statements are lists, so that
//! an error names its statement by its place.

use super::{
    BackendError,
    connection::{Cell, Connection, HookSettings},
};
use crate::sql::Isolation;
use std::borrow::Cow;

/// The rows that a statement returned.
pub(super) type Rows = Vec<Vec<Cell>>;

/// One of the runner's own statements: exactly one, with `?` for each value and `@name` for the runner's table
/// `alteration_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) sql: Cow<'static, str>,
    pub(super) params: Vec<Cell>,
    pub(super) expects: Expects,
}

/// What has to come of an own statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// Nothing in particular: it may match any number of rows.
    Nothing,
    /// Rows, which are returned.
    Rows,
    /// One row that it matches (UPDATE, DELETE, INSERT) or returns (SELECT); else [`BackendError::Moved`].
    OneRow,
    /// A new row. If there is one already, [`BackendError::Moved`].
    NewRow,
}

impl Own {
    fn new(
        sql: impl Into<Cow<'static, str>>,
        params: impl Into<Vec<Cell>>,
        expects: Expects,
    ) -> Self {
        Self { sql: sql.into(), params: params.into(), expects }
    }

    /// A statement that may match any number of rows.
    pub(super) fn run(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::Nothing)
    }

    /// A query.
    pub(super) fn rows(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::Rows)
    }

    /// An UPDATE, DELETE, INSERT or SELECT of exactly one row.
    pub(super) fn one_row(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::OneRow)
    }

    /// An `INSERT … VALUES` into a table with a primary key.
    pub(super) fn new_row(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::NewRow)
    }

    /// Whether it only reads.
    pub(super) fn is_query(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }
}

/// What a transaction begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Start {
    /// Run first. All of them are answered before a guest runs.
    pub(super) own: Vec<Own>,
    pub(super) guest: Guest,
    /// The database's usual level for this runner if `None`: READ COMMITTED, or SQLite's own.
    pub(super) isolation: Option<Isolation>,
}

/// Whether a hook works in a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Guest {
    #[default]
    None,
    /// A hook begins: what an earlier one left in the session is forgotten first.
    Enters(HookSettings),
    /// The journaled hook at work goes on.
    GoesOn,
}

impl Start {
    /// Without a guest.
    pub(super) fn own(own: Vec<Own>) -> Self {
        Self { own, ..Self::default() }
    }

    /// With a hook that begins.
    pub(super) fn entering(own: Vec<Own>, hook: HookSettings) -> Self {
        Self { own, guest: Guest::Enters(hook), isolation: None }
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct End {
    pub(super) checks: Checks,
    /// Run after the checks, before the commit.
    pub(super) own: Vec<Own>,
    pub(super) durability: Durability,
}

/// What is checked of a guest's work before the record of it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Checks {
    /// Of a journaled hook that goes on: what the database leaves to the commit. Nothing where no hook is at work.
    #[default]
    Segment,
    /// At the end of a hook: all that is left unchecked (deferred constraints, foreign keys, the runner's own tables),
    /// and that the transaction is still the one that was begun.
    Hook,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Durability {
    /// It waits; so all commits before it are on the disk too.
    #[default]
    Flushed,
    /// It need not. A crash of the server may take it along, and then takes all that was committed after it too.
    Unflushed,
}

impl End {
    /// Commits `own`, and waits for the disk.
    pub(super) fn own(own: Vec<Own>) -> Self {
        Self { own, ..Self::default() }
    }

    /// Ends a hook, with its record.
    pub(super) fn hook(own: Vec<Own>, durability: Durability) -> Self {
        Self { checks: Checks::Hook, own, durability }
    }
}

/// Where a transaction failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum TxError {
    /// It was not begun, or a hook could not be entered.
    #[error("{0}")]
    Start(BackendError),
    /// The guest's work was refused at its end. Not committed.
    #[error("{0}")]
    Checks(BackendError),
    /// The own statement at this place of the list that was passed failed. Not committed.
    #[error("{1}")]
    Own(usize, BackendError),
    /// The commit itself failed: not committed.
    #[error("{0}")]
    Commit(BackendError),
    /// Committed; what came behind the COMMIT failed.
    #[error("{0}")]
    Behind(BackendError),
    /// The connection was lost with a COMMIT on its way: whether it took place has to be looked for.
    #[error("{0}")]
    Unknown(BackendError),
}

impl From<TxError> for BackendError {
    fn from(error: TxError) -> Self {
        match error {
            TxError::Start(error)
            | TxError::Checks(error)
            | TxError::Own(_, error)
            | TxError::Commit(error)
            | TxError::Behind(error)
            | TxError::Unknown(error) => error,
        }
    }
}

impl TxError {
    /// Whether the transaction is committed, or may be.
    pub(super) fn is_committed(&self) -> bool {
        matches!(self, Self::Behind(_) | Self::Unknown(_))
    }

    /// An error of the COMMIT, of which a lost connection leaves open what came of it.
    pub(super) fn of_commit(error: BackendError) -> Self {
        match error {
            BackendError::Disconnected(_) => Self::Unknown(error),
            error => Self::Commit(error),
        }
    }
}

/// Runs `queries` in one transaction that only reads; the rows of each.
pub(super) async fn read(
    connection: &mut dyn Connection,
    queries: Vec<Own>,
) -> Result<Vec<Rows>, BackendError> {
    let read = connection.read(queries).await.map_err(BackendError::from);
    or_roll_back(connection, read).await
}

/// As [`read`] with one query.
pub(super) async fn read_one(
    connection: &mut dyn Connection,
    query: Own,
) -> Result<Rows, BackendError> {
    Ok(read(connection, vec![query]).await?.pop().unwrap_or_default())
}

/// Runs one query in the transaction at hand.
pub(super) async fn query(
    connection: &mut dyn Connection,
    sql: impl Into<Cow<'static, str>>,
    params: impl Into<Vec<Cell>>,
) -> Result<Rows, BackendError> {
    let read = connection.own(vec![Own::rows(sql, params)]).await?;
    Ok(read.into_iter().next().unwrap_or_default())
}

/// Runs `statements` as one transaction without a guest, or none of them. How it was committed.
pub(super) async fn apply(
    connection: &mut dyn Connection,
    statements: Vec<Own>,
    durability: Durability,
) -> Result<Durability, BackendError> {
    let applied = connection.apply(statements, durability).await.map_err(BackendError::from);
    or_roll_back(connection, applied).await
}

/// Ends the transaction at hand as was decided in it, or rolls it back if that failed.
pub(super) async fn conclude<T>(
    connection: &mut dyn Connection,
    decided: Result<(T, End), BackendError>,
) -> Result<(T, Durability), BackendError> {
    let ended = match decided {
        Ok((value, end)) => match connection.finish(end).await {
            Ok(durability) => Ok((value, durability)),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error),
    };
    or_roll_back(connection, ended).await
}

/// Ends what was begun for an error, which says why. One of the rollback would only hide it: what is
/// not rolled back now is rolled back when the connection closes.
pub(super) async fn or_roll_back<T>(
    connection: &mut dyn Connection,
    done: Result<T, BackendError>,
) -> Result<T, BackendError> {
    if done.is_err() {
        let _ = connection.rollback().await;
    }
    done
}

/// Single steps, for the tests of drivers.
#[cfg(test)]
#[async_trait::async_trait]
pub(super) trait Verbs: Connection {
    async fn begin(&mut self) -> Result<(), BackendError> {
        self.start(Start::default()).await?;
        Ok(())
    }

    /// Begins the transaction of a hook.
    async fn enter(&mut self, hook: HookSettings) -> Result<(), BackendError> {
        self.start(Start::entering(Vec::new(), hook)).await?;
        Ok(())
    }

    async fn run_sql(&mut self, sql: &str, params: &[Cell]) -> Result<(), BackendError> {
        self.own(vec![Own::run(sql.to_owned(), params)]).await?;
        Ok(())
    }

    async fn rows_of(&mut self, sql: &str, params: &[Cell]) -> Result<Rows, BackendError> {
        let rows = self.own(vec![Own::rows(sql.to_owned(), params)]).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    async fn commit(&mut self) -> Result<(), BackendError> {
        self.finish(End::default()).await?;
        Ok(())
    }

    /// Ends the hook, with `own` as its record.
    async fn end_hook(&mut self, own: Vec<Own>) -> Result<(), BackendError> {
        self.finish(End::hook(own, Durability::Flushed)).await?;
        Ok(())
    }
}

#[cfg(test)]
impl<T: Connection + ?Sized> Verbs for T {}
