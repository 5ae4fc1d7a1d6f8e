//! Reads one row of the runner's own tables, column by column. A row may have been edited by hand: every value is checked.

use super::{Cell, SCHEMA_VERSION};
use crate::{alteration::AlterationKey, escape::Escaped};
use std::str::FromStr;

/// Why the recorded state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error(
        "the state tables have version {found}; this runner knows version {SCHEMA_VERSION}: use a newer runner"
    )]
    NewerSchema { found: i64 },
    #[error("the recorded state cannot be read: {0}")]
    Corrupt(String),
}

/// One row as it was read, with what it is about, for messages.
pub struct Record {
    cells: std::vec::IntoIter<Cell>,
    about: String,
}

/// Each method takes the next column; `column` names it for messages.
impl Record {
    pub fn new(cells: Vec<Cell>, about: &str) -> Self {
        Self { cells: cells.into_iter(), about: about.to_owned() }
    }

    /// Says more about the row, now that its first columns are known.
    pub fn about(&mut self, about: String) {
        self.about = about;
    }

    /// Reads the two columns that every row about an alteration begins with.
    pub fn key(&mut self, table: &str) -> Result<AlterationKey, RecordError> {
        let plugin = self.text("plugin")?;
        self.about(format!("{table}, {plugin}"));
        let id = self.text("id")?;
        self.about(format!("{table}, {plugin} {id}"));
        Ok(AlterationKey {
            plugin: plugin.parse().map_err(|_| self.invalid("plugin"))?,
            id: id.parse().map_err(|_| self.invalid("id"))?,
        })
    }

    /// The error for a column whose value means nothing.
    pub fn invalid(&self, column: &str) -> RecordError {
        let about = Escaped(&self.about);
        RecordError::Corrupt(format!("{about}: the column {column} holds no valid value"))
    }

    fn next(&mut self, column: &str) -> Result<Cell, RecordError> {
        self.cells.next().ok_or_else(|| self.invalid(column))
    }

    pub fn maybe_text(&mut self, column: &str) -> Result<Option<String>, RecordError> {
        match self.next(column)? {
            Cell::Text(text) => Ok(text),
            Cell::Integer(None) | Cell::Bytes(None) => Ok(None),
            Cell::Integer(Some(_)) | Cell::Bytes(Some(_)) => Err(self.invalid(column)),
        }
    }

    pub fn text(&mut self, column: &str) -> Result<String, RecordError> {
        self.maybe_text(column)?.ok_or_else(|| self.invalid(column))
    }

    pub fn maybe_integer(&mut self, column: &str) -> Result<Option<i64>, RecordError> {
        match self.next(column)? {
            Cell::Integer(value) => Ok(value),
            Cell::Text(None) | Cell::Bytes(None) => Ok(None),
            Cell::Text(Some(_)) | Cell::Bytes(Some(_)) => Err(self.invalid(column)),
        }
    }

    pub fn integer(&mut self, column: &str) -> Result<i64, RecordError> {
        self.maybe_integer(column)?.ok_or_else(|| self.invalid(column))
    }

    /// A count that may be absent. A negative one reads as absent.
    pub fn maybe_count(&mut self, column: &str) -> Result<Option<u64>, RecordError> {
        Ok(self.maybe_integer(column)?.and_then(|value| u64::try_from(value).ok()))
    }

    pub fn count(&mut self, column: &str) -> Result<u64, RecordError> {
        self.maybe_count(column)?.ok_or_else(|| self.invalid(column))
    }

    pub fn maybe_bytes(&mut self, column: &str) -> Result<Option<Vec<u8>>, RecordError> {
        match self.next(column)? {
            Cell::Bytes(bytes) => Ok(bytes),
            Cell::Text(None) | Cell::Integer(None) => Ok(None),
            Cell::Text(Some(_)) | Cell::Integer(Some(_)) => Err(self.invalid(column)),
        }
    }

    pub fn parse<T: FromStr>(&mut self, column: &str) -> Result<T, RecordError> {
        self.text(column)?.parse().map_err(|_| self.invalid(column))
    }

    pub fn json<T: serde::de::DeserializeOwned>(&mut self, column: &str) -> Result<T, RecordError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.invalid(column))
    }

    /// JSON in one of the last columns, which an older version of the schema did not have: nothing then, nor
    /// in rows that were written before it came.
    pub fn added_json<T: serde::de::DeserializeOwned + Default>(
        &mut self,
        column: &str,
    ) -> Result<T, RecordError> {
        if self.cells.len() == 0 {
            return Ok(T::default());
        }
        match self.maybe_text(column)? {
            None => Ok(T::default()),
            Some(text) => serde_json::from_str(&text).map_err(|_| self.invalid(column)),
        }
    }

    /// As [`Record::added_json`], for a column that is 1 or 0.
    pub fn added_flag(&mut self, column: &str) -> Result<bool, RecordError> {
        if self.cells.len() == 0 {
            return Ok(false);
        }
        match self.maybe_integer(column)? {
            None | Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(_) => Err(self.invalid(column)),
        }
    }
}
