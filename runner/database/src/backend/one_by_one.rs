//! Transactions on databases to which every statement goes by itself: SQLite, MySQL, MariaDB.
//!
//! Turns the values of `transaction.rs` into single steps, and their errors into where they happened.

use super::{
    BackendError,
    connection::{Cell, HookSettings},
    transaction::{Checks, Durability, End, Expects, Guest, Own, Rows, Start, TxError},
};
use crate::sql::Isolation;
use async_trait::async_trait;

/// The single steps of such a database.
#[async_trait]
pub(super) trait Steps: Send {
    /// Begins a transaction that may write.
    async fn begin(&mut self, isolation: Option<Isolation>) -> Result<(), BackendError>;

    /// Runs one of the runner's own statements; the rows that it matched.
    async fn execute_own(&mut self, sql: &str, params: &[Cell]) -> Result<u64, BackendError>;

    /// Runs an INSERT; [`BackendError::Moved`] if its row is there.
    async fn insert_own(&mut self, sql: &str, params: &[Cell]) -> Result<(), BackendError>;

    /// Reads with one of the runner's own statements.
    async fn read_own(&mut self, sql: &str, params: &[Cell]) -> Result<Rows, BackendError>;

    /// Makes a clean session for a hook.
    async fn enter_hook(&mut self, hook: HookSettings) -> Result<(), BackendError>;

    /// Checks what a hook left unchecked, and that its transaction is still there.
    async fn leave_hook(&mut self) -> Result<(), BackendError>;

    /// Commits, and makes sure that it is committed; or leaves it open for a group, if it may.
    async fn commit(&mut self, wanted: Durability) -> Result<Durability, BackendError>;

    /// Runs own statements in another way than one by one; `None` where there is no other.
    async fn relayed(&mut self, _statements: &[Own]) -> Option<Result<Vec<Rows>, TxError>> {
        None
    }
}

pub(super) async fn start(
    steps: &mut (impl Steps + ?Sized),
    start: Start,
) -> Result<Vec<Rows>, TxError> {
    steps.begin(start.isolation).await.map_err(TxError::Start)?;
    let rows = own(steps, start.own).await?;
    if let Guest::Enters(hook) = start.guest {
        steps.enter_hook(hook).await.map_err(TxError::Start)?;
    }
    Ok(rows)
}

pub(super) async fn own(
    steps: &mut (impl Steps + ?Sized),
    statements: Vec<Own>,
) -> Result<Vec<Rows>, TxError> {
    if let Some(rows) = steps.relayed(&statements).await {
        return rows;
    }
    let mut all = Vec::with_capacity(statements.len());
    for (at, statement) in statements.into_iter().enumerate() {
        let rows = one(steps, &statement).await.map_err(|error| TxError::Own(at, error))?;
        all.push(rows);
    }
    Ok(all)
}

async fn one(steps: &mut (impl Steps + ?Sized), own: &Own) -> Result<Rows, BackendError> {
    let Own { sql, params, expects, .. } = own;
    let is_one = match expects {
        Expects::Rows => return steps.read_own(sql, params).await,
        Expects::Nothing => steps.execute_own(sql, params).await.map(|_| true)?,
        Expects::NewRow => steps.insert_own(sql, params).await.map(|()| true)?,
        Expects::OneRow if own.is_query() => steps.read_own(sql, params).await?.len() == 1,
        Expects::OneRow => steps.execute_own(sql, params).await? == 1,
    };
    if is_one { Ok(Rows::new()) } else { Err(BackendError::Moved) }
}

pub(super) async fn finish(
    steps: &mut (impl Steps + ?Sized),
    end: End,
) -> Result<Durability, TxError> {
    // What is to be started next saves no message here: it begins in its own turn.
    match end.checks {
        Checks::Hook => steps.leave_hook().await.map_err(TxError::Checks)?,
        Checks::Segment => {}
    }
    own(steps, end.own).await?;
    steps.commit(end.durability).await.map_err(TxError::of_commit)
}

pub(super) async fn apply(
    steps: &mut (impl Steps + ?Sized),
    statements: Vec<Own>,
) -> Result<Durability, TxError> {
    start(steps, Start::own(statements)).await?;
    finish(steps, End::default()).await
}
