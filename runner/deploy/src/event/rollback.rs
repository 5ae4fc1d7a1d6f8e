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
    /// A stranger may have named it: escape it.
    pub table: String,
    pub rows: u64,
    pub certainty: Certainty,
}

/// A column that goes from a table that stays, or that may be made again without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostColumn {
    pub table: String,
    pub column: String,
    /// Of the table.
    pub rows: u64,
    pub certainty: Certainty,
}

/// Rows that go from a table that stays, or that may go or lose values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostRows {
    pub table: String,
    /// How many go, where that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Of the table.
    pub rows: u64,
    pub certainty: Certainty,
}

/// What a rollback destroys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    pub tables: Vec<LostTable>,
    pub columns: Vec<LostColumn>,
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
    pub folder: PathBuf,
    pub tables: usize,
    pub rows: u64,
}

/// A component that goes down instead of the one that was applied.
#[derive(Debug, Clone, Serialize)]
pub struct Replaced {
    #[serde(flatten)]
    pub key: AlterationKey,
    pub applied: Checksum,
    /// `None` where the archive cannot serve.
    pub applied_bytes: Option<usize>,
    pub with: Checksum,
    pub with_bytes: usize,
    /// How the SQL differs that runs; `None` where that of one of the two is not known.
    pub sql: Option<Vec<ReplacedSql>>,
}

/// The SQL of one hook.
#[derive(Debug, Clone, Serialize)]
pub struct ReplacedSql {
    /// As the WIT package calls it: `down` or `before-down`.
    pub hook: &'static str,
    /// Each with a sign before it: `-` was applied, `+` runs instead, a blank is in both. Empty where nothing differs;
    /// escape them.
    pub lines: Vec<String>,
}
