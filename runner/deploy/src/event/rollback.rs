//! What a rollback destroys, what it saves before, and what runs instead of what was applied, as data.

use crate::alteration::{AlterationKey, Checksum};
use serde::Serialize;
use std::{collections::BTreeSet, path::PathBuf};

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It was seen in a rehearsal, which was rolled back.
    Rehearsed,
    /// The SQL says so.
    Read,
    /// Something is done to it that may destroy rows of it, or the values in them.
    Perhaps,
}

/// A table that goes, or may go, with its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostTable {
    /// The table. A stranger may have named it: escape it.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// How sure it is.
    pub certainty: Certainty,
}

/// A column that goes from a table that stays, or that may be made again without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// How many rows the table has.
    pub rows: u64,
    /// How sure it is.
    pub certainty: Certainty,
}

/// Rows that go from a table that stays, or that may go or lose values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostRows {
    /// The table.
    pub table: String,
    /// How many rows go, if that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// How many rows the table has.
    pub rows: u64,
    /// How sure it is.
    pub certainty: Certainty,
}

/// What a rollback destroys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Tables that go.
    pub tables: Vec<LostTable>,
    /// Columns that go from tables that stay.
    pub columns: Vec<LostColumn>,
    /// Rows that go from tables that stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<LostRows>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsure: Option<String>,
}

impl Losses {
    /// Every table that loses something, or may.
    pub(crate) fn touched(&self) -> BTreeSet<&str> {
        let tables = self.tables.iter().map(|lost| lost.table.as_str());
        let columns = self.columns.iter().map(|lost| lost.table.as_str());
        tables.chain(columns).chain(self.rows.iter().map(|lost| lost.table.as_str())).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.touched().is_empty()
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The folder.
    pub folder: PathBuf,
    /// How many tables are in it.
    pub tables: usize,
    /// How many rows are in it.
    pub rows: u64,
}

/// A component that goes down instead of the one that was applied.
#[derive(Debug, Clone, Serialize)]
pub struct Replaced {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// SHA-256 of the component that was applied.
    pub applied: Checksum,
    /// The size of that one; null if the archive does not have it.
    pub applied_bytes: Option<usize>,
    /// SHA-256 of the component that runs instead.
    pub with: Checksum,
    /// The size of that one.
    pub with_bytes: usize,
    /// How their SQL differs; null if the SQL of one is not known.
    pub sql: Option<Vec<ReplacedSql>>,
}

/// The SQL of one hook.
#[derive(Debug, Clone, Serialize)]
pub struct ReplacedSql {
    /// As the WIT package calls it: `down` or `before-down`.
    pub hook: &'static str,
    /// The lines that differ: `-` was applied, `+` runs instead, a blank is in both. Empty if nothing differs. Escape
    /// them.
    pub lines: Vec<String>,
}
