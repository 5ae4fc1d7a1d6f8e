//! Statements, cursors, writers and errors; and what a hostile guest may try.

use super::*;
use crate::{backend::one_by_one, sql::Level};

#[tokio::test]
async fn outcomes() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    let table = [
        ("CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, x int)", 0, None),
        ("INSERT INTO t (x) VALUES (1), (2)", 2, Some(1)),
        ("INSERT INTO t (x) VALUES (3)", 1, Some(3)),
        ("UPDATE t SET x = 1", 3, None),
        ("UPDATE t SET x = 1", 3, None),
        ("ALTER TABLE t ADD y int, ALGORITHM=COPY", 0, None),
        ("DELETE FROM t WHERE x = 9", 0, None),
        ("DELETE FROM t", 3, None),
        ("SELECT 1", 0, None),
    ];
    for (sql, rows_affected, last_insert_id) in table {
        let expected = Outcome { rows_affected, last_insert_id };
        assert_eq!(execute(&mut connection, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn errors_are_explained() {
    let (database, mut connection) = hook(HookMode::Transaction).await;
    database.sql(
        "CREATE TABLE p (id int PRIMARY KEY);
         CREATE TABLE t (a int UNIQUE, b int, c int NOT NULL, d int,
             CONSTRAINT positive CHECK (b > 0), CONSTRAINT to_p FOREIGN KEY (d) REFERENCES p (id));
         INSERT INTO t VALUES (1, 1, 1, NULL)",
    );
    let constraints = [
        ("INSERT INTO t VALUES (1, 1, 1, NULL)", "a"),
        ("INSERT INTO t VALUES (2, 0, 1, NULL)", "positive"),
        ("INSERT INTO t VALUES (2, 1, NULL, NULL)", "c"),
        ("INSERT INTO t VALUES (2, 1, 1, 1)", "to_p"),
    ];
    for (sql, name) in constraints {
        let error = fails(&mut connection, sql, vec![]).await;
        assert_eq!(error.kind, ErrorKind::Constraint, "{sql}");
        assert!(error.constraint.is_some_and(|constraint| constraint.contains(name)), "{sql}");
        assert!(error.sqlstate.is_some_and(|state| state == "23000"), "{sql}");
    }
    let others = [
        ("SELECT 1\n FROM t WHERE (", ErrorKind::Syntax, Some(24)),
        ("SELECT 1 +\n + * 2", ErrorKind::Syntax, Some(14)),
        ("SELECT * FROM nowhere", ErrorKind::Other, None),
        ("SELECT * FROM mysql.user", ErrorKind::Denied, None),
        ("INSERT INTO t (a, c) VALUES ('x', 1)", ErrorKind::Conversion, None),
        ("INSERT INTO t (a, c) VALUES (99999999999, 1)", ErrorKind::Conversion, None),
    ];
    for (sql, kind, offset) in others {
        let error = fails(&mut connection, sql, vec![]).await;
        assert_eq!((error.kind, error.offset), (kind, offset), "{sql}: {error}");
    }
    for (sql, params) in [("SELECT ?", vec![]), ("SELECT 1", vec![Value::Null])] {
        let error = fails(&mut connection, sql, params).await;
        assert_eq!(error.kind, ErrorKind::Conversion, "{sql}");
    }
}

/// The marker that goes before a statement is no part of it.
#[tokio::test]
async fn positions_do_not_count_the_marker() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    connection.set_marker(Some("0123-4"));
    let error = fails(&mut connection, "CREATE TABLE t (a int,)", vec![]).await;
    assert_eq!((error.kind, error.offset), (ErrorKind::Syntax, Some(22)));
}

#[tokio::test]
async fn one_statement_is_one() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    for sql in ["SELECT 1; SELECT 2", "", "  -- nothing", ";", "SELECT 1\0"] {
        let error = fails(&mut connection, sql, vec![]).await;
        assert_eq!(error.kind, ErrorKind::Syntax, "{sql:?}");
    }
    execute(&mut connection, "SELECT 1; -- and nothing more").await;
    execute(&mut connection, "SELECT ';' ;").await;
    let long = |bytes: usize| format!("SELECT '{}'", "x".repeat(bytes));
    execute(&mut connection, &long(1 << 20)).await;
    let error = fails(&mut connection, &long(4 << 20), vec![]).await;
    assert_eq!(error.kind, ErrorKind::Limit);
    // Even where the tokenizer is not asked, the server takes one statement only.
    let error = connection.wire().expect("open").prepare("SELECT 1; COMMIT").await;
    assert_eq!(super::super::error::number(&error.expect_err("two")), Some(1064));
}

#[tokio::test]
async fn guests_are_refused() {
    let everywhere = [
        "COMMIT",
        "/* x */ RoLlBaCk",
        "START TRANSACTION",
        "BEGIN NOT ATOMIC COMMIT; END",
        "SET autocommit = 0",
        "SET @@session.autocommit = 0",
        "SET SESSION sql_mode = CONCAT('A', 'NSI')",
        "SELECT RELEASE_LOCK('x')",
        "SELECT RELEASE_ALL_LOCKS()",
        "KILL 1",
        "SELECT * FROM alteration_state",
        "DELETE FROM `ALTERATION_LEDGER`",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "USE mysql",
        "CALL p()",
        "LOCK TABLES t READ",
        "PREPARE s FROM 'COMMIT'",
        "DROP DATABASE app",
        "CREATE OR REPLACE DATABASE app",
        "SET ROLE NONE",
        "SET PASSWORD = ''",
        "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW DELETE FROM alteration_history",
        "RENAME TABLE t TO alteration_lease",
        "SELECT LOAD_FILE('/etc/passwd')",
    ];
    for mode in [HookMode::Transaction, HookMode::Journaled] {
        let (_database, mut connection) = hook(mode).await;
        for sql in everywhere {
            let error = fails(&mut connection, sql, vec![]).await;
            assert_eq!(error.kind, ErrorKind::Denied, "{mode:?}: {sql}: {error}");
            // The refusal is the runner's: the server has not even seen it.
            assert_eq!(error.sqlstate, None, "{mode:?}: {sql}: {error}");
        }
        assert!(connection.is_in_transaction().await.expect("asks"));
        for table in ["alteration_state", "Alteration_History"] {
            let error = connection.open_writer(table, &["id".to_owned()]).await;
            assert_eq!(error.expect_err(table).kind, ErrorKind::Denied);
        }
    }
    let (_database, mut connection) = hook(HookMode::Transaction).await;
    for sql in ["CREATE TABLE t (a int)", "TRUNCATE t", "ANALYZE TABLE t"] {
        assert_eq!(fails(&mut connection, sql, vec![]).await.kind, ErrorKind::Denied, "{sql}");
    }
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    for sql in ["SET @x = (SELECT 1)", "SELECT 1 INTO @x", "CREATE TEMPORARY TABLE t (a int)"] {
        assert_eq!(fails(&mut connection, sql, vec![]).await.kind, ErrorKind::Denied, "{sql}");
    }
}

/// What the tokenizer does not know about is seen when it has happened.
#[tokio::test]
async fn pinned_settings_cannot_be_moved_in_any_spelling() {
    for sql in [
        "SET character_set_results = latin1",
        "SET NAMES latin1",
        "SET @@local.sql_select_limit = 1",
        "SET completion_type := 'RELEASE'",
        "SET sql_big_selects = 0",
    ] {
        let (_database, mut connection) = hook(HookMode::Journaled).await;
        let error = fails(&mut connection, sql, vec![]).await;
        assert_eq!(error.kind, ErrorKind::Denied, "{sql}: {error}");
    }
}

#[tokio::test]
async fn settings_end_with_their_hook() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    let probe = "SELECT @@foreign_key_checks, @@group_concat_max_len, @@sql_safe_updates,
        @@collation_connection, @@max_statement_time";
    let before = rows(&mut connection, probe).await;
    for sql in [
        "SET foreign_key_checks = 0, group_concat_max_len = 17",
        "SET SESSION sql_safe_updates = 1",
        "SET collation_connection = utf8mb4_bin",
        "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
        "SET max_statement_time = 50",
    ] {
        execute(&mut connection, sql).await;
    }
    assert_ne!(rows(&mut connection, probe).await, before);
    one_by_one::Steps::leave_hook(&mut connection).await.expect("leaves");
    assert_eq!(rows(&mut connection, probe).await, before);
    execute(&mut connection, "SET foreign_key_checks = 0").await;
    connection.rollback().await.expect("rolls back");
    assert_eq!(rows(&mut connection, probe).await, before);
}

