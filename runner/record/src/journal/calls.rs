//! The session that a journaled hook gets: each call is replayed, or made in the segment and kept.

use super::{
    Journal,
    call::{CallResult, asked},
};
use crate::{
    alteration::Dialect,
    connection::SharedConnection,
    identifier,
    session::{
        Column, ErrorKind, FailedInScript, Handle, OnStatement, Outcome, ResultLimit, Row, RowSet,
        Script, Session, SqlError, Value,
    },
    sql::{Reading, statement_length},
};
use async_trait::async_trait;

/// The text that is recorded in place of the statements of a bulk-writer.
const BULK_ROWS: &str = "a bulk-writer's rows";

/// Returns the error for a recorded result of another kind than the call's: the journal was edited.
fn unfitting() -> SqlError {
    SqlError::new(ErrorKind::Other, "the journal holds a result of another kind")
}

#[async_trait]
impl Session for Journal {
    fn dialect(&self) -> Dialect {
        self.reading.dialect
    }

    fn reading(&self) -> Reading {
        self.reading
    }

    fn quote_identifier(&self, name: &str) -> String {
        identifier::quote(name, self.reading.dialect)
    }

    async fn statement_length(
        &mut self,
        script: &Script,
        start: usize,
    ) -> Result<Option<usize>, SqlError> {
        let apart = self.apart_from.as_ref().filter(|(from, _)| start >= *from);
        self.apart_because = apart.map(|(_, reason)| reason.clone());
        // SQLite would compile the statement to find its end, which fails for one that has run: a table is there by now.
        if self.reading.dialect == Dialect::Sqlite
            && let Ok(length) = statement_length(script.text(start), self.reading)
        {
            return Ok(length);
        }
        if self.reading.dialect == Dialect::Sqlite {
            let mut sessions = self.sessions().await;
            if let Err(error) = self.segment(&mut sessions).await {
                return Err(self.own(error));
            }
        }
        self.working().lock().await.statement_length(script, start).await
    }

    async fn execute_script(
        &mut self,
        script: &Script,
        done: &mut OnStatement<'_>,
    ) -> Result<(), FailedInScript> {
        self.script(script, done).await
    }

    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError> {
        match self.statement(sql, params, None).await? {
            CallResult::Outcome(outcome) => Ok(outcome),
            _ => Err(unfitting()),
        }
    }

    async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        limit: ResultLimit,
    ) -> Result<RowSet, SqlError> {
        match self.statement(sql, params, Some(limit)).await? {
            CallResult::Rows(rows) => Ok(rows),
            _ => Err(unfitting()),
        }
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        let asked = asked("open-cursor", sql, &params);
        let opened = match self.before_cursor(asked, sql).await? {
            Some(CallResult::Opened(handle, columns)) => (handle, columns),
            Some(_) => return Err(unfitting()),
            None => {
                let opened = self.working().lock().await.open_cursor(sql, params).await?;
                self.keep(asked, None, CallResult::Opened(opened.0, opened.1.clone()));
                opened
            }
        };
        self.open_handles += 1;
        Ok(opened)
    }

    async fn fetch(&mut self, cursor: Handle, limit: ResultLimit) -> Result<Vec<Row>, SqlError> {
        // Not by its bytes: an operator may raise that bound before the hook is run again.
        let asked = asked("fetch", "", &(cursor, limit.rows_max));
        match self.before_call(asked, "reading from a cursor").await? {
            Some(CallResult::Fetched(rows)) => Ok(rows),
            Some(_) => Err(unfitting()),
            None => {
                let rows = self.working().lock().await.fetch(cursor, limit).await?;
                self.keep(asked, None, CallResult::Fetched(rows.clone()));
                Ok(rows)
            }
        }
    }

    async fn close_cursor(&mut self, cursor: Handle) -> Result<(), SqlError> {
        let asked = asked("close-cursor", "", &cursor);
        if self.before_call(asked, "closing a cursor").await?.is_none() {
            self.working().lock().await.close_cursor(cursor).await?;
            self.keep(asked, None, CallResult::Closed);
        }
        self.open_handles = self.open_handles.saturating_sub(1);
        Ok(())
    }

    async fn open_writer(&mut self, table: &str, columns: &[String]) -> Result<Handle, SqlError> {
        let asked = asked("open-bulk-writer", table, &columns);
        let handle = match self.before_call(asked, table).await? {
            Some(CallResult::Opened(handle, _)) => handle,
            Some(_) => return Err(unfitting()),
            None => {
                let handle = self.working().lock().await.open_writer(table, columns).await?;
                self.keep(asked, None, CallResult::Opened(handle, Vec::new()));
                handle
            }
        };
        self.open_handles += 1;
        Ok(handle)
    }

    async fn write(&mut self, writer: Handle, rows: Vec<Row>) -> Result<u64, SqlError> {
        let asked = asked("write", "", &(writer, &rows));
        match self.before_call(asked, "writing by a bulk-writer").await? {
            Some(CallResult::Written(rows)) => Ok(rows),
            Some(_) => Err(unfitting()),
            None if self.stretch.is_some() => {
                let write = |session: SharedConnection| async move {
                    session.lock().await.write(writer, rows).await
                };
                self.write_apart(asked, BULK_ROWS, write).await
            }
            None => {
                let written = self.working().lock().await.write(writer, rows).await?;
                self.keep(asked, None, CallResult::Written(written));
                Ok(written)
            }
        }
    }

    async fn finish_writer(&mut self, writer: Handle) -> Result<u64, SqlError> {
        let asked = asked("finish", "", &writer);
        let written = match self.before_call(asked, "finishing a bulk-writer").await? {
            Some(CallResult::Written(rows)) => rows,
            Some(_) => return Err(unfitting()),
            None if self.stretch.is_some() => {
                let finish = |session: SharedConnection| async move {
                    session.lock().await.finish_writer(writer).await
                };
                self.write_apart(asked, BULK_ROWS, finish).await?
            }
            None => {
                let written = self.working().lock().await.finish_writer(writer).await?;
                let changes = Some(BULK_ROWS.to_owned());
                self.keep(asked, changes, CallResult::Written(written));
                written
            }
        };
        self.open_handles = self.open_handles.saturating_sub(1);
        Ok(written)
    }
}
