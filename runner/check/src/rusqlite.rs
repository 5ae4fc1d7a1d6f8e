//! The check over rusqlite.

use crate::{Answer, CheckError, Dialect, Plugins, Queries};
use rusqlite::{Connection, Error};

/// Returns whether all that `plugins` ship is applied in the database of `connection`; `schema` is `None` for `main`,
/// else the name of an attached one.
pub fn check(
    connection: &Connection,
    schema: Option<&str>,
    plugins: &Plugins,
) -> Result<Answer, CheckError<Error>> {
    Ok(read(connection, schema)?.answer(plugins)?)
}

/// As [`check`], up to the answer: for an application that shows what was found.
pub fn read(connection: &Connection, schema: Option<&str>) -> Result<Queries, CheckError<Error>> {
    let mut queries = Queries::new(Dialect::Sqlite, schema);
    while let Some(sql) = queries.next() {
        let rows = rows(connection, sql).map_err(CheckError::Driver)?;
        queries.put(rows)?;
    }
    Ok(queries)
}

fn rows(connection: &Connection, sql: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
    rows.collect()
}
