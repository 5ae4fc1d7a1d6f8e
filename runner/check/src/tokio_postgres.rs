//! The check over tokio-postgres.

use crate::{Answer, CheckError, Dialect, Plugins, Queries};
use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// Returns whether all that `plugins` ship is applied in the database of `client`. With `schema` the runner's tables
/// are looked for in that one only.
pub async fn check(
    client: &Client,
    schema: Option<&str>,
    plugins: &Plugins,
) -> Result<Answer, CheckError<Error>> {
    Ok(read(client, schema).await?.answer(plugins)?)
}

/// As [`check`], up to the answer: for an application that shows what was found.
pub async fn read(client: &Client, schema: Option<&str>) -> Result<Queries, CheckError<Error>> {
    let mut queries = Queries::new(Dialect::Postgresql, schema);
    while let Some(sql) = queries.next() {
        // Simple messages prepare nothing, so that a pooler may be in between.
        let messages = client.simple_query(sql).await.map_err(CheckError::Driver)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        });
        let rows = rows.collect();
        queries.put(rows)?;
    }
    Ok(queries)
}