#[tokio::test]
async fn a_cursor_is_a_snapshot() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    execute(&mut connection, "CREATE TABLE t (x int)").await;
    execute(&mut connection, "INSERT INTO t VALUES (1), (2), (3)").await;
    let sql = "SELECT x, x AS x FROM t WHERE x > ? ORDER BY x DESC";
    let (cursor, columns) =
        connection.open_cursor(sql, vec![Value::Int64(1)]).await.expect("opens");
    assert_eq!(columns.len(), 2);
    execute(&mut connection, "UPDATE t SET x = x + 100").await;
    execute(&mut connection, "DROP TABLE t").await;
    let one = ResultLimit { rows_max: 1, ..PLENTY };
    for n in [3, 2] {
        let rows = connection.fetch(cursor, one).await.expect("reads");
        assert_eq!(rows, [[Value::Int64(n), Value::Int64(n)]]);
    }
    assert!(connection.fetch(cursor, one).await.expect("reads").is_empty());
    connection.close_cursor(cursor).await.expect("closes");
    assert!(connection.fetch(cursor, one).await.is_err());
    execute(&mut connection, "CREATE TABLE t (x int)").await;
    for sql in ["DELETE FROM nowhere", "INSERT INTO t VALUES (1) RETURNING x", "SELECT 1; SELECT 2"]
    {
        assert!(connection.open_cursor(sql, vec![]).await.is_err(), "{sql}");
    }
    let (shown, _) = connection.open_cursor("SHOW TABLES", vec![]).await.expect("opens");
    assert_eq!(connection.fetch(shown, PLENTY).await.expect("reads"), [[text("t")]]);
}

