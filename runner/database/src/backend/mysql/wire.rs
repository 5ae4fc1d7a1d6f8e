//! One connection on the wire: prepares, runs, and notes whether a call was cut off half-way.
//!
//! Decides nothing about what may run, and explains no error; `session.rs` and `error.rs` do.

use super::{error, value::Format};
use crate::{crash, session::SqlError};
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor, MySqlConnection, SqlSafeStr, Statement as _,
    mysql::{MySqlArguments, MySqlColumn, MySqlQueryResult, MySqlRow},
};
use std::{
    collections::HashSet,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    time::Duration,
};
use tokio::time::{error::Elapsed, timeout};

/// The longest statement that is kept prepared: hundreds are kept, and thousands of columns each would be too much.
const KEPT_SQL_BYTES_MAX: usize = 8 << 10;
/// The longest time to wait for the server when the connection is closed.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Prepared statements that are kept, for each connection. The last few are for those that come
/// before anybody asks whether it is full.
pub(super) const KEPT_STATEMENTS_MAX: usize = 256;
const FULL_STATEMENTS: usize = 200;

/// The connection. Between calls nothing is in flight on it, unless [`Wire::is_cut_off`].
#[derive(Debug)]
pub(super) struct Wire {
    connection: MySqlConnection,
    /// Set while a call is in flight. It stays set if the call's future is dropped.
    busy: bool,
    /// Set if the next bytes on the connection cannot be interpreted.
    broken: bool,
    /// How long the server may take to answer the runner's own statements.
    answer_time: Duration,
    /// Hashes of the statements that are kept prepared.
    kept: HashSet<u64>,
}

/// A statement as the server understood it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) parameters: usize,
    pub(super) columns: Vec<MySqlColumn>,
}

/// The reason why a statement failed.
#[derive(Debug)]
pub(super) enum Failure {
    Server(sqlx::Error),
    /// The receiver of the rows wanted no more.
    Stopped(SqlError),
}

impl Wire {
    pub(super) fn new(connection: MySqlConnection, answer_time: Duration) -> Self {
        Self { connection, busy: false, broken: false, answer_time, kept: HashSet::new() }
    }

    /// Returns whether a call was cut off, so that the server may still work on it.
    pub(super) fn is_cut_off(&self) -> bool {
        self.busy || self.broken
    }

    /// Returns whether the next bytes on the connection cannot be interpreted any more.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Notes that the server has ended the call that was cut off.
    pub(super) fn is_mended(&mut self) {
        self.busy = false;
    }

    fn keeps(&mut self, sql: &str) {
        self.kept.insert(BuildHasherDefault::<DefaultHasher>::default().hash_one(sql));
    }

