//! An application with sea-orm 1 on SQLite, for which there is no adapter. It sends the texts itself. Asks whether its plugins are deployed.

use alteration_check::{Dialect, Plugins, Queries};
use sea_orm::{ConnectionTrait, Database, DbBackend, QueryResult, Statement};
use std::error::Error;

fn texts(row: &QueryResult) -> Result<Vec<Option<String>>, sea_orm::DbErr> {
    (0..row.column_names().len()).map(|at| row.try_get_by_index(at)).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(plugins)) = (args.next(), args.next()) else {
        return Err("usage: DATABASE PLUGINS".into());
    };
    let plugins = Plugins::read([plugins])?;
    let database = Database::connect(&url).await?;
    let mut queries = Queries::new(Dialect::Sqlite, None);
    while let Some(sql) = queries.next() {
        let rows = database.query_all(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        let rows = rows.iter().map(texts).collect::<Result<_, _>>()?;
        queries.put(rows)?;
    }
    let answer = queries.answer(&plugins)?;
    match answer.require_deployed() {
        Ok(()) => println!("deployed"),
        Err(error) => println!("{error}"),
    }
    Ok(())
}
