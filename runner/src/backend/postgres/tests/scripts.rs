//! Scripts: what goes to the server together, and which statement it was that failed.

use super::*;
use crate::session::{ErrorKind, FailedInScript, Outcome, Script};

/// What was told of each statement, and how the script ended.
async fn script(
    connection: &mut PostgresConnection,
    sql: &str,
) -> (Vec<(String, u64)>, Result<(), FailedInScript>) {
    let mut told = Vec::new();
    let mut done = |sql: &str, outcome: Outcome| told.push((sql.to_owned(), outcome.rows_affected));
    let script = Script::new(sql).expect("no NUL");
    let ran = connection.execute_script(&script, &mut done).await;
    (told, ran)
}

/// The text of the last message that the server got on this connection.
fn last_message(database: &Database, connection: &PostgresConnection) -> String {
    let pid = connection.link.pid.expect("it is known");
    database.rows(&format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}")).join("\n")
}

#[tokio::test]
async fn statements_go_together_and_are_told_one_by_one() {
    let (database, mut connection) = hook().await;
    let sql = "CREATE TABLE t (x text);\n ;; -- two\n INSERT INTO t VALUES ('a'), ('it''s');\n\
        UPDATE t SET x = $$b$$; SELECT 1; DELETE FROM t WHERE x = 'b'";
    let (told, ran) = script(&mut connection, sql).await;
    ran.expect("runs");
    let counts: Vec<u64> = told.iter().map(|(_, rows)| *rows).collect();
    assert_eq!(counts, [0, 2, 2, 0, 2]);
    assert_eq!(told[1].0, ";; -- two\n INSERT INTO t VALUES ('a'), ('it''s');");
    let message = last_message(&database, &connection);
    assert!(message.contains("CREATE TABLE") && message.contains("DELETE"), "{message}");
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_goes_by_itself() {
    let (database, mut connection) = hook().await;
    for alone in [
        "INSERT INTO t VALUES ('a;b')",
        "INSERT INTO t VALUES ('a\\')",
        "INSERT INTO t VALUES ('\u{e9}')",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END",
    ] {
        let sql = format!("CREATE TABLE t (x text); SELECT 1; {alone}; DROP TABLE t; SELECT 2");
        let (told, ran) = script(&mut connection, &sql).await;
        ran.expect(alone);
        assert_eq!(told.len(), 5, "{alone}");
        let message = last_message(&database, &connection);
        assert!(message.trim_start().starts_with("DROP TABLE t"), "{message}");
    }
}

#[tokio::test]
async fn the_statement_that_failed_is_named() {
    let before = "CREATE TABLE t (x integer); INSERT INTO t VALUES (1);\n";
    for (failing, place, kind) in [
        ("/* c */ SELECT nothing FROM t", "nothing", ErrorKind::Other),
        // The server reads it before it runs anything.
        ("SELECT FROM WHERE", "WHERE", ErrorKind::Syntax),
        // No position comes with it: then where the statement begins.
        (
            "-- c\n INSERT INTO t SELECT 1 / (x - 1) FROM t",
            "INSERT INTO t SELECT",
            ErrorKind::Conversion,
        ),
        ("COMMIT", "COMMIT", ErrorKind::Denied),
        ("SELECT 'open", "'open", ErrorKind::Syntax),
    ] {
        let (database, mut connection) = hook().await;
        let sql = format!("{before}{failing}; DROP TABLE t");
        let (_, ran) = script(&mut connection, &sql).await;
        let FailedInScript { before, error } = ran.expect_err(failing);
        let offset = sql.find(place);
        assert_eq!((before, error.kind, error.offset), (2, kind, offset), "{failing}: {error}");
        connection.rollback().await.expect("rolls back");
        assert!(database.rows("SELECT 1 FROM pg_class WHERE relname = 't'").is_empty());
    }
}

/// Where a hook changed how literals are read, a text that hides a COMMIT from the tokenizer does not get to run it.
#[tokio::test]
async fn a_changed_reading_ends_no_transaction() {
    let (database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE t (x text)").await;
    run(&mut connection, &hidden("SET standard_conforming_strings = off")).await;
    let sql = "SELECT 1; INSERT INTO t VALUES ('\\'); SELECT ' ); COMMIT; --'; SELECT 2";
    let (_, ran) = script(&mut connection, sql).await;
    let failed = ran.expect_err("the server sees several statements");
    assert_eq!(failed.before, 1, "{failed:?}");
    connection.rollback().await.expect("rolls back");
    assert!(database.rows("SELECT 1 FROM pg_class WHERE relname = 't'").is_empty());
}
