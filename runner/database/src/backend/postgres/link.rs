//! One connection of sqlx, with what sqlx leaves out: ending a statement whose caller went away (`ending.rs`),
//! and results of the simple protocol as plain text.
//!
//! Knows nothing of guests, transactions or the runner's tables. Gives errors of sqlx on.

mod ending;

use super::opener::Opener;
use crate::crash;
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column, Executor, PgConnection, Row, Statement, ValueRef,
    postgres::{PgArguments, PgRow},
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    task::{JoinHandle, coop::consume_budget},
    time::timeout,
};

/// The server keeps each described statement until it is told to forget them.
const DESCRIBED_MAX: usize = 64;
const DESCRIBED_BYTES_MAX: usize = 1 << 20;

/// A row whose values are the server's texts.
pub(super) type TextRow = Vec<Option<String>>;

/// A result column: its name and the object id of its type.
pub(super) type Field = (String, u32);

/// What the server says of a statement. `None` where sqlx cannot describe a type in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Description {
    pub(super) parameters: Option<Vec<u32>>,
    pub(super) columns: Option<Vec<Field>>,
}

/// What a server says while it works on a message.
pub(super) enum Answer<'a> {
    Row(&'a PgRow),
    /// A statement is done that was about so many rows.
    Done(u64),
}

type CopyTask = JoinHandle<(PgConnection, Result<u64, sqlx::Error>)>;

pub(super) struct Link {
    opener: Arc<Opener>,
    /// `None` once it is closed, and while a COPY task has it.
    connection: Option<PgConnection>,
    copying: Option<CopyTask>,
    /// The server session that works for this connection; `None` where a pooler decides.
    pub(super) pid: Option<i32>,
    /// When that session began, in microseconds of Unix time: process ids come again.
    began: Option<String>,
    /// How the statement begins that runs now, where that finds its session better.
    pub(super) comment: Option<String>,
    /// A statement was begun whose end nobody has seen.
    busy: bool,
    described: usize,
    described_bytes: usize,
    /// How long the server may take to answer the runner's own statements.
    answer_time: Duration,
    /// How long to try again where the server cannot be reached to connect anew.
    wait: Duration,
    /// That was in vain the last time; it is not waited for once more.
    gave_up: bool,
    /// Messages to the server, for tests that count them.
    #[cfg(test)]
    pub(super) sent: usize,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("pid", &self.pid).field("busy", &self.busy).finish()
    }
}

fn closed() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(
        std::io::ErrorKind::NotConnected,
        "the connection is closed",
    ))
}

impl Link {
    pub(super) fn new(
        opener: Arc<Opener>,
        connection: PgConnection,
        answer_time: Duration,
        wait: Duration,
    ) -> Self {
        Self {
            opener,
            connection: Some(connection),
            copying: None,
            pid: None,
            began: None,
            comment: None,
            busy: false,
            described: 0,
            described_bytes: 0,
            answer_time,
            wait,
            gave_up: false,
            #[cfg(test)]
            sent: 0,
        }
    }

    pub(super) fn opener(&self) -> &Arc<Opener> {
        &self.opener
    }

    pub(super) fn url(&self) -> &str {
        self.opener.url()
    }

    /// Runs SQL by the simple protocol, any number of statements in one message, and hands each
    /// row to `each`. Stops reading where `each` says no; [`Link::settle`] then ends the statement.
    /// Else the rows that the last statement was about.
    pub(super) async fn each_row<E>(
        &mut self,
        sql: &str,
        mut each: impl FnMut(&PgRow) -> Result<(), E> + Send,
    ) -> Result<Result<u64, E>, sqlx::Error> {
        let mut affected = 0;
        let answered = self.each_answer(sql, |answer| match answer {
            Answer::Row(row) => each(row),
            Answer::Done(rows) => {
                affected = rows;
                Ok(())
            }
        });
        Ok(answered.await?.map(|()| affected))
    }

    /// As [`Link::each_row`], and tells `each` of every statement that is done.
    pub(super) async fn each_answer<E>(
        &mut self,
        sql: &str,
        mut each: impl FnMut(Answer<'_>) -> Result<(), E> + Send,
    ) -> Result<Result<(), E>, sqlx::Error> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        self.busy = true;
        #[cfg(test)]
        {
            self.sent += 1;
        }
        crash::before(sql);
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_many(connection);
        loop {
            let told = match rows.try_next().await {
                Ok(Some(sqlx::Either::Right(row))) => {
                    let told = each(Answer::Row(&row));
                    // sqlx never waits while there is something to read; time-outs have to.
                    consume_budget().await;
                    told
                }
                Ok(Some(sqlx::Either::Left(done))) => each(Answer::Done(done.rows_affected())),
                Ok(None) => break,
                Err(error) => {
                    drop(rows);
                    self.busy = false;
                    crash::after(sql);
                    return Err(error);
                }
            };
            if let Err(stop) = told {
                return Ok(Err(stop));
            }
        }
        drop(rows);
        self.busy = false;
        crash::after(sql);
        Ok(Ok(()))
    }

