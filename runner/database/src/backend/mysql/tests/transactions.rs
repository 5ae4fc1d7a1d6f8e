//! Transactions that end behind the runner's back, calls that are cut off, locks and orphans.

use super::*;
use crate::backend::{
    BackendError,
    connection::{Apart as _, Cell, LockTry, Sessions as _},
};

async fn count(connection: &mut MysqlConnection, table: &str) -> Vec<Vec<Cell>> {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    connection.rows_of(&sql, &[]).await.expect("counts")
}

#[tokio::test]
async fn a_commit_is_of_the_transaction_that_was_begun() {
    let (database, mut connection) = hook(HookMode::Journaled).await;
    assert!(connection.is_in_transaction().await.expect("asks"));
    assert!(matches!(connection.begin().await, Err(BackendError::Database(_))), "once is enough");
    // A schema change commits, and takes the savepoint with it.
    execute(&mut connection, "CREATE TABLE t (a int)").await;
    assert!(!connection.is_in_transaction().await.expect("asks"));
    let error = connection.commit().await.expect_err("there is none");
    assert!(matches!(error, BackendError::TransactionEnded(_)), "{error}");
    assert!(connection.end_hook(vec![]).await.is_err());
    connection.begin().await.expect("begins");
    execute(&mut connection, "INSERT INTO t VALUES (1)").await;
    assert!(connection.is_in_transaction().await.expect("asks"));
    connection.commit().await.expect("commits");
    assert!(!connection.is_in_transaction().await.expect("asks"));
    assert_eq!(database.rows("SELECT a FROM t"), ["1"]);
    connection.begin().await.expect("begins");
    execute(&mut connection, "INSERT INTO t VALUES (2)").await;
    connection.rollback().await.expect("rolls back");
    connection.rollback().await.expect("nothing is open, which is no error");
    assert_eq!(database.rows("SELECT a FROM t"), ["1"]);
}

/// A server that commits by itself in spite of everything is noticed.
#[tokio::test]
async fn a_transaction_that_ended_unseen_is_seen() {
    for end in ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "CREATE TABLE other (a int)"] {
        let (_database, mut connection) = hook(HookMode::Transaction).await;
        connection.wire().expect("open").text(end).await.expect(end);
        let error = fails(&mut connection, "SELECT 1", vec![]).await;
        assert_eq!(error.kind, ErrorKind::Denied, "{end}");
        assert!(connection.commit().await.is_err(), "{end}");
    }
}

#[tokio::test]
async fn a_deadlock_is_retryable() {
    let (database, mut one) = hook(HookMode::Transaction).await;
    database.sql("CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 0), (2, 0)");
    let mut two = open(&database).await;
    two.enter(settings(HookMode::Transaction)).await.expect("enters");
    execute(&mut one, "UPDATE t SET b = 1 WHERE a = 1").await;
    execute(&mut two, "UPDATE t SET b = 2 WHERE a = 2").await;
    let (first, second) = tokio::join!(
        one.execute("UPDATE t SET b = 1 WHERE a = 2", vec![]),
        two.execute("UPDATE t SET b = 2 WHERE a = 1", vec![]),
    );
    let error = first.err().or(second.err()).expect("one of them gives way");
    assert_eq!((error.kind, error.retryable), (ErrorKind::Serialization, true), "{error}");
    one.rollback().await.expect("rolls back");
    two.rollback().await.expect("rolls back");
}

#[tokio::test]
async fn somebody_elses_lock_is_waited_for_only_so_long() {
    let (database, mut one) = hook(HookMode::Transaction).await;
    database.sql("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)");
    let mut two = open(&database).await;
    let brief = HookSettings { lock_wait: Duration::ZERO, ..settings(HookMode::Journaled) };
    two.enter(brief).await.expect("enters");
    execute(&mut one, "DELETE FROM t").await;
    for sql in ["UPDATE t SET a = 2", "ALTER TABLE t ADD b int"] {
        let error = fails(&mut two, sql, vec![]).await;
        assert_eq!((error.kind, error.retryable), (ErrorKind::Serialization, true), "{sql}");
    }
}

