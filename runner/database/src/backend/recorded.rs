//! Transactions of the runner's own, whole: applied, read, or concluded as was decided in them, and rolled back on every
//! other way out.

use super::{
    BackendError,
    connection::Connection,
    transaction::{Cell, Durability, End, Own, Rows},
};
use std::borrow::Cow;

/// Runs `queries` in one transaction that only reads; the rows of each.
pub async fn read(
    connection: &mut dyn Connection,
    queries: Vec<Own>,
) -> Result<Vec<Rows>, BackendError> {
    let read = connection.read(queries).await.map_err(BackendError::from);
    or_roll_back(connection, read).await
}

/// As [`read`] with one query.
pub async fn read_one(connection: &mut dyn Connection, query: Own) -> Result<Rows, BackendError> {
    Ok(read(connection, vec![query]).await?.pop().unwrap_or_default())
}

/// Runs one query in the transaction at hand.
pub async fn query(
    connection: &mut dyn Connection,
    sql: impl Into<Cow<'static, str>>,
    params: impl Into<Vec<Cell>>,
) -> Result<Rows, BackendError> {
    let read = connection.own(vec![Own::rows(sql, params)]).await?;
    Ok(read.into_iter().next().unwrap_or_default())
}

/// Runs `statements` as one transaction without a guest, or none of them. How it was committed.
pub async fn apply(
    connection: &mut dyn Connection,
    statements: Vec<Own>,
    durability: Durability,
) -> Result<Durability, BackendError> {
    let applied = connection.apply(statements, durability).await.map_err(BackendError::from);
    or_roll_back(connection, applied).await
}

/// Ends the transaction at hand as was decided in it, or rolls it back if that failed.
pub async fn conclude<T>(
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
pub async fn or_roll_back<T>(
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
        self.start(super::transaction::Start::default()).await?;
        Ok(())
    }

    /// Begins the transaction of a hook.
    async fn enter(&mut self, hook: super::transaction::HookSettings) -> Result<(), BackendError> {
        self.start(super::transaction::Start::entering(Vec::new(), hook)).await?;
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