    /// All rows that SQL returns by the simple protocol.
    pub(super) async fn rows(&mut self, sql: &str) -> Result<Vec<TextRow>, sqlx::Error> {
        let mut rows = Vec::new();
        self.each_row(sql, |row| {
            rows.push(text_row(row));
            Ok::<(), Infallible>(())
        })
        .await?
        .unwrap_or_else(|never| match never {});
        Ok(rows)
    }

    /// Runs SQL by the simple protocol; the rows that its last statement was about.
    pub(super) async fn affected(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        let each = |_: &PgRow| Ok::<(), Infallible>(());
        Ok(self.each_row(sql, each).await?.unwrap_or_else(|never| match never {}))
    }

    /// Runs SQL that returns nothing of interest by the simple protocol.
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.affected(sql).await.map(drop)
    }

    /// As [`Link::each_row`] to the end, for the runner's own SQL: a server that does not answer
    /// in time counts as lost.
    pub(super) async fn own_each_row(
        &mut self,
        sql: &str,
        mut each: impl FnMut(&PgRow) + Send,
    ) -> Result<(), sqlx::Error> {
        let each = |row: &PgRow| {
            each(row);
            Ok(())
        };
        self.each_row_within(sql, self.answer_time, each).await.map(drop)
    }

    async fn each_row_within(
        &mut self,
        sql: &str,
        time: Duration,
        each: impl FnMut(&PgRow) -> Result<(), Infallible> + Send,
    ) -> Result<u64, sqlx::Error> {
        match timeout(time, self.each_row(sql, each)).await {
            Ok(read) => read.map(|read| read.unwrap_or_else(|never| match never {})),
            Err(_) => Err(self.abandon().await),
        }
    }

    /// As [`Link::each_answer`] to the end, for the runner's own SQL, which may take so much longer.
    pub(super) async fn own_each_answer(
        &mut self,
        sql: &str,
        longer: Duration,
        each: impl FnMut(Answer<'_>) -> Result<(), Infallible> + Send,
    ) -> Result<(), sqlx::Error> {
        match timeout(self.answer_time.saturating_add(longer), self.each_answer(sql, each)).await {
            Ok(read) => read.map(|read| read.unwrap_or_else(|never| match never {})),
            Err(_) => Err(self.abandon().await),
        }
    }

    /// All rows, and those that the last statement was about, for the runner's own SQL.
    pub(super) async fn own_answer(
        &mut self,
        sql: &str,
    ) -> Result<(Vec<TextRow>, u64), sqlx::Error> {
        let mut rows = Vec::new();
        let each = |row: &PgRow| {
            rows.push(text_row(row));
            Ok(())
        };
        let affected = self.each_row_within(sql, self.answer_time, each).await?;
        Ok((rows, affected))
    }

    /// As [`Link::rows`], for the runner's own SQL.
    pub(super) async fn own_rows(&mut self, sql: &str) -> Result<Vec<TextRow>, sqlx::Error> {
        self.own_answer(sql).await.map(|(rows, _)| rows)
    }

    /// As [`Link::affected`], for the runner's own SQL.
    pub(super) async fn own_affected(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        self.affected_within(sql, self.answer_time).await
    }

    /// As [`Link::run`], for the runner's own SQL.
    pub(super) async fn own_run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.own_affected(sql).await.map(drop)
    }

    /// As [`Link::own_affected`], for what may take longer.
    pub(super) async fn affected_within(
        &mut self,
        sql: &str,
        time: Duration,
    ) -> Result<u64, sqlx::Error> {
        match timeout(time, self.affected(sql)).await {
            Ok(done) => done,
            Err(_) => Err(self.abandon().await),
        }
    }

    /// Runs one statement by the extended protocol, which the server refuses for several, and
    /// drops its rows. Returns the rows that it was about.
    pub(super) async fn execute(
        &mut self,
        sql: &str,
        arguments: PgArguments,
    ) -> Result<u64, sqlx::Error> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        self.busy = true;
        // The unnamed statement: names can be taken away or given another meaning by SQL.
        let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), arguments).persistent(false);
        let mut affected = 0;
        #[cfg(test)]
        {
            self.sent += 1;
        }
        crash::before(sql);
        let mut stream = connection.fetch_many(query);
        let result = loop {
            match stream.try_next().await {
                Ok(Some(sqlx::Either::Left(done))) => affected = done.rows_affected(),
                Ok(Some(sqlx::Either::Right(_))) => consume_budget().await,
                Ok(None) => break Ok(affected),
                Err(error) => break Err(error),
            }
        };
        drop(stream);
        self.busy = false;
        crash::after(sql);
        result
    }

    /// As [`Link::execute`], for the runner's own SQL.
    pub(super) async fn own_execute(
        &mut self,
        sql: &str,
        arguments: PgArguments,
    ) -> Result<u64, sqlx::Error> {
        match timeout(self.answer_time, self.execute(sql, arguments)).await {
            Ok(done) => done,
            Err(_) => Err(self.abandon().await),
        }
    }

    /// Has the server parse and analyse one statement; several are an error.
    pub(super) async fn describe(&mut self, sql: &str) -> Result<Description, sqlx::Error> {
        if self.described >= DESCRIBED_MAX || self.described_bytes > DESCRIBED_BYTES_MAX {
            self.run("DEALLOCATE ALL").await?;
            (self.described, self.described_bytes) = (0, 0);
        }
        self.described += 1;
        self.described_bytes += sql.len();
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        self.busy = true;
        let text = sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql.to_owned()));
        crash::before("the description of a statement");
        let prepared = connection.prepare(text).await;
        self.busy = false;
        crash::after("the description of a statement");
        match prepared {
            Ok(statement) => Ok(Description {
                parameters: match statement.parameters() {
                    Some(sqlx::Either::Left(types)) => {
                        Some(types.iter().map(|ty| ty.oid().map_or(0, |oid| oid.0)).collect())
                    }
                    _ => Some(Vec::new()),
                },
                columns: Some(fields(statement.columns())),
            }),
            Err(error) if is_undescribable(&error) => Ok(Description::default()),
            Err(error) => Err(error),
        }
    }

    /// What makes the server forget described statements; nothing where there are none. They
    /// must not stay behind in a server session that a pooler hands on.
    pub(super) fn forget_described(&mut self) -> Option<&'static str> {
        let any = self.described > 0;
        (self.described, self.described_bytes) = (0, 0);
        any.then_some("DEALLOCATE ALL")
    }

    /// Sends `data` to a `COPY … FROM STDIN`; the rows that it wrote.
    ///
    /// It runs as a task of its own: half-way through, sqlx could not find its way back into step
    /// with the server, so that it must go on even when the caller is dropped.
    pub(super) async fn copy(&mut self, sql: String, data: Vec<u8>) -> Result<u64, sqlx::Error> {
        let mut connection = self.connection.take().ok_or_else(closed)?;
        let task = self.copying.insert(tokio::spawn(async move {
            let copied = async {
                let mut copy = connection.copy_in_raw(&sql).await?;
                crash::point("before the data of a COPY");
                copy.send(data).await?;
                crash::point("after the data of a COPY");
                copy.finish().await
            }
            .await;
            crash::point("after a COPY");
            (connection, copied)
        }));
        let ended = task.await;
        self.copying = None;
        let (connection, copied) = ended.map_err(|_| closed())?;
        self.connection = Some(connection);
        copied
    }
}

/// sqlx asks the catalogue about types that it does not know, and does not understand all answers.
/// The server has accepted the statement by then.
pub(super) fn is_undescribable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
        sqlx::Error::Protocol(reason) => {
            reason.starts_with("unable to resolve type")
                || reason.starts_with("type category is listed")
        }
        _ => false,
    }
}

/// Names and types of columns.
pub(super) fn fields(columns: &[sqlx::postgres::PgColumn]) -> Vec<Field> {
    let oid = |column: &sqlx::postgres::PgColumn| column.type_info().oid().map_or(0, |oid| oid.0);
    columns.iter().map(|column| (column.name().to_owned(), oid(column))).collect()
}

/// The server's bytes for one column; `None` for NULL.
pub(super) fn raw(row: &PgRow, at: usize) -> Option<&[u8]> {
    let value = row.try_get_raw(at).ok()?;
    if value.is_null() { None } else { value.as_bytes().ok() }
}

pub(super) fn text_row(row: &PgRow) -> TextRow {
    (0..row.len())
        .map(|at| raw(row, at).map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
        .collect()
}