/// Runs `sql` until the server is seen at work on it, then drops the call.
async fn cut_off(database: &Database, connection: &mut MysqlConnection, sql: &str, sign: &str) {
    let seen = format!(
        "SELECT COUNT(*) FROM information_schema.processlist
         WHERE id <> CONNECTION_ID() AND db = '{}' AND info LIKE '%{sign}%'",
        database.name()
    );
    let call = connection.execute(sql, vec![]);
    let watch = async {
        while database.rows(&seen) != ["1"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        result = call => panic!("it ended: {result:?}"),
        () = watch => {}
    }
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_ended_and_lock_and_session_stay() {
    let (database, mut connection) = hook(HookMode::Transaction).await;
    database.sql("CREATE TABLE t (a int)");
    assert!(matches!(connection.try_lock().await, Ok(LockTry::Held)));
    let id = rows(&mut connection, "SELECT CONNECTION_ID()").await;
    execute(&mut connection, "INSERT INTO t VALUES (1)").await;
    cut_off(&database, &mut connection, "SELECT SLEEP(600)", "SLEEP(600)").await;
    let error = connection.run_sql("INSERT INTO t VALUES (2)", &[]).await;
    assert!(matches!(error, Err(BackendError::Disconnected(_))), "{error:?}");
    let error = connection.commit().await.expect_err("nobody knows what that did");
    assert!(matches!(error, BackendError::Database(_)), "{error}");
    connection.rollback().await.expect("rolls back");
    connection.begin().await.expect("begins");
    assert_eq!(rows(&mut connection, "SELECT CONNECTION_ID()").await, id);
    assert_eq!(count(&mut connection, "t").await, [[Cell::integer(0)]]);
    let mut other = open(&database).await;
    assert!(matches!(other.try_lock().await, Ok(LockTry::HeldBy(_))));
}

#[tokio::test]
async fn a_call_that_was_cut_off_while_it_was_prepared_is_ended_too() {
    let (database, mut connection) = hook(HookMode::Transaction).await;
    database.sql("CREATE TABLE t (a int)");
    assert!(matches!(connection.try_lock().await, Ok(LockTry::Held)));
    // To prepare a statement the server needs the table, which somebody has locked.
    let mut other = open(&database).await;
    other.wire().expect("open").text("LOCK TABLES t WRITE").await.expect("locks");
    cut_off(&database, &mut connection, "SELECT a FROM t", "SELECT a FROM t").await;
    connection.rollback().await.expect("rolls back");
    other.wire().expect("open").text("UNLOCK TABLES").await.expect("unlocks");
    connection.begin().await.expect("begins");
    assert!(rows(&mut connection, "SELECT a FROM t").await.is_empty());
    assert!(matches!(other.try_lock().await, Ok(LockTry::HeldBy(_))), "the lock is kept");
}

/// A session that the server ended is replaced, under the same lock.
#[tokio::test]
async fn a_session_that_is_gone_is_replaced() {
    let (database, mut connection) = hook(HookMode::Transaction).await;
    database.sql("CREATE TABLE t (a int)");
    assert!(matches!(connection.try_lock().await, Ok(LockTry::Held)));
    execute(&mut connection, "INSERT INTO t VALUES (1)").await;
    let id = connection.server.connection_id;
    database.admin_sql(&format!("KILL CONNECTION {id}"));
    let error = fails(&mut connection, "SELECT 1", vec![]).await;
    assert_eq!(error.kind, ErrorKind::Disconnected, "{error}");
    assert!(connection.commit().await.is_err());
    connection.rollback().await.expect("rolls back");
    assert_ne!(connection.server.connection_id, id);
    connection.begin().await.expect("begins");
    assert_eq!(count(&mut connection, "t").await, [[Cell::integer(0)]]);
    let mut other = open(&database).await;
    assert!(matches!(other.try_lock().await, Ok(LockTry::HeldBy(_))), "the lock is taken again");
}

#[tokio::test]
async fn the_lock_belongs_to_a_database_and_names_its_holder() {
    let database = Mariadb::shared().database();
    let (mut one, mut two) = (open(&database).await, open(&database).await);
    assert!(matches!(one.try_lock().await, Ok(LockTry::Held)));
    assert!(matches!(one.try_lock().await, Ok(LockTry::Held)), "it has it");
    let LockTry::HeldBy(holder) = two.try_lock().await.expect("asks") else {
        panic!("two hold the lock");
    };
    assert_eq!(holder.user, "runner");
    assert_eq!(holder.pid, std::process::id());
    assert!(holder.since.parse::<jiff::Timestamp>().is_ok(), "{holder}");
    let elsewhere = Mariadb::shared().database();
    assert!(matches!(open(&elsewhere).await.try_lock().await, Ok(LockTry::Held)));
    one.unlock().await;
    assert!(matches!(two.try_lock().await, Ok(LockTry::Held)));
    two.close().await;
    // A session that is not ended properly loses the lock too.
    let mut three = open(&database).await;
    while !matches!(three.try_lock().await.expect("asks"), LockTry::Held) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(three);
    while !matches!(one.try_lock().await.expect("asks"), LockTry::Held) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A killed runner's statement runs on; it carries a marker, prepared or not.
#[tokio::test]
async fn orphans_are_found_and_ended() {
    let (database, mut orphan) = hook(HookMode::Journaled).await;
    let mut next = open(&database).await;
    database.sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    orphan.set_marker(Some("abc:1"));
    let endless = "CREATE TABLE u AS SELECT SLEEP(600) AS s";
    cut_off(&database, &mut orphan, endless, "runner:abc:1 ").await;
    next.end_orphans("abc:2").await.expect("nothing to end");
    next.end_orphans("abc:1").await.expect("ends");
    let left =
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '/* runner:abc:1 */%'";
    assert_eq!(database.rows(left), ["0"]);
    assert_eq!(database.rows("SHOW TABLES"), ["t"], "it left nothing behind");
    // What is left of the other side cannot go on as if nothing had happened.
    assert!(fails(&mut orphan, "SELECT 1", vec![]).await.kind == ErrorKind::Disconnected);
}

/// A copy of a database, on the same server, records the same runs and sessions: what it ends is its own.
#[tokio::test]
async fn what_another_database_runs_is_left_alone() {
    for server in servers_with(&[]) {
        let (database, copy) = (server.database(), server.database());
        let (mut main, mut other) = (open(&database).await, open(&copy).await);
        let mut orphan = open(&database).await;
        orphan.enter(settings(HookMode::Journaled)).await.expect("enters");
        orphan.set_marker(Some("abc:1"));
        let asleep = "SELECT SLEEP(600) AS s";
        cut_off(&database, &mut orphan, asleep, "runner:abc:1 ").await;
        let shared = main.open_apart(settings(HookMode::Journaled), "abc:1", 0).await;
        let session = shared.expect("opens");
        let name = session.lock().await.sessions().expect("it has a name").session_name();
        let there = || {
            let sql = format!(
                "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{}' AND id <> CONNECTION_ID()",
                database.name()
            );
            database.rows(&sql).concat()
        };
        let before = there();
        other.end_orphans("abc:1").await.expect("nothing of its own");
        other.end_session_named(&name).await.expect("not its own");
        other.end_session_named(&orphan.server.session_name()).await.expect("not its own");
        assert_eq!(there(), before);
        // The number alone is no name: the server may have been started again since.
        let (id, rest) = name.split_once(' ').expect("a number");
        let (started, place) = rest.split_once(' ').expect("a time");
        let started: i64 = started.parse().expect("seconds");
        for reused in [
            format!("{id} {} {place}", started - 2),
            format!("{id} {} {place}", started + 2),
            format!("{id} {started} elsewhere 3306 1"),
            id.to_owned(),
        ] {
            main.end_session_named(&reused).await.expect("nothing to end");
        }
        assert_eq!(there(), before);
        main.end_orphans("abc:2").await.expect("nothing to end");
        assert_eq!(there(), before);
        main.end_orphans("abc:1").await.expect("ends both");
        // Its own, and that of `main`.
        assert_eq!(there(), "1");
    }
}

/// What a paused runner holds without a statement under way: locks, and rows of a transaction.
#[tokio::test]
async fn an_idle_session_of_a_hook_is_found_and_ended() {
    for server in servers_with(&[]) {
        let database = server.database();
        database.sql("CREATE TABLE t (a int) ENGINE=InnoDB; INSERT INTO t VALUES (1)");
        for holds in ["LOCK TABLES t WRITE", "START TRANSACTION; UPDATE t SET a = 2"] {
            let mut main = open(&database).await;
            let shared = main.open_apart(settings(HookMode::Journaled), "abc:1", 0).await;
            let shared = shared.expect("opens");
            let session = &mut *shared.lock().await;
            for sql in holds.split("; ") {
                session.execute(sql, vec![]).await.expect(sql);
            }
            // The number is the same on a server that is read twice, however long the reading takes.
            let mut next = open(&database).await;
            assert_eq!(
                next.server.session_of(&main.server.session_name()),
                Some(main.server.connection_id)
            );
            next.end_orphans("abc:1").await.expect("ends it");
            database.sql("UPDATE t SET a = a + 1");
            let error = session.execute("SELECT 1", vec![]).await.expect_err("it is gone");
            assert_eq!(error.kind, ErrorKind::Disconnected, "{error}");
        }
        assert_eq!(database.rows("SELECT a FROM t"), ["3"]);
    }
}

#[tokio::test]
async fn own_statements_keep_their_cells() {
    let database = Mariadb::shared().database();
    let mut connection = open(&database).await;
    assert!(connection.own_tables().await.expect("asks").is_empty());
    let types = connection.own_types();
    let create = format!(
        "CREATE TABLE @ledger (n {} DEFAULT 1, k {key}, k2 {key}, t {}, b {}, i {}, UNIQUE (k, k2))",
        types.integer,
        types.text,
        types.bytes,
        types.integer,
        key = types.key
    );
    connection.run_sql(&create, &[]).await.expect("creates");
    assert!(!connection.own_tables().await.expect("asks").is_empty());
    let long = "é".repeat(255);
    let insert = "INSERT INTO @ledger (k, k2, t, b, i) VALUES (?, ?, ?, ?, ?)";
    let full = [
        Cell::text(&long),
        Cell::text(&long),
        Cell::text(""),
        Cell::Bytes(Some(vec![0, 255])),
        Cell::Integer(Some(i64::MIN)),
    ];
    let empty = [
        Cell::text("a"),
        Cell::text("A"),
        Cell::Text(None),
        Cell::Bytes(None),
        Cell::Integer(None),
    ];
    for cells in [&full, &empty] {
        assert_eq!(connection.execute_own(insert, cells).await.expect("inserts"), 1);
    }
    let rows = connection.rows_of("SELECT k, k2, t, b, i FROM @ledger ORDER BY n", &[]).await;
    assert_eq!(rows.expect("reads"), [full.to_vec(), empty.to_vec()]);
    // Compared byte for byte, and the rows that matched count even where nothing changed.
    let update = "UPDATE @ledger SET i = 5 WHERE k = ?";
    assert_eq!(connection.execute_own(update, &[Cell::text("A")]).await.expect("runs"), 0);
    for _ in 0..2 {
        assert_eq!(connection.execute_own(update, &[Cell::text("a")]).await.expect("runs"), 1);
    }
    let clock = format!("SELECT {}, SUM(i) FROM @ledger WHERE k = 'a'", connection.clock_ms());
    let found = connection.rows_of(&clock, &[]).await.expect("reads");
    let [Cell::Integer(Some(clock)), Cell::Integer(Some(5))] = found[0][..] else {
        panic!("{found:?}");
    };
    let here = jiff::Timestamp::now().as_millisecond();
    assert!((clock - here).abs() < 3_600_000, "{clock} {here}");
}

/// The server may be away for a while, and come back with other connection numbers.
#[tokio::test]
async fn a_server_that_was_restarted_is_met_again() {
    let server = Mariadb::own();
    let database = server.database();
    let mut connection = open(&database).await;
    assert!(matches!(connection.try_lock().await, Ok(LockTry::Held)));
    connection.begin().await.expect("begins");
    server.stop_immediate();
    assert!(connection.commit().await.is_err());
    let error = connection.rollback().await.expect_err("it is away");
    assert!(matches!(error, BackendError::Disconnected(_)), "{error}");
    server.restart();
    connection.rollback().await.expect("a new session");
    connection.begin().await.expect("begins");
    connection.commit().await.expect("commits");
    let mut other = open(&database).await;
    assert!(matches!(other.try_lock().await, Ok(LockTry::HeldBy(_))));
}
