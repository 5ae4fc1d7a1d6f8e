//! Bulk writers: many rows into one table, by rows or by columns.
//!
//! Buffers single rows; everything else goes to the host as it is given.

use crate::{
    error::Result,
    raw::{
        self,
        types::{ColumnData, Value},
    },
};
use std::mem;

const ROWS_BUFFERED_MAX: usize = 1000;

/// Writes rows into one table. Must be [finished](Self::finish): a writer that is not fails the
/// hook.
#[derive(Debug)]
#[must_use = "a bulk writer that is not finished fails the hook"]
pub struct BulkWriter {
    raw: raw::database::BulkWriter,
    buffer: Vec<Vec<Value>>,
}

impl BulkWriter {
    pub(crate) fn new(raw: raw::database::BulkWriter) -> Self {
        Self { raw, buffer: Vec::new() }
    }

    /// Writes one row, in the order of the writer's columns.
    ///
    /// ```
    /// # use runner_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let mut writer = db.bulk_writer("countries", &["code", "name"])?;
    /// writer.write(params!["DE", "Germany"])?;
    /// writer.write(params!["FR", "France"])?;
    /// writer.finish()?;
    /// # Ok(()) }
    /// ```
    pub fn write(&mut self, row: &[Value]) -> Result<()> {
        self.buffer.push(row.to_vec());
        if self.buffer.len() < ROWS_BUFFERED_MAX {
            return Ok(());
        }
        self.flush()
    }

    /// Writes rows by column: every column as long as the others.
    pub fn write_columns(&mut self, columns: &[ColumnData]) -> Result<()> {
        self.flush()?;
        Ok(self.raw.write_columns(columns)?)
    }

    /// Writes what is left, and returns how many rows were written in all.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        Ok(self.raw.finish()?)
    }

    fn flush(&mut self) -> Result<()> {
        let rows = mem::take(&mut self.buffer);
        if rows.is_empty() { Ok(()) } else { Ok(self.raw.write(&rows)?) }
    }
}
