//! The plugin's session on MySQL and MariaDB: statements, cursors and bulk-writers.
//!
//! `call.rs` admits and runs a statement. Begins and ends no transaction itself.

use super::{MysqlConnection, call::Call, cursor::Snapshot, writer::Writer};
use crate::{
    alteration::Dialect,
    backend::{identifier::in_backticks as quote, size::Gathered},
    session::{
        Column, ErrorKind, Handle, Outcome, ResultLimit, Row, RowSet, Script, Session, SqlError,
        Value,
    },
    sql::{self, Reading},
};
use async_trait::async_trait;

const FETCH_ROWS_MAX: usize = 10_000;

impl MysqlConnection {
    async fn flush(&mut self, writer: Handle) -> Result<u64, SqlError> {
        let mut inserted = 0;
        while let Some((text, params)) = self.writer(writer)?.next_batch() {
            let call = Call::batch(text);
            inserted += self.run_typed(&call, params).await?.rows_affected();
        }
        Ok(inserted)
    }

    fn writer(&mut self, writer: Handle) -> Result<&mut Writer, SqlError> {
        self.writers
            .get_mut(&writer)
            .ok_or_else(|| SqlError::new(ErrorKind::Other, "the bulk-writer is finished"))
    }

    fn new_handle(&mut self) -> Handle {
        self.next_handle += 1;
        Handle(self.next_handle)
    }
}

#[async_trait]
impl Session for MysqlConnection {
    fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    fn reading(&self) -> Reading {
        Reading::of_mode(self.server.dialect, self.hook_mode())
            .of_version(self.server.comment_version())
    }

    fn quote_identifier(&self, name: &str) -> String {
        quote(name)
    }

    async fn statement_length(
        &mut self,
        script: &Script,
        start: usize,
    ) -> Result<Option<usize>, SqlError> {
        let length = sql::statement_length(script.text(start), self.reading())?;
        let text = &script.text(start)[..length.unwrap_or_default()];
        match self.learn_mode(text).await? {
            true => sql::statement_length(script.text(start), self.reading()),
            false => Ok(length),
        }
    }

    /// Returns the rows that matched as rows affected, also those that stayed the same. The id is the first that the
    /// statement generated.
    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError> {
        self.learn_mode(sql).await?;
        let mut call = self.admit(sql)?;
        if call.is_nothing {
            return Ok(Outcome::default());
        }
        call.wants_rows = false;
        let ran = self.run(&call, params, |_| Ok(())).await?;
        Ok(call.outcome(&ran.result))
    }

    async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        limit: ResultLimit,
    ) -> Result<RowSet, SqlError> {
        self.learn_mode(sql).await?;
        let call = self.admit(sql)?;
        if call.is_nothing {
            return Ok(RowSet { columns: Vec::new(), rows: Vec::new() });
        }
        let mut gathered = Gathered::up_to(limit);
        let ran = self.run_reading(&call, params, |row| gathered.push(row)).await?;
        let mut rows = gathered.rows();
        for row in &mut rows {
            ran.stamps.convert(row)?;
        }
        Ok(RowSet { columns: ran.columns, rows })
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        let call = self.admit(sql)?;
        if !call.reading {
            return Err(SqlError::new(
                ErrorKind::Syntax,
                "a cursor needs a statement that returns rows and changes nothing; use query",
            ));
        }
        let max = self.options.limits.cursors_max;
        if self.cursors.len() >= max {
            return Err(SqlError::new(ErrorKind::Limit, format!("more than {max} open cursors")));
        }
        let mut snapshot = Snapshot::new();
        let ran = self.run_reading(&call, params, |row| snapshot.push(&row)).await?;
        let handle = self.new_handle();
        self.cursors.insert(handle, snapshot.finish(&ran.columns, ran.stamps)?);
        Ok((handle, ran.columns))
    }

    async fn fetch(&mut self, cursor: Handle, limit: ResultLimit) -> Result<Vec<Row>, SqlError> {
        let Some(open) = self.cursors.get_mut(&cursor) else {
            return Err(SqlError::new(ErrorKind::Other, "the cursor is closed"));
        };
        open.fetch(ResultLimit { rows_max: limit.rows_max.min(FETCH_ROWS_MAX), ..limit })
    }

    async fn close_cursor(&mut self, cursor: Handle) -> Result<(), SqlError> {
        self.cursors.remove(&cursor);
        Ok(())
    }

    async fn open_writer(&mut self, table: &str, columns: &[String]) -> Result<Handle, SqlError> {
        // A writer whose handle was dropped unfinished still holds its rows.
        let max = self.options.limits.cursors_max;
        if self.writers.len() >= max {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!("more than {max} unfinished bulk-writers"),
            ));
        }
        let writer = Writer::new(table, columns)?;
        // An unknown table or column is reported now, not after the first thousand rows. A table of the runner is refused
        // here too, before the batches, which have the same form.
        let call = self.admit(&writer.probe())?;
        let mut watch = self.watch();
        self.prepare(&call, columns.len(), &mut watch).await?;
        let handle = self.new_handle();
        self.writers.insert(handle, writer);
        Ok(handle)
    }

    async fn write(&mut self, writer: Handle, rows: Vec<Row>) -> Result<u64, SqlError> {
        self.writer(writer)?.push(rows)?;
        self.flush(writer).await
    }

    async fn finish_writer(&mut self, writer: Handle) -> Result<u64, SqlError> {
        self.writer(writer)?.finish();
        let inserted = self.flush(writer).await?;
        self.writers.remove(&writer);
        Ok(inserted)
    }
}
