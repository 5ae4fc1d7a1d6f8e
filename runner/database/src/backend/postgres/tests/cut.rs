//! Statements whose caller goes away, and connections that do.

use super::*;
use crate::session::ErrorKind;
use tokio::time::timeout;

const A_MOMENT: Duration = Duration::from_millis(300);

async fn is_well(connection: &mut PostgresConnection) {
    connection.rollback().await.expect("rolls back");
    enter(connection).await;
    assert_eq!(rows(connection, "SELECT 1").await, [[Value::Int64(1)]]);
    run(connection, "CREATE TABLE t (x integer)").await;
    connection.end_hook(vec![]).await.expect("commits");
}

#[tokio::test]
async fn a_dropped_call_is_ended() {
    for sql in [
        "SELECT pg_sleep(1000)",
        "DO $$ BEGIN LOOP END LOOP; END $$",
        "SELECT generate_series(1, 1000000000000)",
    ] {
        let (database, mut connection) = hook().await;
        assert!(timeout(A_MOMENT, connection.execute(sql, vec![])).await.is_err(), "{sql}");
        is_well(&mut connection).await;
        let (_database, mut connection) = hook().await;
        let query = timeout(A_MOMENT, connection.query(sql, vec![], PLENTY)).await;
        assert!(query.is_err() || sql.contains("series"), "{sql}");
        is_well(&mut connection).await;
        assert_eq!(database.rows("SELECT count(*) FROM t"), ["0"]);
    }
}

#[tokio::test]
async fn a_dropped_bulk_write_is_ended() {
    let (_database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE w (x integer)").await;
    run(
        &mut connection,
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
        $f$ BEGIN PERFORM pg_sleep(1000); RETURN NEW; END $f$",
    )
    .await;
    run(&mut connection, "CREATE TRIGGER g BEFORE INSERT ON w FOR EACH ROW EXECUTE FUNCTION f()")
        .await;
    let writer = connection.open_writer("w", &["x".into()]).await.expect("opens");
    connection.write(writer, vec![vec![Value::Int64(1)]]).await.expect("waits");
    assert!(timeout(A_MOMENT, connection.finish_writer(writer)).await.is_err());
    is_well(&mut connection).await;
}

/// A statement that catches its cancellation is ended with its session.
#[tokio::test]
async fn a_stubborn_statement_loses_its_session() {
    let (database, mut connection) = hook().await;
    let stubborn = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(1000);
        EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";
    assert!(timeout(A_MOMENT, connection.execute(stubborn, vec![])).await.is_err());
    let error = connection.rollback().await.expect_err("there is nothing left to roll back on");
    assert!(matches!(error, BackendError::Disconnected(_)), "{error}");
    let others = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
        AND datname = current_database()";
    while database.rows(others) != ["0"] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_cut_connection_is_told() {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let (database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE t (x integer)").await;
    database.admin_sql(cut);
    assert_eq!(fails(&mut connection, "SELECT 1").await.kind, ErrorKind::Disconnected);
    let error = connection.rollback().await.expect_err("it is gone");
    assert!(matches!(error, BackendError::Disconnected(_)), "{error}");
    let (database, mut connection) = hook().await;
    database.admin_sql(cut);
    let end = End::hook(vec![], Durability::Flushed);
    let error = connection.finish(end).await.expect_err("it is gone");
    assert!(matches!(error, TxError::Unknown(BackendError::Disconnected(_))), "{error:?}");
}

#[tokio::test]
async fn waiting_is_bounded() {
    let (database, mut one) = hook().await;
    run(&mut one, "CREATE TABLE t (x integer)").await;
    one.end_hook(vec![]).await.expect("commits");
    enter(&mut one).await;
    run(&mut one, "LOCK TABLE t").await;
    let mut two = connect(database.url()).await;
    let short = Duration::from_millis(20);
    let hook = HookSettings { lock_wait: short, ..settings(HookMode::Transaction) };
    two.enter(hook).await.expect("enters");
    let error = fails(&mut two, "SELECT * FROM t").await;
    assert_eq!((error.kind, error.retryable), (ErrorKind::Serialization, true), "{error}");
    two.rollback().await.expect("rolls back");
    let hook = HookSettings { statement_time: Some(short), ..settings(HookMode::Transaction) };
    two.enter(hook).await.expect("enters");
    assert_eq!(fails(&mut two, "SELECT pg_sleep(1000)").await.kind, ErrorKind::Limit);
}
