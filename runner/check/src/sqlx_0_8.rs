//! The check over sqlx 0.8, on whichever of its databases the application has turned on.
//!
//! `sqlx_0_9.rs` is the same over the other version: their traits and types have nothing in common that one text could
//! be generic over. What changes in one changes in both.

use crate::{Answer, CheckError, Dialect, Plugins, Queries};
use sqlx_0_8::{ColumnIndex, Database, Decode, Error, Executor, Row, Type};

/// Returns whether all that `plugins` ship is applied in the database of `connection`. With `schema` the runner's
/// tables are looked for in that one only.
pub async fn check<DB>(
    connection: &mut DB::Connection,
    schema: Option<&str>,
    plugins: &Plugins,
) -> Result<Answer, CheckError<Error>>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'r> Option<String>: Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    Ok(read::<DB>(connection, schema).await?.answer(plugins)?)
}

/// As [`check`], up to the answer: for an application that shows what was found.
pub async fn read<DB>(
    connection: &mut DB::Connection,
    schema: Option<&str>,
) -> Result<Queries, CheckError<Error>>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'r> Option<String>: Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    let dialect = match DB::NAME {
        "SQLite" => Dialect::Sqlite,
        "PostgreSQL" => Dialect::Postgresql,
        "MySQL" => Dialect::Mysql,
        other => return Err(CheckError::Unsupported(other)),
    };
    let mut queries = Queries::new(dialect, schema);
    while let Some(sql) = queries.next() {
        let sql = sql.to_owned();
        // A text alone is sent without preparing it, so that a pooler may be in between.
        let sent = connection.fetch_all(sql.as_str()).await.map_err(CheckError::Driver)?;
        let mut rows = Vec::with_capacity(sent.len());
        for row in &sent {
            let row: Result<_, _> = (0..row.len()).map(|at| row.try_get(at)).collect();
            rows.push(row.map_err(CheckError::Driver)?);
        }
        queries.put(rows)?;
    }
    Ok(queries)
}
