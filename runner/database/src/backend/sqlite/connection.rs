//! The operator's side of SQLite's one connection: own statements, transactions, the lock.

use super::{
    error::{corrupt, corrupt_raw, host_error, raw_host_error},
    foreign_keys::Known,
    guard::Rights,
    lock,
    outside::Outsides,
    session::SqliteSession,
    transaction::{drop_temporary, run},
};
use crate::{
    backend::{
        BackendError,
        connection::{
            Cell, Connection, Groups, HookSettings, Journaling, Journals, LockTry, Locking, Maps,
            OwnTypes, Rehearses, RepeatsSettings, RunsOutside, Segments, Transactions, Verdict,
            own_sql,
        },
        one_by_one::{self, Steps},
        transaction::{Checks, Durability, End, Guest, Own, Rows, Start, TxError},
    },
    crash,
    sql::Isolation,
};
use alteration_domain::record::tables;
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, TypeInfo, ValueRef, sqlite::SqliteRow};
use std::collections::BTreeSet;

/// Names the schema, so that no temporary table can take the place of one of the runner's.
const PREFIX: &str = "main.";

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn own_query<'q>(sql: &'q str, params: &[Cell]) -> Query<'q> {
    let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    for param in params {
        query = match param.clone() {
            Cell::Integer(value) => query.bind(value),
            Cell::Text(value) => query.bind(value),
            Cell::Bytes(value) => query.bind(value),
        };
    }
    query
}

/// Decodes a value by its storage class, whatever the column was declared as.
fn cell(row: &SqliteRow, at: usize) -> Result<Cell, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    Ok(match raw.type_info().name() {
        _ if raw.is_null() => Cell::Text(None),
        "INTEGER" | "BOOLEAN" => Cell::Integer(row.try_get_unchecked(at)?),
        "BLOB" => Cell::Bytes(row.try_get_unchecked(at)?),
        _ => Cell::Text(row.try_get_unchecked(at)?),
    })
}

#[async_trait]
impl Steps for SqliteSession {
    async fn begin(&mut self, _isolation: Option<Isolation>) -> Result<(), BackendError> {
        self.begin_transaction().await
    }

    async fn execute_own(&mut self, sql: &str, params: &[Cell]) -> Result<u64, BackendError> {
        self.guard.set(Rights::Host);
        let sql = own_sql(sql, PREFIX);
        if let Some(ran) = self.run_one_here(&sql, params).await {
            return Ok(ran.map_err(raw_host_error)?.1);
        }
        crash::before(&sql);
        let done = own_query(&sql, params).execute(&mut self.connection).await;
        crash::after(&sql);
        Ok(done.map_err(host_error)?.rows_affected())
    }

    async fn insert_own(&mut self, sql: &str, params: &[Cell]) -> Result<(), BackendError> {
        let sql = format!("{sql} ON CONFLICT DO NOTHING");
        match self.execute_own(&sql, params).await? {
            1 => Ok(()),
            _ => Err(BackendError::Moved),
        }
    }

    async fn read_own(&mut self, sql: &str, params: &[Cell]) -> Result<Rows, BackendError> {
        self.guard.set(Rights::Host);
        let sql = own_sql(sql, PREFIX);
        if let Some(ran) = self.run_one_here(&sql, params).await {
            return Ok(ran.map_err(corrupt_raw)?.0);
        }
        crash::before(&sql);
        let rows = own_query(&sql, params).fetch_all(&mut self.connection).await;
        crash::after(&sql);
        rows.map_err(corrupt)?
            .iter()
            .map(|row| (0..row.len()).map(|at| cell(row, at).map_err(corrupt)).collect())
            .collect()
    }

    async fn relayed(&mut self, statements: &[Own]) -> Option<Result<Vec<Rows>, TxError>> {
        self.run_here(statements, PREFIX).await
    }

