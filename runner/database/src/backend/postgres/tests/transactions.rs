//! The operator's side: own statements, commits that are believed, rehearsals, the lock.

use super::*;
use crate::backend::connection::{Cell, LockTry};

async fn prepared() -> (Database, PostgresConnection) {
    let database = Postgres::shared().database();
    let mut connection = connect(database.url()).await;
    prepare(&mut connection).await;
    (database, connection)
}

async fn prepare(connection: &mut PostgresConnection) {
    connection.begin().await.expect("begins");
    let types = connection.own_types();
    let sql = format!(
        "CREATE TABLE @ledger (n {} DEFAULT 1, k {} UNIQUE, t {}, b {}, i {})",
        types.integer, types.key, types.text, types.bytes, types.integer
    );
    connection.run_sql(&sql, &[]).await.expect("creates");
    connection.commit().await.expect("commits");
}

async fn count(connection: &mut PostgresConnection) -> i64 {
    let rows = connection.rows_of("SELECT count(*) FROM @ledger", &[]).await.expect("counts");
    match rows[0][0] {
        Cell::Integer(Some(count)) => count,
        _ => panic!("no count: {rows:?}"),
    }
}

const INSERT: &str = "INSERT INTO @ledger (k) VALUES (?)";

#[tokio::test]
async fn own_statements() {
    let (_database, mut connection) = prepared().await;
    assert!(!connection.own_tables().await.expect("looks").is_empty());
    let values = [
        Cell::text("a?@'\\"),
        Cell::Text(None),
        Cell::Bytes(Some((0..=255).collect())),
        Cell::Integer(Some(i64::MIN)),
    ];
    let insert = "INSERT INTO @ledger (k, t, b, i) VALUES (?, ?, ?, ?)";
    connection.own(vec![Own::one_row(insert, values.clone())]).await.expect("inserts");
    let found = connection
        .rows_of("SELECT k, t, b, i, n = 1 FROM @ledger WHERE k = ?", &values[..1])
        .await
        .expect("reads");
    let expected = [&values[..], &[Cell::Integer(Some(1))]].concat();
    assert_eq!(found, [expected]);
    let update = "UPDATE @ledger SET i = i + 1 WHERE k = ? AND i = ?";
    let none = [Cell::text("a"), Cell::Integer(Some(1))];
    let there = Own::one_row("SELECT 1 FROM @ledger", []);
    connection.own(vec![there.clone(), there]).await.expect("there is one");
    let statements = vec![Own::rows("SELECT 1", []), Own::one_row(update, none)];
    let error = connection.own(statements).await.expect_err("there is none");
    assert!(matches!(error, TxError::Own(1, BackendError::Moved)), "{error:?}");
    let clock = connection.rows_of(&format!("SELECT {}", connection.clock_ms()), &[]).await;
    assert!(
        matches!(clock.expect("a clock")[0][0], Cell::Integer(Some(ms)) if ms > 1_700_000_000_000)
    );
}

#[tokio::test]
async fn a_place_is_made() {
    let database = Postgres::shared().database();
    let mut wanted = options(Access::Create);
    wanted.schema = Some("my \"place".to_owned());
    let mut connection = connect_with(database.url(), &wanted).await.expect("connects");
    assert!(connection.own_tables().await.expect("looks").is_empty());
    connection.begin().await.expect("begins");
    connection.prepare_place().await.expect("makes it");
    connection.commit().await.expect("commits");
    prepare(&mut connection).await;
    assert!(!connection.own_tables().await.expect("looks").is_empty());
    let unnamed = connect_with(database.url(), &options(Access::Create)).await;
    let error = unnamed.expect_err("it is elsewhere");
    assert!(
        matches!(&error, BackendError::Elsewhere { schemas, .. } if *schemas == ["my \"place"])
    );
}

#[tokio::test]
async fn a_place_that_would_come_before_all_others_is_refused() {
    let database = Postgres::shared().database();
    let mut wanted = options(Access::Create);
    let [user] = <[String; 1]>::try_from(database.rows(
        "SELECT rolname FROM pg_roles WHERE oid = \
        (SELECT datdba FROM pg_database WHERE datname = current_database())",
    ))
    .expect("one owner");
    wanted.schema = Some(user.clone());
    let mut connection = connect_with(database.url(), &wanted).await.expect("connects");
    connection.begin().await.expect("begins");
    let refused = connection.prepare_place().await.expect_err("is the first");
    assert!(matches!(refused, BackendError::SchemaComesFirst(name) if name == user));
    connection.rollback().await.expect("rolls back");
    // Where it is the first already, it is where the operator's tables are too.
    database.sql(&format!("CREATE SCHEMA {user};"));
    connection.begin().await.expect("begins");
    connection.prepare_place().await.expect("is there");
}

#[tokio::test]
async fn a_commit_is_believed_only_when_it_was_one() {
    let (_database, mut connection) = prepared().await;
    connection.begin().await.expect("begins");
    connection.run_sql(INSERT, &[Cell::text("a")]).await.expect("inserts");
    assert!(connection.is_in_transaction().await.expect("asks"));
    connection.commit().await.expect("commits");
    assert!(!connection.is_in_transaction().await.expect("asks"));
    connection.begin().await.expect("begins");
    connection.run_sql(INSERT, &[Cell::text("b")]).await.expect("inserts");
    connection.run_sql(INSERT, &[Cell::text("a")]).await.expect_err("twice");
    assert!(connection.is_in_transaction().await.expect("asks"), "a failed one is open");
    let error = connection.commit().await.expect_err("PostgreSQL answers ROLLBACK, without error");
    assert!(matches!(error, BackendError::TransactionEnded(_)), "{error}");
    assert_eq!(count(&mut connection).await, 1);
    assert!(connection.commit().await.is_err(), "there is none");
}

