//! The database of the hook: statements, queries, and the way to cursors and bulk writers.
//!
//! Talks to the `database` import. There is no connection to open and no transaction to begin or
//! end: both are the host's.

use crate::{
    cursor::Cursor,
    error::{Error, Result},
    raw::{
        self,
        types::{Dialect, Outcome, Value},
    },
    row::{FromRow, Row},
    writer::BulkWriter,
};
use std::{fmt, rc::Rc};

/// The one connection of a hook's call; every hook is given it.
#[derive(Debug)]
pub struct Database {
    _only_hooks_get_one: (),
}

impl Database {
    pub(crate) const fn new() -> Self {
        Self { _only_hooks_get_one: () }
    }

    /// Which database this is, for the statements that differ.
    pub fn dialect(&self) -> Dialect {
        raw::database::get_dialect()
    }

    /// Runs one statement.
    pub fn execute(&self, sql: &str, params: &[Value]) -> Result<Outcome> {
        Ok(raw::database::execute(sql, params)?)
    }

    /// Runs any number of statements, without parameters.
    pub fn execute_script(&self, sql: &str) -> Result<()> {
        Ok(raw::database::execute_script(sql)?)
    }

    /// Runs a query and returns all of its rows: for results known to be small.
    /// A [`cursor`](Self::cursor) reads any number.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let sql = "SELECT id, email FROM customers WHERE email LIKE ?";
    /// let customers: Vec<(i64, String)> = db.query(sql, params!["%@example.com"])?;
    /// # Ok(()) }
    /// ```
    pub fn query<T: FromRow>(&self, sql: &str, params: &[Value]) -> Result<Vec<T>> {
        let set = raw::database::query(sql, params)?;
        let columns: Rc<[_]> = set.columns.into();
        set.rows.into_iter().map(|values| T::from_row(Row::new(&columns, values))).collect()
    }

    /// Runs a query that has exactly one row.
    pub fn query_one<T: FromRow>(&self, sql: &str, params: &[Value]) -> Result<T> {
        self.query_optional(sql, params)?
            .ok_or_else(|| Error::conversion("expected one row, found none"))
    }

    /// Runs a query that has one row or none.
    pub fn query_optional<T: FromRow>(&self, sql: &str, params: &[Value]) -> Result<Option<T>> {
        let mut rows: Vec<T> = self.query(sql, params)?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            found => Err(Error::conversion(format_args!("expected one row, found {found}"))),
        }
    }

    /// Opens a query whose rows are fetched in batches.
    pub fn cursor(&self, sql: &str, params: &[Value]) -> Result<Cursor> {
        Ok(Cursor::new(raw::database::open_cursor(sql, params)?))
    }

    /// Opens the fastest way to write many rows into a table.
    pub fn bulk_writer(&self, table: &str, columns: &[&str]) -> Result<BulkWriter> {
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        Ok(BulkWriter::new(raw::database::open_bulk_writer(table, &columns)?, columns.len()))
    }

    /// How this database writes the parameter with `number`, from 1 on: `$1` on PostgreSQL, elsewhere
    /// `?`.
    ///
    /// SQL reaches the database as it was written, so `?` is not understood everywhere. A `?` takes
    /// the next parameter, whatever its number: for a statement that is right on every database,
    /// number them in the order in which they stand, and use each once.
    ///
    /// ```
    /// # use alteration_sdk::prelude::*;
    /// # fn hook(db: &Database) -> Result<()> {
    /// let [name, id] = [1, 2].map(|number| db.placeholder(number));
    /// let sql = format!("UPDATE customers SET full_name = {name} WHERE id = {id}");
    /// db.execute(&sql, params!["Ada Lovelace", 1])?;
    /// # Ok(()) }
    /// ```
    pub fn placeholder(&self, number: usize) -> String {
        placeholder(self.dialect(), number)
    }

    /// Quotes a name for use in SQL, as this database wants it.
    pub fn quote_identifier(&self, name: &str) -> String {
        raw::database::quote_identifier(name)
    }
}

/// As manifests call it: `sqlite`, `postgresql`, `mysql`, `mariadb`.
impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
        })
    }
}

fn placeholder(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Postgresql => format!("${number}"),
        Dialect::Sqlite | Dialect::Mysql | Dialect::Mariadb => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders() {
        assert_eq!(placeholder(Dialect::Postgresql, 12), "$12");
        for dialect in [Dialect::Sqlite, Dialect::Mysql, Dialect::Mariadb] {
            assert_eq!(placeholder(dialect, 12), "?");
            assert!(format!("{dialect:?}").to_lowercase().ends_with(&dialect.to_string()));
        }
    }
}