#[tokio::test]
async fn a_query_stops_at_its_limit_and_the_rollback_ends_the_rest() {
    let (_database, mut connection) = hook(HookMode::Transaction).await;
    let endless = "SELECT a.column_name FROM information_schema.columns a,
        information_schema.columns b, information_schema.columns c";
    let limit = ResultLimit { rows_max: 10, ..PLENTY };
    let error = connection.query(endless, vec![], limit).await.expect_err("too many");
    assert_eq!(error.kind, ErrorKind::Limit);
    connection.rollback().await.expect("rolls back");
    connection.begin().await.expect("begins");
    assert_eq!(rows(&mut connection, "SELECT 1").await, [[Value::Int64(1)]]);
}

#[tokio::test]
async fn a_writer_takes_any_number_of_rows() {
    let (database, mut connection) = hook(HookMode::Transaction).await;
    database.sql("CREATE TABLE `od``d` (a int, `b c` varchar(9))");
    let columns = ["b c".to_owned(), "a".to_owned()];
    let writer = connection.open_writer("od`d", &columns).await.expect("opens");
    for start in [0, 700, 1_400] {
        let batch = (start..start + 700).map(|n| vec![text("x"), Value::Int64(n)]).collect();
        connection.write(writer, batch).await.expect("writes");
    }
    connection.finish_writer(writer).await.expect("finishes");
    assert!(connection.write(writer, vec![]).await.is_err(), "it is finished");
    let found = rows(&mut connection, "SELECT count(*), sum(a) FROM `od``d`").await;
    let sum = Value::Decimal((0..2_100).sum::<i64>().to_string());
    assert_eq!(found, [[Value::Int64(2_100), sum]]);
    for (table, column) in [("nowhere", "a"), ("od`d", "nothing"), ("od`d` (a) SELECT 1 -- ", "a")]
    {
        assert!(connection.open_writer(table, &[column.to_owned()]).await.is_err(), "{table}");
    }
}