    /// Ignores the settings for waiting and time: SQLite has one writer, and `progress` ends a statement.
    async fn enter_hook(&mut self, _hook: HookSettings) -> Result<(), BackendError> {
        self.reset();
        self.outside.in_hook = true;
        self.guard.set(Rights::Host);
        self.note_violations().await
    }

    async fn leave_hook(&mut self) -> Result<(), BackendError> {
        self.reset();
        if !self.is_open().await? {
            return Err(BackendError::TransactionEnded("it was rolled back".to_owned()));
        }
        self.guard.set(Rights::Host);
        drop_temporary(&mut self.connection).await?;
        self.outside.has_committed = false;
        self.restore_settings().await?;
        self.check_foreign_keys().await?;
        self.record_objects().await?;
        self.guard.bound(None);
        Ok(())
    }

    async fn commit(&mut self, wanted: Durability) -> Result<Durability, BackendError> {
        let kept = self.end(wanted).await?;
        self.outside.has_committed |= self.outside.in_hook;
        self.foreign_keys.iter_mut().for_each(Known::committed);
        self.objects.committed();
        if !self.rehearsing && kept == Durability::Flushed {
            self.change_journal_mode().await;
        }
        Ok(kept)
    }
}

#[async_trait]
impl Transactions for SqliteSession {
    async fn start(&mut self, start: Start) -> Result<Vec<Rows>, TxError> {
        if let Guest::Enters(hook) = start.guest {
            self.outside.enter(hook.foreign_keys);
        }
        let has_guest = start.guest != Guest::None;
        if !has_guest {
            self.commit_group().await.map_err(TxError::Start)?;
        }
        let rows = one_by_one::start(self, start).await?;
        if has_guest {
            self.know_objects().await.map_err(TxError::Start)?;
        }
        Ok(rows)
    }

    async fn look(&mut self) -> Result<(), BackendError> {
        self.commit_group().await?;
        self.guard.set(Rights::Host);
        match self.rehearsing {
            true => self.begin_transaction().await,
            false => run(&mut self.connection, "BEGIN").await,
        }
    }

    async fn read(&mut self, queries: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        self.look().await.map_err(TxError::Start)?;
        let rows = one_by_one::own(self, queries).await?;
        self.rollback().await.map_err(TxError::Start)?;
        Ok(rows)
    }

    async fn own(&mut self, statements: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        one_by_one::own(self, statements).await
    }

    async fn finish(&mut self, end: End) -> Result<Durability, TxError> {
        // A hook that is over does so when it is left.
        if self.outside.in_hook && end.checks == Checks::Segment {
            self.record_objects().await.map_err(TxError::Checks)?;
        }
        one_by_one::finish(self, end).await
    }

    async fn apply(
        &mut self,
        statements: Vec<Own>,
        _durability: Durability,
    ) -> Result<Durability, TxError> {
        self.commit_group().await.map_err(TxError::Start)?;
        if statements.iter().any(|own| own.sql.contains("@object")) {
            self.objects.forget();
        }
        one_by_one::apply(self, statements).await
    }

    async fn rollback(&mut self) -> Result<(), BackendError> {
        self.reset();
        self.foreign_keys.iter_mut().for_each(Known::rolled_back);
        self.objects.rolled_back();
        self.guard.take_journal_mode();
        self.abandon().await?;
        self.restore_settings().await?;
        self.guard.bound(None);
        self.drop_leftovers().await
    }
}

#[async_trait]
impl Rehearses for SqliteSession {
    async fn begin_rehearsal(&mut self) -> Result<(), BackendError> {
        self.guard.set(Rights::Host);
        run(&mut self.connection, "BEGIN IMMEDIATE").await?;
        self.guard.forget_written();
        self.rehearsing = true;
        Ok(())
    }

    async fn end_rehearsal(&mut self) -> Result<(), BackendError> {
        self.rehearsing = false;
        self.guard.take_journal_mode();
        // Rolling the rehearsal back also removes what hooks left in it.
        self.foreign_keys = None;
        self.objects.forget();
        self.abandon().await
    }
}

