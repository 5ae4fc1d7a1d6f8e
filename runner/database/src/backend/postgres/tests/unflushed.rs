//! Commits that do not wait for the disk, and the wait for all of them.

use super::*;
use crate::backend::connection::Cell;

/// Whether the server has written its log as far as `position`.
async fn is_written(connection: &mut PostgresConnection, position: &str) -> bool {
    let sql = format!("SELECT pg_current_wal_flush_lsn() >= '{position}'::pg_lsn");
    let rows = connection.rows_of(&sql, &[]).await.expect("asks");
    rows == [vec![Cell::Integer(Some(1))]]
}

#[tokio::test]
async fn a_flush_waits_for_what_was_committed_before() {
    // By itself the server would write a moment later.
    let postgres = Postgres::with_settings(&[("wal_writer_delay", "10s")]);
    let database = postgres.database();
    let mut connection = connect(database.url()).await;
    connection.begin().await.expect("begins");
    connection.run_sql("CREATE TABLE @state (id bigint)", &[]).await.expect("creates");
    connection.commit().await.expect("commits");
    let mut did_not_wait = false;
    for _ in 0..10 {
        let insert = vec![Own::run("INSERT INTO @state VALUES (1)", [])];
        let committed = connection.apply(insert, Durability::Unflushed).await.expect("commits");
        assert_eq!(committed, Durability::Unflushed);
        let rows = connection.rows_of("SELECT pg_current_wal_insert_lsn()::text", &[]).await;
        let Ok([row]) = <[_; 1]>::try_from(rows.expect("asks")) else { panic!("one row") };
        let [Cell::Text(Some(position))] = &row[..] else { panic!("a position: {row:?}") };
        did_not_wait |= !is_written(&mut connection, position).await;
        let write = Own::run(connection.flush_sql().expect("commits may not wait"), []);
        connection.apply(vec![write], Durability::Flushed).await.expect("flushes");
        assert!(is_written(&mut connection, position).await);
    }
    assert!(did_not_wait, "each commit waited");
}
