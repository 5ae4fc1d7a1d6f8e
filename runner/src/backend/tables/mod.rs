//! The runner's own tables: every statement that reads or changes them, written once for every
//! database.
//!
//! What changes a table is an [`Own`] statement, which its caller makes part of a transaction. What reads works on a
//! [`Connection`], and says whether it needs a transaction or opens one.
//!
//! [`Connection`]: super::connection::Connection
//! [`Own`]: super::transaction::Own

pub(super) mod archive;
pub(super) mod history;
pub(super) mod journal;
pub(super) mod lease;
pub(super) mod ledger;
pub(super) mod run;
pub(super) mod schema;
pub(super) mod snapshot;
pub(super) mod state;
#[cfg(test)]
mod tests;

use super::{BackendError, connection::Cell};
use crate::{alteration::AlterationKey, escape::Escaped};
use std::str::FromStr;

pub(super) const RUNNER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// One row as it was read, with what it is about, for messages.
pub(super) struct Record {
    cells: std::vec::IntoIter<Cell>,
    about: String,
}

/// Reads a row's columns one after the other. Somebody may have edited them: every value is checked.
impl Record {
    pub(super) fn new(cells: Vec<Cell>, about: &str) -> Self {
        Self { cells: cells.into_iter(), about: about.to_owned() }
    }

    /// Says more about the row, now that its first columns are known.
    pub(super) fn about(&mut self, about: String) {
        self.about = about;
    }

    /// Reads the two columns that every row about an alteration begins with.
    pub(super) fn key(&mut self, table: &str) -> Result<AlterationKey, BackendError> {
        let plugin = self.text("plugin")?;
        self.about(format!("{table}, {plugin}"));
        let id = self.text("id")?;
        self.about(format!("{table}, {plugin} {id}"));
        Ok(AlterationKey {
            plugin: plugin.parse().map_err(|_| self.invalid("plugin"))?,
            id: id.parse().map_err(|_| self.invalid("id"))?,
        })
    }

    pub(super) fn invalid(&self, column: &str) -> BackendError {
        let about = Escaped(&self.about);
        BackendError::Corrupt(format!("{about}: the column {column} holds no valid value"))
    }

    fn next(&mut self, column: &str) -> Result<Cell, BackendError> {
        self.cells.next().ok_or_else(|| self.invalid(column))
    }

    pub(super) fn maybe_text(&mut self, column: &str) -> Result<Option<String>, BackendError> {
        match self.next(column)? {
            Cell::Text(text) => Ok(text),
            Cell::Integer(None) | Cell::Bytes(None) => Ok(None),
            Cell::Integer(Some(_)) | Cell::Bytes(Some(_)) => Err(self.invalid(column)),
        }
    }

    pub(super) fn text(&mut self, column: &str) -> Result<String, BackendError> {
        self.maybe_text(column)?.ok_or_else(|| self.invalid(column))
    }

    pub(super) fn maybe_integer(&mut self, column: &str) -> Result<Option<i64>, BackendError> {
        match self.next(column)? {
            Cell::Integer(value) => Ok(value),
            Cell::Text(None) | Cell::Bytes(None) => Ok(None),
            Cell::Text(Some(_)) | Cell::Bytes(Some(_)) => Err(self.invalid(column)),
        }
    }

    pub(super) fn integer(&mut self, column: &str) -> Result<i64, BackendError> {
        self.maybe_integer(column)?.ok_or_else(|| self.invalid(column))
    }

    /// A count that may be absent. A negative one reads as absent.
    pub(super) fn maybe_count(&mut self, column: &str) -> Result<Option<u64>, BackendError> {
        Ok(self.maybe_integer(column)?.and_then(|value| u64::try_from(value).ok()))
    }

    pub(super) fn count(&mut self, column: &str) -> Result<u64, BackendError> {
        self.maybe_count(column)?.ok_or_else(|| self.invalid(column))
    }

    pub(super) fn maybe_bytes(&mut self, column: &str) -> Result<Option<Vec<u8>>, BackendError> {
        match self.next(column)? {
            Cell::Bytes(bytes) => Ok(bytes),
            Cell::Text(None) | Cell::Integer(None) => Ok(None),
            Cell::Text(Some(_)) | Cell::Integer(Some(_)) => Err(self.invalid(column)),
        }
    }

    pub(super) fn parse<T: FromStr>(&mut self, column: &str) -> Result<T, BackendError> {
        self.text(column)?.parse().map_err(|_| self.invalid(column))
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        column: &str,
    ) -> Result<T, BackendError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.invalid(column))
    }

    /// JSON in one of the last columns, which an older version of the schema did not have: nothing then, nor
    /// in rows that were written before it came.
    pub(super) fn added_json<T: serde::de::DeserializeOwned + Default>(
        &mut self,
        column: &str,
    ) -> Result<T, BackendError> {
        if self.cells.len() == 0 {
            return Ok(T::default());
        }
        match self.maybe_text(column)? {
            None => Ok(T::default()),
            Some(text) => serde_json::from_str(&text).map_err(|_| self.invalid(column)),
        }
    }

    /// As [`Record::added_json`], for a column that is 1 or 0.
    pub(super) fn added_flag(&mut self, column: &str) -> Result<bool, BackendError> {
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

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("names and versions are always valid JSON")
}
