//! Scripts: what goes to the server together, and which statement it was that failed.

use super::*;
use crate::session::{ErrorKind, FailedInScript, Outcome, Script};
use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

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
        ("SELECT $1::int", "SELECT $1", ErrorKind::Conversion),
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

#[tokio::test]
async fn a_lost_connection_is_at_no_statement() {
    let (database, mut connection) = hook().await;
    let pid = connection.link.pid.expect("it is known");
    let kill = hidden(&format!("SELECT pg_terminate_backend({pid})"));
    run(
        &mut connection,
        &kill.replace("DO $$", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$"),
    )
    .await;
    let sql = "CREATE TABLE t (x integer); CREATE TABLE u (x integer); SELECT f(); DROP TABLE t";
    let (_, ran) = script(&mut connection, sql).await;
    let failed = ran.expect_err("the session is gone");
    assert_eq!(failed.error.kind, ErrorKind::Disconnected, "{failed:?}");
    assert!(failed.error.message.contains("or one of the 1 behind it"), "{failed:?}");
    drop(database);
}

#[tokio::test]
async fn one_by_one_where_that_is_asked_for() {
    let database = Postgres::shared().database();
    let options = ConnectOptions { one_by_one: true, ..options(Access::Create) };
    let mut connection = connect_with(database.url(), &options).await.expect("connects");
    enter(&mut connection).await;
    let (told, ran) = script(&mut connection, "CREATE TABLE t (x text); DROP TABLE t").await;
    ran.expect("runs");
    assert_eq!(told.len(), 2);
    assert_eq!(last_message(&database, &connection).trim(), "DROP TABLE t");
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

/// However texts, quotes and comments stand beside each other, the server sees the statements that were seen here.
#[tokio::test]
async fn scripts_by_chance() {
    const TEXTS: [(&str, &str); 14] = [
        ("'it''s'", "it's"),
        ("$$a'b$$", "a'b"),
        ("$x$ $$ $y$ $x$", " $$ $y$ "),
        ("E'a\\'b'", "a'b"),
        ("U&'d!0061t' UESCAPE '!'", "dat"),
        ("'a'\n  'b'", "ab"),
        ("'/* c'", "/* c"),
        ("'-- d'", "-- d"),
        ("';'", ";"),
        ("'\u{e9}'", "\u{e9}"),
        ("B'101'::text", "101"),
        ("'x' /* y /* z */ ' */ || 'y'", "xy"),
        ("(2 -- ' two\n -1)::text", "1"),
        ("(SELECT \"a\"\"'\" FROM (SELECT 'q' AS \"a\"\"'\") AS t)", "q"),
    ];
    const BETWEEN: [&str; 7] =
        ["", " ", "\n-- c'\n", "/* $$ */", "/* /* \" */ */ ", "-- ;\n", ";;"];
    let (_database, mut connection) = hook().await;
    run(&mut connection, "CREATE TABLE said (n serial, x text)").await;
    let mut chance = ChaCha20Rng::seed_from_u64(23);
    let mut pick = |bound: usize| chance.next_u32() as usize % bound;
    for _ in 0..150 {
        let (mut sql, mut expected) = (String::new(), Vec::new());
        for _ in 0..=pick(12) {
            let (written, meant) = TEXTS[pick(TEXTS.len())];
            let [before, inside] = [0, 1].map(|_| BETWEEN[pick(BETWEEN.len())]);
            let inside = if inside.contains(';') { "" } else { inside };
            sql.push_str(&format!(
                "{before}INSERT INTO said (x){inside} VALUES ({written}){inside};"
            ));
            expected.push(vec![text(meant)]);
        }
        let (told, ran) = script(&mut connection, &sql).await;
        ran.expect(&sql);
        assert_eq!(told.len(), expected.len(), "{sql}");
        assert!(told.iter().all(|(_, rows)| *rows == 1), "{sql}");
        let said = rows(&mut connection, "DELETE FROM said RETURNING x, n").await;
        let said: Vec<Row> = said.into_iter().map(|row| row[..1].to_vec()).collect();
        assert_eq!(said, expected, "{sql}");
    }
}
