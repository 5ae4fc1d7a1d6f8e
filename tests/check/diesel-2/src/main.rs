//! An application with diesel 2 on SQLite, for which there is no adapter. It sends the texts itself. Asks whether its plugins are deployed.

use alteration_check::{Dialect, Plugins, Queries};
use diesel::{
    Connection, SqliteConnection,
    connection::LoadConnection,
    deserialize::FromSql,
    row::{Field, Row},
    sql_types::Text,
    sqlite::Sqlite,
};
// It brings the SQLite that diesel links.
use libsqlite3_sys as _;
use std::error::Error;

type Rows = Vec<Vec<Option<String>>>;

fn read(connection: &mut SqliteConnection, sql: &str) -> Result<Rows, Box<dyn Error>> {
    let mut rows = Vec::new();
    for row in connection.load(diesel::sql_query(sql))? {
        let row = row?;
        let mut texts = Vec::new();
        for at in 0..row.field_count() {
            let field = row.get(at).ok_or("a row without that column")?;
            let text = field.value().map(<String as FromSql<Text, Sqlite>>::from_sql);
            texts.push(text.transpose().map_err(|error| error.to_string())?);
        }
        rows.push(texts);
    }
    Ok(rows)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(plugins)) = (args.next(), args.next()) else {
        return Err("usage: DATABASE PLUGINS".into());
    };
    let plugins = Plugins::read([plugins])?;
    let mut connection = SqliteConnection::establish(url.trim_start_matches("sqlite:"))?;
    let mut queries = Queries::new(Dialect::Sqlite, None);
    while let Some(sql) = queries.next() {
        let rows = read(&mut connection, sql)?;
        queries.put(rows)?;
    }
    let answer = queries.answer(&plugins)?;
    match answer.require_deployed() {
        Ok(()) => println!("deployed"),
        Err(error) => println!("{error}"),
    }
    Ok(())
}
