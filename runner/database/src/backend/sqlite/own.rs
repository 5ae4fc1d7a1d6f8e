//! The runner's own statements in a transaction that may write: run on this thread, all of them while the handle is locked
//! once.
//!
//! Each statement that goes to the connection's worker thread and back costs two switches of threads, which is more than most
//! of these take. They are short, and in such a transaction they wait for nobody.

use super::{
    error::{corrupt_raw, raw_host_error},
    guard::Rights,
    raw::{self, RawError},
    session::SqliteSession,
};
use crate::{
    backend::{
        BackendError,
        connection::own_sql,
        transaction::{Cell, Expects, Own, Rows, TxError},
    },
    crash,
};
use sqlx::sqlite::LockedSqliteHandle;

/// Beyond this SQLite may have to write pages to the file before the commit, and then waits for readers.
const BYTES_MAX: usize = 256 << 10;

impl SqliteSession {
    /// Runs one statement here, or returns `None` where it may have to wait. Returns its rows, and how many it changed.
    pub(super) async fn run_one_here(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Option<Result<(Rows, u64), RawError>> {
        if params.iter().map(length).sum::<usize>() > BYTES_MAX {
            return None;
        }
        self.guard.set(Rights::Host);
        let mut handle = self.connection.lock_handle().await.ok()?;
        if !raw::may_write(&mut handle) {
            return None;
        }
        crash::before(sql);
        let ran = raw::run(&mut handle, sql, params);
        crash::after(sql);
        Some(ran)
    }

    /// Runs `statements` here, or returns `None` where they may have to wait.
    pub(super) async fn run_here(
        &mut self,
        statements: &[Own],
        prefix: &str,
    ) -> Option<Result<Vec<Rows>, TxError>> {
        let bytes: usize = statements.iter().flat_map(|own| &own.params).map(length).sum();
        if bytes > BYTES_MAX {
            return None;
        }
        self.guard.set(Rights::Host);
        let mut handle = self.connection.lock_handle().await.ok()?;
        if !raw::may_write(&mut handle) {
            return None;
        }
        let run =
            |(at, own)| run(&mut handle, own, prefix).map_err(|error| TxError::Own(at, error));
        Some(statements.iter().enumerate().map(run).collect())
    }
}

fn run(handle: &mut LockedSqliteHandle<'_>, own: &Own, prefix: &str) -> Result<Rows, BackendError> {
    let Own { sql, params, expects, .. } = own;
    let mut sql = own_sql(sql, prefix);
    if *expects == Expects::NewRow {
        sql.push_str(" ON CONFLICT DO NOTHING");
    }
    crash::before(&sql);
    let ran = raw::run(handle, &sql, params);
    crash::after(&sql);
    let is_read = *expects == Expects::Rows || own.is_query();
    let explain = if is_read { corrupt_raw } else { raw_host_error };
    let (rows, changed) = ran.map_err(explain)?;
    let matched = if own.is_query() { rows.len() as u64 } else { changed };
    match expects {
        Expects::Rows => Ok(rows),
        Expects::Nothing => Ok(Rows::new()),
        Expects::OneRow | Expects::NewRow if matched == 1 => Ok(Rows::new()),
        Expects::OneRow | Expects::NewRow => Err(BackendError::Moved),
    }
}

fn length(cell: &Cell) -> usize {
    match cell {
        Cell::Integer(_) => 0,
        Cell::Text(text) => text.as_ref().map_or(0, String::len),
        Cell::Bytes(bytes) => bytes.as_ref().map_or(0, Vec::len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{
        Access, SqlLimits,
        connection::{Connector as _, SharedConnection},
        sqlite::SqliteConnector,
        transaction::{Durability, End, Start},
    };

    async fn opened(sql: &str) -> SharedConnection {
        let url = "sqlite::memory:".parse().expect("a URL");
        let limits =
            SqlLimits { sql_bytes_max: 1 << 20, value_bytes_max: 1 << 20, cursors_max: 10 };
        let connector = SqliteConnector::new(&url, Access::Create, limits);
        let connection = connector.expect("a connector").connect(true).await;
        let connection = connection.expect("connects").expect("a database");
        let made = vec![Own::run(sql.to_owned(), [])];
        connection.lock().await.apply(made, Durability::Flushed).await.expect("makes it");
        connection
    }

    #[tokio::test]
    async fn values_come_back_as_they_were_bound() {
        let connection = opened("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c)").await;
        let mut connection = connection.lock().await;
        connection.start(Start::default()).await.expect("begins");
        let values = [
            [Cell::Integer(Some(i64::MIN)), Cell::text("é\0'"), Cell::Bytes(Some(vec![0, 255]))],
            [Cell::Integer(None), Cell::text(""), Cell::Bytes(Some(Vec::new()))],
            [Cell::Text(None), Cell::Bytes(None), Cell::Integer(Some(0))],
        ];
        for row in &values {
            let insert = "INSERT INTO t (a, b, c) VALUES (?, ?, ?)";
            connection.own(vec![Own::one_row(insert, row.clone())]).await.expect("inserts");
        }
        let select = vec![Own::rows("SELECT a, b, c FROM t ORDER BY id", [])];
        let rows = connection.own(select).await.expect("reads").remove(0);
        let none = |cell: &Cell| match cell {
            Cell::Integer(None) | Cell::Bytes(None) => Cell::Text(None),
            cell => cell.clone(),
        };
        assert_eq!(rows, values.map(|row| row.iter().map(none).collect::<Vec<_>>()));
        connection.finish(End::default()).await.expect("commits");
    }

    #[tokio::test]
    async fn an_error_names_the_statement_by_its_place() {
        let connection = opened("CREATE TABLE t (id INTEGER PRIMARY KEY)").await;
        let mut connection = connection.lock().await;
        let insert = || Own::new_row("INSERT INTO t (id) VALUES (?)", [Cell::integer(1)]);
        let table = [
            (vec![insert(), insert()], 1, "Moved"),
            (vec![Own::one_row("UPDATE t SET id = id WHERE id = 9", [])], 0, "Moved"),
            (vec![insert(), Own::one_row("SELECT id FROM t WHERE id = 2", [])], 1, "Moved"),
            (vec![insert(), Own::run("INSERT INTO none VALUES (1)", [])], 1, "no such table"),
            (vec![Own::rows("SELECT x FROM t", [])], 0, "no such column"),
        ];
        for (statements, place, reason) in table {
            connection.start(Start::default()).await.expect("begins");
            let failed = connection.own(statements).await.expect_err("fails");
            let TxError::Own(at, error) = &failed else { panic!("{failed:?}") };
            assert_eq!(*at, place, "{reason}");
            assert!(format!("{error:?}").contains(reason), "{error:?}");
            connection.rollback().await.expect("rolls back");
        }
    }
}
