//! The interface `database`: each call of a guest becomes one call of the session.
//!
//! Counts, traces and poisons by `statements.rs`, so that a hook that ignores an error fails on every backend alike.

use super::{
    bindings::runner::alteration::{
        database::{Host, HostBulkWriter, HostCursor},
        types as wit,
    },
    state::{CursorResource, HookState, WriterResource},
    value,
};
use crate::{
    alteration::Dialect,
    session::{ErrorKind, Handle, ResultLimit, SqlError, Value},
};
use std::sync::Arc;
use wasmtime::component::Resource;

/// What a guest's call returns: the inner error is the guest's, the outer one a trap.
type Answer<T> = wasmtime::Result<Result<T, wit::Error>>;

impl HookState {
    fn result_limit(&self, rows_max: usize) -> ResultLimit {
        ResultLimit { rows_max, bytes_max: self.limits.result_bytes_max }
    }

    /// Records a failed statement, and gives the error its guest-side form.
    fn fail(&mut self, sql: &str, error: SqlError) -> wit::Error {
        let answer = value::error_to_guest(&error);
        self.statements.fail(sql, error);
        answer
    }
}

fn params(params: Vec<wit::Value>) -> Vec<Value> {
    value::row_from_guest(params)
}

impl wit::Host for HookState {}

impl Host for HookState {
    async fn get_dialect(&mut self) -> wasmtime::Result<wit::Dialect> {
        Ok(match self.statements.gate.session().await.lock().await.dialect() {
            Dialect::Sqlite => wit::Dialect::Sqlite,
            Dialect::Postgresql => wit::Dialect::Postgresql,
            Dialect::Mysql => wit::Dialect::Mysql,
            Dialect::Mariadb => wit::Dialect::Mariadb,
        })
    }

    async fn execute(&mut self, sql: String, args: Vec<wit::Value>) -> Answer<wit::Outcome> {
        let result = self.statements.execute(&sql, params(args)).await;
        Ok(result.map(value::outcome_to_guest).map_err(|error| self.fail(&sql, error)))
    }

    async fn query(&mut self, sql: String, args: Vec<wit::Value>) -> Answer<wit::RowSet> {
        self.statements.counts.statements += 1;
        let limit = self.result_limit(self.limits.result_rows_max);
        let result = match self.statements.ready() {
            Ok(()) => {
                self.statements
                    .gate
                    .session()
                    .await
                    .lock()
                    .await
                    .query(&sql, params(args), limit)
                    .await
            }
            Err(error) => Err(error),
        };
        Ok(match result {
            Ok(set) => {
                self.statements.done(&sql, set.rows.len() as u64, 0);
                Ok(wit::RowSet {
                    columns: value::columns_to_guest(&set.columns),
                    rows: set.rows.into_iter().map(value::row_to_guest).collect(),
                })
            }
            Err(error) => Err(self.fail(&sql, error)),
        })
    }

    async fn execute_script(&mut self, sql: String) -> Answer<()> {
        let result = self.statements.execute_script(&sql).await;
        Ok(result.map_err(|error| self.fail(&sql, error)))
    }

    async fn open_cursor(
        &mut self,
        sql: String,
        args: Vec<wit::Value>,
    ) -> Answer<Resource<CursorResource>> {
        self.statements.counts.statements += 1;
        let result = match self.statements.ready() {
            Ok(()) => {
                self.statements
                    .gate
                    .session()
                    .await
                    .lock()
                    .await
                    .open_cursor(&sql, params(args))
                    .await
            }
            Err(error) => Err(error),
        };
        Ok(match result {
            Ok((handle, columns)) => {
                self.cursors.insert(handle, (sql.into(), 0));
                Ok(self.table.push(CursorResource { handle, columns })?)
            }
            Err(error) => Err(self.fail(&sql, error)),
        })
    }

    async fn open_bulk_writer(
        &mut self,
        table: String,
        columns: Vec<String>,
    ) -> Answer<Resource<WriterResource>> {
        self.statements.counts.statements += 1;
        let result = match self.statements.ready() {
            Ok(()) => {
                self.statements
                    .gate
                    .session()
                    .await
                    .lock()
                    .await
                    .open_writer(&table, &columns)
                    .await
            }
            Err(error) => Err(error),
        };
        Ok(match result {
            Ok(handle) => {
                self.writers_open += 1;
                let width = columns.len();
                let table = table.into();
                let writer = WriterResource { handle, table, width, rows: 0, finished: false };
                Ok(self.table.push(writer)?)
            }
            Err(error) => Err(self.fail(&writer_text(&table), error)),
        })
    }

    async fn quote_identifier(&mut self, name: String) -> wasmtime::Result<String> {
        Ok(self.statements.gate.session().await.lock().await.quote_identifier(&name))
    }
}

/// Returns what stands for a bulk-writer's statements in messages.
fn writer_text(table: &str) -> String {
    format!("bulk-writer into {table}")
}

