//! Bulk writers: many rows into one table, by rows or by columns.
//!
//! Buffers single rows; everything else goes to the host as it is given. Looks at how many values and columns there
//! are first, so that an error names the row it is about.

use crate::{
    error::{Error, Result},
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
    columns: usize,
    buffer: Vec<Vec<Value>>,
    /// Rows that were handed over to the host.
    written: usize,
}

impl BulkWriter {
    pub(crate) fn new(raw: raw::database::BulkWriter, columns: usize) -> Self {
        Self { raw, columns, buffer: Vec::new(), written: 0 }
    }

    /// Writes one row, in the order of the writer's columns.
    ///
    /// Fails with `conversion` where there are more or fewer values than columns. What the database says of a row may
    /// come with a later one, because rows are sent in batches.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let mut writer = db.bulk_writer("countries", &["code", "name"])?;
    /// writer.write(params!["DE", "Germany"])?;
    /// writer.write(params!["FR", "France"])?;
    /// writer.finish()?;
    /// # Ok(()) }
    /// ```
    pub fn write(&mut self, row: &[Value]) -> Result<()> {
        if row.len() != self.columns {
            return Err(Error::conversion(format_args!(
                "row {} has {} values; the writer has {} columns",
                self.written + self.buffer.len() + 1,
                row.len(),
                self.columns
            )));
        }
        self.buffer.push(row.to_vec());
        if self.buffer.len() < ROWS_BUFFERED_MAX {
            return Ok(());
        }
        self.flush()
    }

    /// Writes rows by column: every column as long as the others; half the cost of single rows.
    ///
    /// Fails with `conversion` where the columns differ in length, or are not as many as the writer has.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let mut writer = db.bulk_writer("countries", &["code", "area"])?;
    /// let codes = vec!["DE".to_owned(), "FR".to_owned()];
    /// writer.write_columns(&[codes.into(), vec![357_588i64, 643_801].into()])?;
    /// assert_eq!(writer.finish()?, 2);
    /// # Ok(()) }
    /// ```
    pub fn write_columns(&mut self, columns: &[ColumnData]) -> Result<()> {
        let rows = self.rows_of(columns)?;
        self.flush()?;
        self.raw.write_columns(columns)?;
        self.written += rows;
        Ok(())
    }

    /// Writes what is left, and returns how many rows were written in all.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        Ok(self.raw.finish()?)
    }

    fn flush(&mut self) -> Result<()> {
        let rows = mem::take(&mut self.buffer);
        if rows.is_empty() {
            return Ok(());
        }
        self.raw.write(&rows)?;
        self.written += rows.len();
        Ok(())
    }

    fn rows_of(&self, columns: &[ColumnData]) -> Result<usize> {
        if columns.len() != self.columns {
            return Err(Error::conversion(format_args!(
                "{} columns were given; the writer has {}",
                columns.len(),
                self.columns
            )));
        }
        let mut lengths = columns.iter().map(length);
        let rows = lengths.next().unwrap_or_default();
        match lengths.find(|length| *length != rows) {
            None => Ok(rows),
            Some(other) => {
                Err(Error::conversion(format_args!("columns differ in length: {rows} and {other}")))
            }
        }
    }
}

fn length(column: &ColumnData) -> usize {
    match column {
        ColumnData::Int64(values) => values.len(),
        ColumnData::Float64(values) => values.len(),
        ColumnData::Text(values) => values.len(),
        ColumnData::Mixed(values) => values.len(),
    }
}
