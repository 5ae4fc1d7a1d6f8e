//! Tables written out by the database's own means: what a line of a file is, and how a client reads it back.
//!
//! On PostgreSQL it is CSV, as `COPY … FROM` reads it: NULL is nothing, everything else is in quotes. Elsewhere it is one
//! INSERT a row, for the database's own client. Rows come from a cursor and go to the caller one by one.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    Csv,
    Sql,
}

impl ExportFormat {
    /// Also the ending of its files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Sql => "sql",
        }
    }
}

/// A column of a table, by the database's own name for its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: String,
}

/// How a table is written out. What the database computes is left out.
#[derive(Debug, Clone)]
pub struct Export {
    pub format: ExportFormat,
    /// In the order of a row's values.
    pub columns: Vec<ExportColumn>,
    /// What the file begins with.
    pub head: String,
    /// Reads a file of that name back, in the database's own client.
    pub restore: String,
    pub(super) select: String,
    /// What a row begins with, where it is SQL.
    pub(super) into: String,
}

/// Where the name of the file goes in [`Export::restore`].
pub const FILE: &str = "{file}";

impl Export {
    /// `restore` for a file of this name.
    pub fn restored_from(&self, file: &str) -> String {
        self.restore.replace(FILE, file)
    }
}

/// Takes the lines of a file, rows with their ends.
pub type Lines<'a> = dyn FnMut(&[u8]) + Send + 'a;