impl HookState {
    /// The next rows of a cursor and how wide they are.
    async fn fetch(
        &mut self,
        cursor: &Resource<CursorResource>,
        rows_max: u32,
    ) -> wasmtime::Result<Result<(Vec<Vec<Value>>, usize), wit::Error>> {
        let limit = self.result_limit(rows_max as usize);
        let CursorResource { handle, columns } = self.table.get(cursor)?;
        let (handle, width) = (*handle, columns.len());
        let result = match (self.statements.ready(), rows_max) {
            (Err(error), _) => Err(error),
            (Ok(()), 0) => Err(SqlError::new(
                ErrorKind::Conversion,
                "a cursor reads at least one row at a time",
            )),
            (Ok(()), _) => {
                self.statements.gate.session().await.lock().await.fetch(handle, limit).await
            }
        };
        let (sql, read) = self.cursors.entry(handle).or_default();
        Ok(match result {
            Ok(rows) => {
                *read += rows.len() as u64;
                Ok((rows, width))
            }
            Err(error) => {
                let sql = Arc::clone(sql);
                Err(self.fail(&sql, error))
            }
        })
    }

    /// Reports a cursor's statement, now that it is known how many rows were read through it.
    pub(super) fn close_cursor(&mut self, cursor: Handle) {
        if let Some((sql, read)) = self.cursors.remove(&cursor) {
            self.statements.done(&sql, read, 0);
        }
    }

    async fn write_rows(
        &mut self,
        writer: &Resource<WriterResource>,
        rows: impl FnOnce(usize) -> Result<Vec<Vec<Value>>, SqlError>,
    ) -> Answer<()> {
        let WriterResource { handle, table, width, .. } = self.table.get(writer)?;
        let (handle, width, text) = (*handle, *width, writer_text(table));
        let result = match self.statements.ready().and_then(|()| rows(width)) {
            Ok(rows) => self.statements.gate.session().await.lock().await.write(handle, rows).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(inserted) => {
                self.table.get_mut(writer)?.rows += inserted;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(self.fail(&text, error))),
        }
    }
}

impl HostCursor for HookState {
    async fn columns(
        &mut self,
        cursor: Resource<CursorResource>,
    ) -> wasmtime::Result<Vec<wit::Column>> {
        Ok(value::columns_to_guest(&self.table.get(&cursor)?.columns))
    }

    async fn next(
        &mut self,
        cursor: Resource<CursorResource>,
        max_rows: u32,
    ) -> Answer<Vec<Vec<wit::Value>>> {
        let fetched = self.fetch(&cursor, max_rows).await?;
        Ok(fetched.map(|(rows, _)| rows.into_iter().map(value::row_to_guest).collect()))
    }

    async fn next_columns(
        &mut self,
        cursor: Resource<CursorResource>,
        max_rows: u32,
    ) -> Answer<Vec<wit::ColumnData>> {
        let fetched = self.fetch(&cursor, max_rows).await?;
        Ok(fetched.map(|(rows, width)| match rows.is_empty() {
            true => Vec::new(),
            false => value::transpose(rows, width),
        }))
    }

    async fn drop(&mut self, cursor: Resource<CursorResource>) -> wasmtime::Result<()> {
        let CursorResource { handle, .. } = self.table.delete(cursor)?;
        self.close_cursor(handle);
        if self.statements.failed.is_some() {
            return Ok(());
        }
        let closed = self.statements.gate.session().await.lock().await.close_cursor(handle).await;
        if let Err(error) = closed {
            self.fail("", error);
        }
        Ok(())
    }
}

impl HostBulkWriter for HookState {
    async fn write(
        &mut self,
        writer: Resource<WriterResource>,
        rows: Vec<Vec<wit::Value>>,
    ) -> Answer<()> {
        let rows = |_| Ok(rows.into_iter().map(value::row_from_guest).collect());
        self.write_rows(&writer, rows).await
    }

    async fn write_columns(
        &mut self,
        writer: Resource<WriterResource>,
        columns: Vec<wit::ColumnData>,
    ) -> Answer<()> {
        self.write_rows(&writer, |width| value::rows_of(columns, width)).await
    }

    async fn finish(&mut self, writer: Resource<WriterResource>) -> Answer<u64> {
        let WriterResource { handle, table, finished, .. } = self.table.get(&writer)?;
        let (handle, finished, text) = (*handle, *finished, writer_text(table));
        let result = match (self.statements.ready(), finished) {
            (Err(error), _) => Err(error),
            (Ok(()), true) => Err(SqlError::new(ErrorKind::Other, "the bulk-writer is finished")),
            (Ok(()), false) => {
                self.statements.gate.session().await.lock().await.finish_writer(handle).await
            }
        };
        match result {
            Ok(inserted) => {
                let state = self.table.get_mut(&writer)?;
                state.finished = true;
                state.rows += inserted;
                let rows = state.rows;
                self.writers_open -= 1;
                self.statements.done(&text, rows, rows);
                Ok(Ok(rows))
            }
            Err(error) => Ok(Err(self.fail(&text, error))),
        }
    }

    async fn drop(&mut self, writer: Resource<WriterResource>) -> wasmtime::Result<()> {
        // An unfinished one stays counted, and fails the hook when it ends.
        self.table.delete(writer)?;
        Ok(())
    }
}