/// Programs of the server, which hold semicolons, and statements that cannot be prepared.
#[tokio::test]
async fn scripts_are_walked() {
    let sql = "CREATE TABLE t (x text);
        -- a ; in a comment
        INSERT INTO t VALUES ('a;b');
        CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.x = 'g'; END;
        CREATE PROCEDURE p() BEGIN DECLARE n int; SET n = 1; END;
        CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 5;
        CREATE VIEW w AS SELECT f() AS five, x FROM t;
        INSERT INTO t VALUES ('h');
        ANALYZE TABLE t;
        OPTIMIZE TABLE t;";
    let script = crate::session::Script::new(sql).expect("no NUL");
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    let (mut start, mut statements) = (0, 0);
    while let Some(length) = connection.statement_length(&script, start).await.expect("walks") {
        execute(&mut connection, &sql[start..start + length]).await;
        statements += 1;
        start += length;
    }
    assert_eq!(statements, 9);
    let found = rows(&mut connection, "SELECT five, x FROM w ORDER BY x").await;
    assert_eq!(found, [[Value::Int64(5), text("a;b")], [Value::Int64(5), text("g")]]);
}

#[tokio::test]
async fn a_statement_has_its_time() {
    let (_database, mut connection) = hook(HookMode::Transaction).await;
    let short = HookSettings {
        level: Level::Guarded,
        statement_time: Some(Duration::from_millis(50)),
        ..settings(HookMode::Transaction)
    };
    one_by_one::Steps::enter_hook(&mut connection, short).await.expect("enters");
    let error = fails(&mut connection, "SELECT SLEEP(600)", vec![]).await;
    assert_eq!(error.kind, ErrorKind::Limit, "{error}");
    connection.rollback().await.expect("rolls back");
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    let set = rows(&mut connection, "SELECT @@max_statement_time").await;
    assert_eq!(set, [[Value::Float64(0.0)]]);
}

/// A statement that is kept prepared has the columns of its time, also where no row tells them.
#[tokio::test]
async fn the_same_text_reads_what_a_change_left() {
    let (_database, mut connection) = hook(HookMode::Journaled).await;
    let table = [
        ("CREATE TABLE t (a int)", &["a"][..]),
        ("ALTER TABLE t ADD b varchar(9) FIRST", &["b", "a"][..]),
        ("ALTER TABLE t DROP b, MODIFY a varchar(9)", &["a"][..]),
    ];
    for (change, expected) in table {
        execute(&mut connection, change).await;
        for _ in 0..2 {
            let read = connection.query("SELECT * FROM t", vec![], PLENTY).await.expect(change);
            let columns: Vec<&str> = read.columns.iter().map(|c| c.name.as_str()).collect();
            assert_eq!(columns, expected, "{change}");
        }
    }
}

/// A hook may have any number of different statements.
#[tokio::test]
async fn only_so_many_are_kept_prepared() {
    let server = Mariadb::own();
    let database = server.database();
    let mut connection = open(&database).await;
    connection.enter(settings(HookMode::Transaction)).await.expect("enters");
    for number in 0..600 {
        let found = rows(&mut connection, &format!("SELECT {number} AS n")).await;
        assert_eq!(found, [[Value::Int64(number)]]);
    }
    let kept = "SELECT variable_value FROM information_schema.global_status
        WHERE variable_name = 'Prepared_stmt_count'";
    let kept: usize = database.rows(kept)[0].parse().expect("a number");
    assert!(kept < super::super::wire::KEPT_STATEMENTS_MAX, "{kept}");
}
