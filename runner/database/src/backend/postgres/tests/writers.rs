//! Bulk-writers.

use super::*;
use crate::session::{ErrorKind, Handle};

async fn open(
    connection: &mut PostgresConnection,
    table: &str,
    columns: &[&str],
) -> Result<Handle, SqlError> {
    let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    connection.open_writer(table, &columns).await
}

#[tokio::test]
async fn rows_are_inserted() {
    let (_database, mut connection) = hook().await;
    run(
        &mut connection,
        "CREATE TABLE \"od\"\"d\" (a integer, \"b c\" text, d date DEFAULT '2024-01-01')",
    )
    .await;
    let writer = open(&mut connection, "od\"d", &["b c", "a"]).await.expect("opens");
    let mut inserted = 0;
    for start in 0..30 {
        let batch = (start * 1_000..(start + 1) * 1_000)
            .map(|n| vec![text(&"x".repeat(50)), Value::Int64(n)])
            .collect();
        inserted += connection.write(writer, batch).await.expect("writes");
    }
    assert!(inserted > 0, "a million bytes do not wait");
    connection.write(writer, vec![vec![Value::Null, Value::Null]]).await.expect("writes");
    inserted += connection.finish_writer(writer).await.expect("finishes");
    assert_eq!(inserted, 30_001);
    assert!(connection.write(writer, vec![]).await.is_err(), "it is finished");
    let found =
        rows(&mut connection, "SELECT count(*), count(a), sum(a), count(d) FROM \"od\"\"d\"").await;
    let sum = (0..30_000).sum();
    assert_eq!(found, [[30_001, 30_000, sum, 30_001].map(Value::Int64)]);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    let (_database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE t (a integer)").await;
    assert_eq!(open(&mut connection, "t", &[]).await.unwrap_err().kind, ErrorKind::Conversion);
    for (table, column) in [
        ("nowhere", "a"),
        ("t", "nothing"),
        ("t\" (a) FROM STDIN; --", "a"),
        ("alteration_state", "status"),
    ] {
        assert!(open(&mut connection, table, &[column]).await.is_err(), "{table} {column}");
        connection.rollback().await.expect("rolls back");
        enter(&mut connection).await;
        run(&mut connection, "CREATE TABLE t (a integer)").await;
    }
    let writer = open(&mut connection, "t", &["a"]).await.expect("opens");
    let error = connection.write(writer, vec![vec![]]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conversion);
}

#[tokio::test]
async fn errors_name_the_row() {
    let (_database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL)").await;
    let writer = open(&mut connection, "t", &["a", "b"]).await.expect("opens");
    let long = "y".repeat(20_000);
    // Enough for a batch of its own, so that the bad row is in the second.
    let many = (0..60).map(|n| vec![Value::Int64(n), text(&long)]).collect();
    connection.write(writer, many).await.expect("writes");
    let bad = vec![vec![Value::Int64(59), text("twice")]];
    let error = async {
        connection.write(writer, bad).await?;
        connection.finish_writer(writer).await
    };
    let error = error.await.unwrap_err();
    assert_eq!((error.kind, error.constraint.as_deref()), (ErrorKind::Constraint, Some("t_pkey")));
    assert!(error.message.starts_with("row 61: "), "{error}");
}
