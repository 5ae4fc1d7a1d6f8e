//! PgBouncer in transaction mode: every transaction may get another server session.

use super::{servers::PgBouncer, *};
use crate::backend::connection::{Cell, LockTry};

#[tokio::test]
async fn a_pooler_is_noticed() {
    let server = Postgres::shared();
    let database = server.database();
    let mut direct = connect(database.url()).await;
    assert!(!direct.needs_lease().await.expect("asks"));
    let bouncer = PgBouncer::before(server);
    let mut pooled = connect(&through(&bouncer, &database)).await;
    assert!(pooled.needs_lease().await.expect("asks"));
}

fn through(bouncer: &PgBouncer, database: &Database) -> String {
    bouncer.url(database)
}

#[tokio::test]
async fn everything_works_through_it() {
    let server = Postgres::shared();
    let database = server.database();
    let bouncer = PgBouncer::before(server);
    let url = through(&bouncer, &database);
    let mut connections = vec![connect(&url).await, connect(&url).await, connect(&url).await];
    connections[0].begin().await.expect("begins");
    connections[0].run_sql("CREATE TABLE @ledger (n bigint)", &[]).await.expect("creates");
    connections[0].commit().await.expect("commits");
    for round in 0..8 {
        for connection in &mut connections {
            assert!(!connection.own_tables().await.expect("looks").is_empty());
            enter(connection).await;
            let table = format!("t{round}");
            run(connection, &format!("CREATE TABLE IF NOT EXISTS {table} (x text, y numeric)"))
                .await;
            let insert = format!("INSERT INTO {table} VALUES ($1, $2)");
            let params = vec![text("a"), Value::Decimal("0.5".into())];
            connection.execute(&insert, params.clone()).await.expect("inserts");
            let select = format!("SELECT * FROM {table} WHERE x = $1 AND y = $2 LIMIT 1");
            let found = connection.query(&select, params.clone(), PLENTY).await.expect("reads");
            assert_eq!(found.rows, [params]);
            let writer = connection.open_writer(&table, &["x".into()]).await.expect("opens");
            connection.write(writer, vec![vec![text("b")]]).await.expect("writes");
            connection.finish_writer(writer).await.expect("finishes");
            let (cursor, _) = connection
                .open_cursor(&select, vec![text("a"), Value::Int64(1)])
                .await
                .expect("opens");
            connection.fetch(cursor, PLENTY).await.expect("reads");
            if round % 2 == 0 {
                let insert = Own::run("INSERT INTO @ledger VALUES (?)", [Cell::integer(round)]);
                connection.end_hook(vec![insert]).await.expect("commits");
            } else {
                connection.rollback().await.expect("rolls back");
            }
            connection.rows_of("SELECT n FROM @ledger", &[]).await.expect("reads");
        }
    }
    assert_eq!(database.rows("SELECT count(*) FROM alteration_ledger"), ["12"]);
    let sql = "CREATE INDEX CONCURRENTLY i ON t0 (x)";
    assert!(connections[0].needs_lease().await.expect("asks"));
    connections[0].execute_outside(sql, "m").await.expect("runs");
}

/// Where sessions are shared, a statement that was dropped is ended all the same.
#[tokio::test]
async fn a_dropped_call_is_ended() {
    let server = Postgres::shared();
    let database = server.database();
    let bouncer = PgBouncer::before(server);
    let mut connection = connect(&through(&bouncer, &database)).await;
    enter(&mut connection).await;
    let sleep = connection.execute("SELECT pg_sleep(1000)", vec![]);
    assert!(tokio::time::timeout(Duration::from_millis(300), sleep).await.is_err());
    connection.rollback().await.expect("rolls back");
    enter(&mut connection).await;
    run(&mut connection, "SELECT 1").await;
}

#[tokio::test]
async fn a_session_lock_is_not_believed() {
    let server = Postgres::shared();
    let database = server.database();
    let bouncer = PgBouncer::before(server);
    let mut connection = connect(&through(&bouncer, &database)).await;
    assert!(matches!(connection.try_lock().await.expect("asks"), LockTry::Held));
    // Another one takes that session, so that the pooler has to hand out a second one.
    let mut other = connect(&through(&bouncer, &database)).await;
    other.begin().await.expect("begins");
    other.rows_of("SELECT 1", &[]).await.expect("reads");
    let error = connection.begin().await.expect_err("it is another session");
    assert!(matches!(error, BackendError::SharedSession), "{error}");
}

/// Outside of transactions nobody knows which server session works; its statement tells.
#[tokio::test]
async fn a_dropped_statement_outside_is_ended() {
    let server = Postgres::shared();
    let database = server.database();
    database.sql("CREATE TABLE t (x integer)");
    let bouncer = PgBouncer::before(server);
    let mut connection = connect(&through(&bouncer, &database)).await;
    assert!(connection.needs_lease().await.expect("asks"));
    let mut blocker = connect(database.url()).await;
    enter(&mut blocker).await;
    run(&mut blocker, "INSERT INTO t VALUES (0)").await;
    let sql = "CREATE INDEX CONCURRENTLY i ON t (x)";
    let begun = connection.execute_outside(sql, "gone");
    assert!(tokio::time::timeout(Duration::from_millis(500), begun).await.is_err());
    connection.rollback().await.expect("rolls back");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* runner:gone */%'
        AND state = 'active'";
    assert_eq!(database.rows(running), ["0"]);
    connection.begin().await.expect("begins");
    connection.commit().await.expect("commits");
}
