//! What a database is like at one moment: its schema, and its rows in no order (`rows.rs`).

use super::rows::{Rows, Search};
use crate::{
    backend::{Backend, BackendError, RowSource, Thing},
    escape::Escaped,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// Bytes that one picture keeps of rows, over all tables; a test holds three of them at once.
const KEPT_BYTES_MAX: usize = 32 << 20;

/// A column of a table, as `table.column`, with a schema before it or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnName {
    table: String,
    column: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` names no column: expected TABLE.COLUMN", Escaped(.0))]
pub struct ParseColumnError(String);

impl FromStr for ColumnName {
    type Err = ParseColumnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once('.') {
            Some((table, column)) if !table.is_empty() && !column.is_empty() => {
                Ok(Self { table: table.to_owned(), column: column.to_owned() })
            }
            _ => Err(ParseColumnError(text.to_owned())),
        }
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

impl ColumnName {
    /// Returns whether it is this column of that table, which may be shown with its schema.
    fn is(&self, table: &str, column: &str) -> bool {
        let bare = table.rsplit_once('.').map_or(table, |(_, name)| name);
        self.column == column && (self.table == table || self.table == bare)
    }
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("table {} cannot be read: {reason}", Escaped(.name))]
    Table { name: String, reason: String },
    #[error("the schema cannot be read: {0}")]
    Schema(String),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl PictureError {
    /// Returns what the database itself said of a table, or whatever else went wrong.
    fn of_table(name: &str, error: BackendError) -> Self {
        match error {
            BackendError::Database(reason) | BackendError::Damaged { reason } => {
                Self::Table { name: name.to_owned(), reason }
            }
            error => Self::Backend(error),
        }
    }

    fn of_schema(error: BackendError) -> Self {
        match error {
            BackendError::Database(reason) | BackendError::Damaged { reason } => {
                Self::Schema(reason)
            }
            error => Self::Backend(error),
        }
    }

    /// Returns the error as one that no alteration is to blame for.
    pub(crate) fn unblamed(self) -> BackendError {
        match self {
            Self::Backend(error) => error,
            unreadable => BackendError::Database(unreadable.to_string()),
        }
    }
}

/// A schema's things by kind and name.
#[derive(Default)]
pub(crate) struct Picture {
    pub(super) things: BTreeMap<(String, String), Vec<String>>,
    pub(super) tables: BTreeMap<String, Rows>,
    sources: BTreeMap<String, Source>,
}

/// How a table's rows are read, and which of its columns are compared.
struct Source {
    rows: RowSource,
    compared: Vec<bool>,
}

impl Source {
    async fn read(
        &self,
        backend: &mut Backend,
        mut each: impl FnMut(Vec<String>) + Send,
    ) -> Result<(), BackendError> {
        backend.each_row(&self.rows, &mut |row| each(pick(row, &self.compared))).await
    }
}

impl Picture {
    /// Returns the tables and views that are here and not in `before`.
    pub(super) fn made_since(&self, before: &Self) -> BTreeSet<String> {
        let is_made = |thing: &&(String, String)| {
            ["table", "view", "sequence"].contains(&thing.0.as_str())
                && !before.things.contains_key(*thing)
        };
        self.things.keys().filter(is_made).map(|(_, name)| name.clone()).collect()
    }

    pub(crate) async fn take(
        backend: &mut Backend,
        ignore: &BTreeSet<ColumnName>,
    ) -> Result<Self, PictureError> {
        backend.begin_looking().await?;
        let taken = Self::look(backend, ignore).await;
        backend.abandon().await?;
        taken
    }

    async fn look(
        backend: &mut Backend,
        ignore: &BTreeSet<ColumnName>,
    ) -> Result<Self, PictureError> {
        let mut picture = Self::default();
        let mut room = KEPT_BYTES_MAX;
        for Thing { kind, name, lines, rows } in
            backend.things().await.map_err(PictureError::of_schema)?
        {
            if let Some(source) = rows {
                let compared: Vec<bool> = source
                    .columns
                    .iter()
                    .map(|column| !ignore.iter().any(|ignored| ignored.is(&name, column)))
                    .collect();
                let mut rows = Rows::of(pick(source.columns.iter().cloned(), &compared));
                let source = Source { rows: source, compared };
                let read = source.read(backend, |row| rows.add(row, &mut room)).await;
                read.map_err(|error| PictureError::of_table(&name, error))?;
                picture.tables.insert(name.clone(), rows);
                picture.sources.insert(name.clone(), source);
            }
            picture.things.insert((kind, name), lines);
        }
        Ok(picture)
    }

    /// Goes through a table's rows once more, which are still as in this picture, for those that were
    /// not there `before`. `None` where too little is known of these.
    pub(super) async fn search(
        &self,
        table: &str,
        before: &Rows,
        backend: &mut Backend,
    ) -> Result<Option<Search>, BackendError> {
        let (Some(source), Some(mut search)) = (self.sources.get(table), Search::of(before)) else {
            return Ok(None);
        };
        backend.begin_looking().await?;
        let read = source.read(backend, |row| search.see(row)).await;
        backend.abandon().await?;
        read.map(|()| Some(search))
    }

    #[cfg(test)]
    pub(super) fn of(
        things: BTreeMap<(String, String), Vec<String>>,
        table: &str,
        rows: Rows,
    ) -> Self {
        Self { things, tables: [(table.to_owned(), rows)].into(), sources: BTreeMap::new() }
    }
}

fn pick(values: impl IntoIterator<Item = String>, wanted: &[bool]) -> Vec<String> {
    let wanted = values.into_iter().zip(wanted).filter(|(_, wanted)| **wanted);
    wanted.map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_with_a_schema_or_without() {
        let name: ColumnName = "orders.made_at".parse().expect("a name");
        assert!(name.is("orders", "made_at") && name.is("public.orders", "made_at"));
        assert!(!name.is("orders", "id") && !name.is("public.older_orders", "made_at"));
        let name: ColumnName = "public.orders.made_at".parse().expect("a name");
        assert!(name.is("public.orders", "made_at") && !name.is("other.orders", "made_at"));
        assert!(
            "orders".parse::<ColumnName>().is_err() && "orders.".parse::<ColumnName>().is_err()
        );
    }
}
