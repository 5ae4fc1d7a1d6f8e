//! A checksum of each table's definition and rows, and of every index, view and trigger.
//!
//! Two databases with the same fingerprint hold the same schema and the same rows. The runner's own
//! tables are left out: they hold times, and a history that a rollback adds to.

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, SqliteConnection};

/// One line for each thing in the schema, in the order of their names.
pub(crate) async fn of(connection: &mut SqliteConnection) -> sqlx::Result<Vec<String>> {
    let schema: Vec<(String, String, Option<String>)> = sqlx::query_as(
        r"SELECT type, name, sql FROM sqlite_schema
          WHERE tbl_name NOT LIKE 'alteration\_%' ESCAPE '\' AND tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'
          ORDER BY name",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut lines = Vec::new();
    for (kind, name, sql) in schema {
        let mut hash = Sha256::new_with_prefix(sql.unwrap_or_default());
        let rows = match kind.as_str() {
            "table" => Some(rows(connection, &name, &mut hash).await?),
            _ => None,
        };
        let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let count = rows.map(|rows| format!(", {rows} rows")).unwrap_or_default();
        lines.push(format!("{hash}  {kind} {name}{count}"));
    }
    Ok(lines)
}

/// Adds every row, in the order of its key, and returns how many there are.
async fn rows(
    connection: &mut SqliteConnection,
    table: &str,
    hash: &mut Sha256,
) -> sqlx::Result<u64> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(&mut *connection)
        .await?;
    // `quote` tells the text '1' from the number 1, and nothing from an empty text.
    let values: Vec<String> =
        columns.iter().map(|column| format!("quote({})", quoted(column))).collect();
    // An index could give the rows in another order.
    let sql = format!("SELECT {} FROM {} NOT INDEXED", values.join(" || ',' || "), quoted(table));
    let mut stream = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch(connection);
    let mut count = 0;
    while let Some(row) = stream.try_next().await? {
        hash.update(row);
        hash.update("\n");
        count += 1;
    }
    Ok(count)
}