    /// Returns whether so many statements are kept that they are better forgotten together: the server gives
    /// no answer to that, so that the next message waits for its acknowledgement, which takes 40 ms.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= FULL_STATEMENTS
    }

    fn ended<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.busy = false;
        if let Err(error) = &result
            && error.as_database_error().is_none()
        {
            self.broken = true;
        }
        result
    }

    /// Does as [`Wire::ended`], for the runner's own statement, which may have run out of time.
    fn answered<T>(
        &mut self,
        result: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, sqlx::Error> {
        self.ended(result.unwrap_or_else(|_| {
            Err(sqlx::Error::Io(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                "the server did not answer in time",
            )))
        }))
    }

    /// Prepares one statement on the server; several in one text are a syntax error.
    /// `None` where this kind of statement cannot be prepared.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Option<Prepared>, sqlx::Error> {
        self.busy = true;
        self.keeps(sql);
        crash::before("the preparation of a statement");
        let prepared = self.connection.prepare(AssertSqlSafe(sql).into_sql_str()).await;
        crash::after("the preparation of a statement");
        match self.ended(prepared) {
            Ok(statement) => Ok(Some(Prepared {
                parameters: statement.parameters().and_then(|p| p.right()).unwrap_or_default(),
                columns: statement.columns().to_vec(),
            })),
            Err(error) if error::number(&error) == Some(error::NOT_PREPARABLE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Does as [`Wire::prepare`], for the runner's own statement, which is kept for its next run.
    pub(super) async fn prepare_own(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.busy = true;
        self.keeps(sql);
        crash::before("the preparation of a statement");
        let prepared = self.connection.prepare(AssertSqlSafe(sql).into_sql_str());
        let prepared = timeout(self.answer_time, prepared).await.map(|done| done.map(drop));
        crash::after("the preparation of a statement");
        self.answered(prepared)
    }

    /// Runs a statement and passes each row on: prepared with `arguments`, without them as text.
    pub(super) async fn run(
        &mut self,
        sql: &str,
        arguments: Option<MySqlArguments>,
        mut each: impl FnMut(MySqlRow, Format) -> Result<(), SqlError> + Send,
    ) -> Result<MySqlQueryResult, Failure> {
        let prepared = arguments.is_some();
        self.busy = true;
        let mut result = MySqlQueryResult::default();
        crash::before(sql);
        let outcome = match arguments {
            Some(arguments) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(true);
                let stream = (&mut self.connection).fetch_many(query);
                drive(stream, Format::Binary, &mut result, &mut each).await
            }
            None => {
                let stream = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_many(&mut self.connection);
                drive(stream, Format::Text, &mut result, &mut each).await
            }
        };
        crash::after(sql);
        match outcome {
            Ok(()) => {
                self.busy = false;
                if prepared && sql.len() > KEPT_SQL_BYTES_MAX {
                    self.forget_statements().await.map_err(Failure::Server)?;
                }
                Ok(result)
            }
            Err(Failure::Server(error)) => {
                self.ended(Err(error)).map_err(Failure::Server).map(|()| result)
            }
            // The rest of the rows is still in flight: `busy` stays set, and a rollback ends it.
            Err(stopped) => Err(stopped),
        }
    }

    /// Runs the runner's own text, which may hold several statements; the first error ends it.
    pub(super) async fn text(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.busy = true;
        crash::before(sql);
        let asked = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql)));
        let done = timeout(self.answer_time, asked).await;
        crash::after(sql);
        self.answered(done).map(|_| ())
    }

    /// Runs two of the runner's own statements, in one message or `apart`. An error of the first ends it.
    pub(super) async fn both(
        &mut self,
        first: &str,
        second: &str,
        apart: bool,
    ) -> Result<(), sqlx::Error> {
        if apart {
            self.text(first).await?;
            return self.text(second).await;
        }
        self.text(&format!("{first}; {second}")).await
    }

    /// Returns the rows of the runner's own prepared statement.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        arguments: MySqlArguments,
    ) -> Result<Vec<MySqlRow>, sqlx::Error> {
        self.busy = true;
        self.keeps(sql);
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(true);
        crash::before(sql);
        let rows = timeout(self.answer_time, self.connection.fetch_all(query)).await;
        crash::after(sql);
        self.answered(rows)
    }

    /// Returns the rows of the runner's own statement, sent as text: for statements that run once, and for SHOW, which repeats
    /// its first answer if it is prepared.
    pub(super) async fn text_rows(&mut self, sql: &str) -> Result<Vec<MySqlRow>, sqlx::Error> {
        self.busy = true;
        crash::before(sql);
        let asked = self.connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql)));
        let rows = timeout(self.answer_time, asked).await;
        crash::after(sql);
        self.answered(rows)
    }

    /// Forgets prepared statements.
    pub(super) async fn forget_statements(&mut self) -> Result<(), sqlx::Error> {
        self.busy = true;
        self.kept.clear();
        let cleared = timeout(self.answer_time, self.connection.clear_cached_statements()).await;
        self.answered(cleared)
    }

    /// Returns the rows that the runner's own prepared statement matched.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        arguments: MySqlArguments,
    ) -> Result<u64, sqlx::Error> {
        self.busy = true;
        self.keeps(sql);
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(true);
        crash::before(sql);
        let done = timeout(self.answer_time, self.connection.execute(query)).await;
        crash::after(sql);
        self.answered(done).map(|done| done.rows_affected())
    }

    /// Runs a statement that is to begin a transaction: `BeginFailed` where the session has none behind it. One that
    /// it has is rolled back before anything else runs.
    pub(super) async fn begin_with(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.busy = true;
        let begun = self.connection.begin_with(sql);
        let begun = timeout(self.answer_time, begun).await.map(|begun| begun.map(drop));
        match begun {
            Ok(Err(sqlx::Error::BeginFailed)) => {
                self.busy = false;
                Err(sqlx::Error::BeginFailed)
            }
            begun => self.answered(begun),
        }
    }

    /// Returns whether the server returns `word`. If not, its answers belong to other questions.
    pub(super) async fn echo(&mut self, word: &str) -> Result<bool, sqlx::Error> {
        self.busy = true;
        let sql = format!("SELECT '{word}'");
        let row = self.connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        Ok(sqlx::Row::try_get::<String, _>(&row, 0).is_ok_and(|found| found == word))
    }

    /// Ends the connection, and tells the server so if that is possible.
    pub(super) async fn close(self) {
        let cut_off = self.is_cut_off();
        let closing = async {
            if cut_off { self.connection.close_hard().await } else { self.connection.close().await }
        };
        // An error changes nothing here, because the server notices the end of the connection anyway.
        let _ = timeout(CLOSE_TIME, closing).await;
    }
}

async fn drive(
    mut stream: futures_util::stream::BoxStream<
        '_,
        Result<sqlx::Either<MySqlQueryResult, MySqlRow>, sqlx::Error>,
    >,
    format: Format,
    result: &mut MySqlQueryResult,
    each: &mut (impl FnMut(MySqlRow, Format) -> Result<(), SqlError> + Send),
) -> Result<(), Failure> {
    let mut is_first = true;
    while let Some(item) = stream.try_next().await.map_err(Failure::Server)? {
        match item {
            sqlx::Either::Left(done) => {
                result.extend([done]);
                is_first = false;
            }
            // A procedure can have several results; they have other columns.
            sqlx::Either::Right(row) if is_first => each(row, format).map_err(Failure::Stopped)?,
            sqlx::Either::Right(_) => {}
        }
    }
    Ok(())
}
