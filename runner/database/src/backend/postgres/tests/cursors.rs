//! Cursors: a snapshot, in batches that keep to their limits.

use super::*;
use crate::session::ErrorKind;

#[tokio::test]
async fn a_cursor_is_a_snapshot() {
    let (_database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE t (x integer)").await;
    run(&mut connection, "INSERT INTO t VALUES (1), (2), (3)").await;
    let sql = "SELECT x, x AS x FROM t WHERE x > $1 ORDER BY x DESC -- that is all";
    let (cursor, columns) =
        connection.open_cursor(sql, vec![Value::Int64(1)]).await.expect("opens");
    assert_eq!(columns.len(), 2);
    run(&mut connection, "UPDATE t SET x = x + 100").await;
    run(&mut connection, "DROP TABLE t").await;
    let one = ResultLimit { rows_max: 1, ..PLENTY };
    for expected in [3, 2] {
        let row = connection.fetch(cursor, one).await.expect("reads");
        assert_eq!(row, [[Value::Int64(expected), Value::Int64(expected)]]);
    }
    assert!(connection.fetch(cursor, one).await.expect("reads").is_empty());
    connection.close_cursor(cursor).await.expect("closes");
    assert!(connection.fetch(cursor, one).await.is_err());
}

#[tokio::test]
async fn only_queries_have_cursors() {
    for sql in [
        "CREATE TABLE u (x integer)",
        "DELETE FROM nowhere",
        "WITH d AS (DELETE FROM pg_class RETURNING 1) SELECT 1",
        "SELECT 1; COMMIT",
        "SELECT 1 INTO t",
        "SELECT 1 WHERE $1",
    ] {
        let (_database, mut connection) = hook().await;
        assert!(connection.open_cursor(sql, vec![]).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn no_row_is_lost_or_read_twice() {
    let (_database, mut connection) = hook().await;
    let sql = "SELECT n, repeat('x', n % 700) FROM generate_series(1, 3000) n";
    for bytes_max in [1_000, 10_000, 50_000, 1 << 20] {
        let (cursor, _) = connection.open_cursor(sql, vec![]).await.expect("opens");
        let limit = ResultLimit { rows_max: 900, bytes_max };
        let mut next = 1;
        loop {
            let batch = connection.fetch(cursor, limit).await.expect("reads");
            assert!(batch.iter().map(crate::backend::size::of_row).sum::<usize>() <= bytes_max);
            if batch.is_empty() {
                break;
            }
            for row in batch {
                assert_eq!(row[0], Value::Int64(next));
                next += 1;
            }
        }
        assert_eq!(next, 3_001);
        connection.close_cursor(cursor).await.expect("closes");
    }
}

#[tokio::test]
async fn one_row_has_to_fit_and_few_cursors_may_be_open() {
    let (_database, mut connection) = hook().await;
    for _ in 0..8 {
        connection.open_cursor("SELECT repeat('x', 1000)", vec![]).await.expect("opens");
    }
    let error = connection.open_cursor("SELECT 1", vec![]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    let tiny = ResultLimit { rows_max: 10, bytes_max: 100 };
    let cursor = crate::session::Handle(1);
    assert_eq!(connection.fetch(cursor, tiny).await.unwrap_err().kind, ErrorKind::Limit);
}

#[tokio::test]
async fn a_journaled_hook_reads_on_after_a_commit() {
    let (_database, mut connection) = hook().await;
    connection.rollback().await.expect("rolls back");
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    let (cursor, _) = connection.open_cursor("VALUES (1), (2)", vec![]).await.expect("opens");
    let one = ResultLimit { rows_max: 1, ..PLENTY };
    assert_eq!(connection.fetch(cursor, one).await.expect("reads"), [[Value::Int64(1)]]);
    connection.commit().await.expect("commits");
    connection.begin().await.expect("begins");
    assert_eq!(connection.fetch(cursor, one).await.expect("reads"), [[Value::Int64(2)]]);
    connection.close_cursor(cursor).await.expect("closes");
}