#[async_trait]
impl Locking for SqliteSession {
    async fn try_lock(&mut self) -> Result<LockTry, BackendError> {
        let Some(path) = self.file.as_deref().map(lock::path_for) else {
            return Ok(LockTry::Held);
        };
        Ok(match lock::try_lock(&path)? {
            lock::Try::Held(held) => {
                self.lock = Some(held);
                LockTry::Held
            }
            lock::Try::Impossible => LockTry::Held,
            lock::Try::HeldBy(holder) => LockTry::HeldBy(holder),
        })
    }

    async fn unlock(&mut self) {
        self.lock = None;
    }
}

#[async_trait]
impl Journaling for SqliteSession {
    fn journals(&self) -> Journals {
        Journals { segments: Segments::Whole, commits_by_itself: false }
    }

    async fn is_in_transaction(&mut self) -> Result<bool, BackendError> {
        self.is_open().await
    }

    /// Returns nothing: what runs outside of a transaction needs no comparison, see [`Self::verify`].
    async fn fingerprint(&mut self, _sql: &str) -> Result<String, BackendError> {
        Ok(String::new())
    }

    async fn verify(&mut self, sql: &str, _before: &str) -> Result<Verdict, BackendError> {
        Ok(match Outsides::is_repeatable(sql) {
            true => Verdict::NotDone,
            false => Verdict::Unknown,
        })
    }
}

#[async_trait]
impl Connection for SqliteSession {
    fn rehearses(&mut self) -> Option<&mut dyn Rehearses> {
        Some(self)
    }

    fn runs_outside(&mut self) -> Option<&mut dyn RunsOutside> {
        Some(self)
    }

    fn repeats_settings(&mut self) -> Option<&mut dyn RepeatsSettings> {
        Some(self)
    }

    fn maps(&mut self) -> Option<&mut dyn Maps> {
        Some(self)
    }

    fn groups(&mut self) -> Option<&mut dyn Groups> {
        Some(self)
    }

    fn own_types(&self) -> OwnTypes {
        OwnTypes { key: "TEXT", text: "TEXT", bytes: "BLOB", integer: "INTEGER", unnumber: "" }
    }

    async fn own_tables(&mut self) -> Result<BTreeSet<String>, BackendError> {
        self.guard.set(Rights::Host);
        let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name LIKE 'alteration!_%' ESCAPE '!'";
        crash::before(sql);
        let names: Result<Vec<String>, _> =
            sqlx::query_scalar(sql).persistent(false).fetch_all(&mut self.connection).await;
        crash::after(sql);
        Ok(tables::own(names.map_err(host_error)?))
    }

    fn tables_sql(&self) -> &'static str {
        "SELECT COUNT(*) FROM main.sqlite_schema WHERE type = 'table'
         AND name NOT LIKE 'alteration!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    }

    /// Returns nothing: never called, because a file needs no lease.
    fn clock_ms(&self) -> &'static str {
        "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    }

    fn flush_sql(&self) -> Option<&'static str> {
        None
    }

    fn database_name(&self) -> Option<&str> {
        None
    }

    async fn identity(&mut self) -> Result<String, BackendError> {
        Ok(match &self.file {
            Some(file) => file.display().to_string(),
            // No two connections share a database in memory.
            None => format!("memory {:p}", self),
        })
    }

    async fn close(&mut self) {
        self.lock = None;
        if self.stuck {
            // Closing would wait for the statement. The thread that runs it ends with the process.
            return;
        }
        // A field cannot be empty, so another connection replaces the closed one.
        let stand_in = sqlx::SqliteConnection::connect("sqlite::memory:").await;
        if let Ok(stand_in) = stand_in {
            // Everything is committed by now; an error here loses nothing.
            let _ = std::mem::replace(&mut self.connection, stand_in).close().await;
        }
    }
}