#[tokio::test]
async fn a_deferred_violation_at_the_commit_is_an_error() {
    let (_database, mut connection) = prepared().await;
    enter(&mut connection).await;
    run(&mut connection, "CREATE TABLE t (x integer UNIQUE DEFERRABLE INITIALLY DEFERRED)").await;
    run(&mut connection, "INSERT INTO t VALUES (1), (1)").await;
    let error = connection.end_hook(vec![]).await.expect_err("it is violated");
    let BackendError::Refused(error) = error else { panic!("{error}") };
    assert_eq!(error.constraint.as_deref(), Some("t_x_key"));
    connection.rollback().await.expect("rolls back");
    assert_eq!(count(&mut connection).await, 0);
}

#[tokio::test]
async fn a_rehearsal_keeps_nothing() {
    let (_database, mut connection) = prepared().await;
    connection.begin_rehearsal().await.expect("begins");
    for (name, keep) in [("a", true), ("b", false), ("c", true)] {
        let insert = Own::run(INSERT, [Cell::text(name)]);
        let start = Start::entering(vec![insert], settings(HookMode::Transaction));
        connection.start(start).await.expect("enters");
        run(&mut connection, "SET search_path = nowhere; ").await;
        if keep {
            connection.end_hook(vec![]).await.expect("commits");
        } else {
            fails(&mut connection, "SELECT 1/0").await;
            connection.rollback().await.expect("rolls back");
        }
    }
    assert_eq!(count(&mut connection).await, 2);
    connection.end_rehearsal().await.expect("ends");
    assert_eq!(count(&mut connection).await, 0);
}

/// In a rehearsal a constraint that was checked at one end is deferred again for the next hook.
#[tokio::test]
async fn a_rehearsal_defers_again() {
    let (_database, mut connection) = prepared().await;
    connection.begin_rehearsal().await.expect("begins");
    enter(&mut connection).await;
    run(&mut connection, "CREATE TABLE t (x integer UNIQUE DEFERRABLE INITIALLY DEFERRED)").await;
    run(&mut connection, "INSERT INTO t VALUES (1), (2)").await;
    connection.end_hook(vec![]).await.expect("commits");
    enter(&mut connection).await;
    run(&mut connection, "UPDATE t SET x = 2 WHERE x = 1").await;
    run(&mut connection, "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)").await;
    connection.end_hook(vec![]).await.expect("nothing is violated at the end");
    connection.end_rehearsal().await.expect("ends");
}

#[tokio::test]
async fn a_mark_is_come_back_to() {
    let (_database, mut connection) = prepared().await;
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    run(&mut connection, "CREATE SCHEMA mine").await;
    run(&mut connection, "SET search_path = mine").await;
    for number in 0..3 {
        connection.run_sql(INSERT, &[Cell::text(number)]).await.expect("inserts");
        connection.mark().await.expect("marks");
        let error = fails(&mut connection, "VACUUM").await;
        assert!(connection.needs_outside(&error), "{error}");
        connection.back_to_mark().await.expect("comes back");
        run(&mut connection, &format!("CREATE TABLE t{number} (x integer)")).await;
    }
    assert_eq!(count(&mut connection).await, 3);
    let found = rows(&mut connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'mine'");
    assert_eq!(found.await, [[Value::Int64(3)]], "the hook's own search path holds all the time");
    connection.end_hook(vec![]).await.expect("commits");
    assert_eq!(count(&mut connection).await, 3);
}

#[tokio::test]
async fn the_lock_is_held_once_and_says_by_whom() {
    let database = Postgres::shared().database();
    let mut one = connect(database.url()).await;
    let mut two = connect(database.url()).await;
    assert!(matches!(one.try_lock().await.expect("asks"), LockTry::Held));
    let LockTry::HeldBy(holder) = two.try_lock().await.expect("asks") else {
        panic!("two have it")
    };
    assert_eq!(holder.pid, std::process::id());
    assert!(holder.since.ends_with('Z') && !holder.host.is_empty(), "{holder}");
    let mut wanted = options(Access::Create);
    wanted.schema = Some("elsewhere".to_owned());
    let mut other = connect_with(database.url(), &wanted).await.expect("connects");
    assert!(matches!(other.try_lock().await.expect("asks"), LockTry::Held), "another place");
    one.unlock().await;
    assert!(matches!(two.try_lock().await.expect("asks"), LockTry::Held));
    // It ends with its connection.
    drop(two);
    while !matches!(one.try_lock().await.expect("asks"), LockTry::Held) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn readers_write_nothing() {
    let (database, _connection) = prepared().await;
    let mut reader = connect_with(database.url(), &options(Access::Read)).await.expect("connects");
    reader.begin().await.expect("begins");
    assert_eq!(count(&mut reader).await, 0);
    let error = reader.run_sql(INSERT, &[Cell::text("a")]).await.expect_err("it reads only");
    assert!(matches!(error, BackendError::ReadOnly { .. }), "{error}");
    reader.rollback().await.expect("rolls back");
}
