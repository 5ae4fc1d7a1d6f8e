//! Reads all rows of `people`, transforms them, and writes them to `cards`, in one transaction, with sqlx: what
//! `rows/guest` does in a sandbox. Reads by key in batches and writes many rows a statement.
//!
//!     rows-native FILE

use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection, sqlite::SqliteConnectOptions};
use std::error::Error;

const ROWS_A_BATCH: i64 = 5000;
/// SQLite takes 32,766 parameters a statement.
const ROWS_A_STATEMENT: usize = 5000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    let options = SqliteConnectOptions::new().filename(file).foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut transaction = connection.begin().await?;
    let create = "CREATE TABLE cards (id INTEGER PRIMARY KEY, name TEXT, city TEXT, cents INTEGER, note TEXT)";
    sqlx::query(create).execute(&mut *transaction).await?;
    let mut last = i64::MIN;
    loop {
        let select = "SELECT id, name, city, amount, note FROM people WHERE id > ? ORDER BY id LIMIT ?";
        let rows =
            sqlx::query(select).bind(last).bind(ROWS_A_BATCH).fetch_all(&mut *transaction).await?;
        let Some(row) = rows.last() else { break };
        last = row.get(0);
        for rows in rows.chunks(ROWS_A_STATEMENT) {
            let mut insert: QueryBuilder<Sqlite> =
                QueryBuilder::new("INSERT INTO cards (id, name, city, cents, note) ");
            insert.push_values(rows, |mut values, row| {
                let note: Option<String> = row.get(4);
                values
                    .push_bind(row.get::<i64, _>(0))
                    .push_bind(row.get::<String, _>(1).to_uppercase())
                    .push_bind(row.get::<String, _>(2))
                    .push_bind(row.get::<i64, _>(3) * 100)
                    .push_bind(note.map(|note| note.trim().to_owned()));
            });
            insert.build().execute(&mut *transaction).await?;
        }
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}
