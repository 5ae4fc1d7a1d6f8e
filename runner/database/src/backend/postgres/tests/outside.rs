//! Statements outside of transactions, what is left of killed ones, and what became of them.

use super::*;
use crate::{backend::connection::Verdict, session::ErrorKind};

async fn journaled(database: &Database) -> PostgresConnection {
    let mut connection = connect(database.url()).await;
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    connection.commit().await.expect("commits");
    connection
}

fn table() -> Database {
    let database = Postgres::shared().database();
    database.sql("CREATE TABLE t AS SELECT n, n % 10 AS m FROM generate_series(1, 1000) n");
    database
}

const INDEXES: &str =
    "SELECT relname || ' ' || indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
     WHERE indrelid = 't'::regclass ORDER BY 1";

#[tokio::test]
async fn an_index_is_made_and_verified() {
    let database = table();
    let mut connection = journaled(&database).await;
    let sql = "CREATE INDEX CONCURRENTLY i ON t (n)";
    let before = connection.fingerprint(sql).await.expect("looks");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
    connection.execute_outside(sql, "m1").await.expect("runs");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::Done);
    assert_eq!(database.rows(INDEXES), ["i true"]);
    let sql = "DROP INDEX CONCURRENTLY i";
    let before = connection.fingerprint(sql).await.expect("looks");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
    connection.execute_outside(sql, "m1").await.expect("runs");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::Done);
}

#[tokio::test]
async fn an_invalid_index_is_removed() {
    let database = table();
    database.sql("CREATE INDEX other ON t (n)");
    let mut connection = journaled(&database).await;
    for sql in
        ["CREATE UNIQUE INDEX CONCURRENTLY u ON t (m)", "CREATE UNIQUE INDEX CONCURRENTLY ON t (m)"]
    {
        let before = connection.fingerprint(sql).await.expect("looks");
        let error = connection.execute_outside(sql, "m2").await.expect_err("not unique");
        assert_eq!(error.kind, ErrorKind::Constraint);
        assert_eq!(database.rows(INDEXES).len(), 2, "an invalid one stays behind");
        assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
        assert_eq!(database.rows(INDEXES), ["other true"]);
    }
    let sql = "REINDEX TABLE CONCURRENTLY t";
    let before = connection.fingerprint(sql).await.expect("looks");
    connection.execute_outside(sql, "m2").await.expect("runs");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
    assert_eq!(database.rows(INDEXES), ["other true"]);
}

#[tokio::test]
async fn a_detached_partition_is_seen() {
    let database = Postgres::shared().database();
    database.sql("CREATE TABLE p (x integer) PARTITION BY LIST (x)");
    database.sql("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)");
    let mut connection = journaled(&database).await;
    let sql = "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY";
    let before = connection.fingerprint(sql).await.expect("looks");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
    connection.execute_outside(sql, "m3").await.expect("runs");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::Done);
}

#[tokio::test]
async fn what_the_catalogue_cannot_tell_is_unknown() {
    let database = table();
    let mut connection = journaled(&database).await;
    for (sql, expected) in [
        ("CREATE DATABASE d", Verdict::Unknown),
        ("VACUUM t", Verdict::NotDone),
        ("ANALYZE", Verdict::NotDone),
    ] {
        let before = connection.fingerprint(sql).await.expect("looks");
        assert_eq!(connection.verify(sql, &before).await.expect("looks"), expected, "{sql}");
    }
    assert_eq!(connection.verify("VACUUM", "no JSON").await.expect("looks"), Verdict::Unknown);
}

#[tokio::test]
async fn outside_is_guarded_too() {
    let database = table();
    let mut connection = journaled(&database).await;
    for sql in ["COMMIT", "SELECT 1; SELECT 2", "DROP TABLE alteration_state", "BEGIN"] {
        assert!(connection.execute_outside(sql, "m").await.is_err(), "{sql}");
    }
    let sql = ";; SELECT nothing";
    let error = connection.execute_outside(sql, "m").await.unwrap_err();
    assert_eq!(error.offset, sql.find("nothing"));
    connection.begin().await.expect("begins");
    assert!(connection.execute_outside("VACUUM", "m").await.is_err(), "a transaction is open");
}

/// As in a transaction: what was hidden from every look at its text is seen in the tables.
#[tokio::test]
async fn a_segment_leaves_the_runners_tables_alone() {
    let (database, mut connection) = claimed().await;
    connection.rollback().await.expect("rolls back");
    let journaled = settings(HookMode::Journaled);
    let deferred = "CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            EXECUTE convert_from('\\x44454c4554452046524f4d20616c746572617469', 'UTF8') || 'on_state';
            RETURN NULL; END $$;";
    database.sql("CREATE TABLE t (x integer)");
    database.sql(deferred);
    let trigger = "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION forge()";
    database.sql(trigger);
    for (is_first, sql) in [
        (true, hidden("DELETE FROM alteration_state")),
        (false, hidden("UPDATE alteration_state SET status = 'applied'")),
        (false, hidden("INSERT INTO alteration_state VALUES (2, 'applied')")),
        (false, hidden("ALTER TABLE alteration_state ADD COLUMN forged integer")),
        (false, "INSERT INTO t VALUES (1)".to_owned()),
    ] {
        connection.enter(journaled).await.expect("enters");
        if !is_first {
            run(&mut connection, "CREATE TABLE one (x integer)").await;
            connection.run_sql("UPDATE @ledger SET revision = revision", &[]).await.expect("own");
            connection.commit().await.expect("an honest segment is committed");
            connection.begin().await.expect("begins");
            connection.run_sql("UPDATE @ledger SET revision = revision", &[]).await.expect("own");
        }
        run(&mut connection, &sql).await;
        let error = connection.commit().await.expect_err(&sql);
        assert!(error.to_string().contains("one of the runner's tables"), "{sql}: {error}");
        connection.rollback().await.expect("rolls back");
        assert_eq!(
            database.rows("SELECT id || status FROM alteration_state"),
            ["1applied"],
            "{sql}"
        );
        if !is_first {
            database.sql("DROP TABLE one");
        }
    }
}

/// What commits by itself is looked at too: an index's expression can run anything.
#[tokio::test]
async fn what_runs_outside_leaves_the_runners_tables_alone() {
    let (database, mut connection) = claimed().await;
    connection.rollback().await.expect("rolls back");
    database.sql("CREATE TABLE t AS SELECT 1 AS x");
    database.sql(
        "CREATE FUNCTION g(x integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
            EXECUTE 'DELETE FROM public.alter' || 'ation_state'; RETURN x; END $$",
    );
    database.sql(
        "CREATE FUNCTION f(x integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
            PERFORM public.g(x); RETURN x; END $$",
    );
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    connection.commit().await.expect("commits");
    connection
        .execute_outside("CREATE INDEX CONCURRENTLY honest ON t (x)", "m")
        .await
        .expect("runs");
    let forging = "CREATE INDEX CONCURRENTLY forging ON t (f(x))";
    let error = connection.execute_outside(forging, "m").await.expect_err("it is seen");
    assert!(error.message.contains("one of the runner's tables"), "{error}");
}

/// In the encoding that a hook set, the last byte of a letter would swallow the sign behind it.
#[tokio::test]
async fn no_encoding_breaks_what_is_recorded() {
    let (database, mut connection) = claimed().await;
    run(&mut connection, &hidden("SET client_encoding = 'SJIS'")).await;
    let text = "Ã\\'::text) || (''; DELETE FROM alteration_state; --\u{1f30d}";
    let update = "UPDATE @state SET status = ?";
    connection.run_sql(update, &[Cell::text(text)]).await.expect("updates");
    connection.commit().await.expect("commits");
    assert_eq!(database.rows("SELECT status FROM alteration_state"), [text]);
}

/// The record of a statement that commits is written in the hook's own transaction.
#[tokio::test]
async fn an_own_statement_looks_at_what_the_hook_did_before_it() {
    let (_database, mut connection) = claimed().await;
    connection.rollback().await.expect("rolls back");
    connection.enter(settings(HookMode::Journaled)).await.expect("enters");
    run(&mut connection, &hidden("DELETE FROM alteration_state")).await;
    let own = connection.run_sql("UPDATE @ledger SET revision = revision", &[]).await;
    let error = own.expect_err("looks");
    assert!(error.to_string().contains("one of the runner's tables"), "{error}");
}

/// A runner is killed; its server session goes on, and is ended before anything is resumed.
#[tokio::test]
async fn orphans_are_ended() {
    let database = table();
    let mut connection = journaled(&database).await;
    let mut blocker = connect(database.url()).await;
    enter(&mut blocker).await;
    run(&mut blocker, "INSERT INTO t VALUES (0, 0)").await;
    let sql = "CREATE INDEX CONCURRENTLY i ON t (n)";
    let mut killed = journaled(&database).await;
    let before = connection.fingerprint(sql).await.expect("looks");
    // It waits for the open transaction; the process that asked for it is gone meanwhile.
    let begun =
        tokio::time::timeout(Duration::from_millis(500), killed.execute_outside(sql, "o-1"));
    assert!(begun.await.is_err());
    let running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* runner:o-1 */%'
        AND state = 'active'";
    assert_eq!(database.rows(running), ["1"]);
    drop(killed);
    connection.end_orphans("o-2").await.expect("others are left alone");
    assert_eq!(database.rows(running), ["1"]);
    connection.end_orphans("o-1").await.expect("ends it");
    assert_eq!(database.rows(running), ["0"]);
    blocker.rollback().await.expect("rolls back");
    assert_eq!(database.rows(INDEXES), ["i false"]);
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::NotDone);
    assert_eq!(database.rows(INDEXES).len(), 0);
    connection.execute_outside(sql, "o-1").await.expect("runs again");
    assert_eq!(connection.verify(sql, &before).await.expect("looks"), Verdict::Done);
}

/// Code that commits has no transaction around it that could be taken back.
#[tokio::test]
async fn code_that_commits_leaves_the_runners_tables_alone() {
    let (database, mut connection) = claimed().await;
    connection.rollback().await.expect("rolls back");
    database.sql("CREATE TABLE t (x integer)");
    let brief =
        HookSettings { lock_wait: Duration::from_millis(200), ..settings(HookMode::Journaled) };
    for forged in [
        "DELETE FROM alteration_state",
        "ALTER TABLE alteration_state ADD COLUMN forged integer",
        "LOCK TABLE alteration_ledger; UPDATE alteration_ledger SET revision = 9",
    ] {
        connection.enter(brief).await.expect("enters");
        connection.commit().await.expect("commits");
        let hidden = crate::backend::postgres::text::hex(forged.as_bytes());
        let sql = format!(
            "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; EXECUTE convert_from('{hidden}', 'UTF8'); END $$"
        );
        let error = connection.execute_outside(&sql, "m").await.expect_err(forged);
        assert_eq!(error.sqlstate.as_deref(), Some("55P03"), "{forged}: {error}");
        let verdict = connection.verify(&sql, "{\"indexes\":[],\"partitions\":[]}").await;
        assert_eq!(verdict.expect("looks"), Verdict::Unknown, "a part of it is committed");
        connection.rollback().await.expect("rolls back");
    }
    assert_eq!(database.rows("SELECT id || status FROM alteration_state"), ["1applied"]);
    assert_eq!(database.rows("SELECT revision FROM alteration_ledger"), ["1"]);
}

#[tokio::test]
async fn what_code_committed_is_known_where_it_failed() {
    let database = table();
    database.sql("CREATE PROCEDURE half() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (0, 0); COMMIT; PERFORM 1 / 0; END $$");
    let mut connection = journaled(&database).await;
    for (sql, runs, verdict) in [
        ("CALL half()", false, Verdict::Unknown),
        ("CALL nothing()", false, Verdict::NotDone),
        ("DO $$ BEGIN DELETE FROM t; PERFORM 1 / 0; COMMIT; END $$", false, Verdict::NotDone),
        ("DO $$ BEGIN COMMIT; PERFORM 1 / 0; END $$", false, Verdict::Unknown),
        ("DO $$ BEGIN INSERT INTO t VALUES (0, 0); COMMIT; END $$", true, Verdict::Unknown),
    ] {
        let before = connection.fingerprint(sql).await.expect("looks");
        let ran = connection.execute_outside(sql, "m").await;
        assert_eq!(ran.is_ok(), runs, "{sql}: {ran:?}");
        assert_eq!(connection.verify(sql, &before).await.expect("looks"), verdict, "{sql}");
    }
    assert_eq!(database.rows("SELECT count(*) FROM t WHERE n = 0"), ["2"]);
}

/// A trusted plugin's hook may be somebody else from one statement to the next; the runner never is.
#[tokio::test]
async fn a_role_holds_for_the_hooks_statements_alone() {
    let (database, mut connection) = claimed().await;
    connection.rollback().await.expect("rolls back");
    let role = format!("{}_owner", database.rows("SELECT current_database()")[0]);
    database.admin_sql(&format!(
        "CREATE ROLE \"{role}\"; GRANT \"{role}\" TO runner; GRANT CREATE ON SCHEMA public TO \"{role}\""
    ));
    for set in ["SET ROLE", "SET SESSION ROLE"] {
        let trusted = HookSettings { level: Level::Trusted, ..settings(HookMode::Journaled) };
        connection.enter(trusted).await.expect("enters");
        run(&mut connection, &format!("{set} \"{role}\"")).await;
        run(&mut connection, "CREATE TABLE a ()").await;
        for table in ["b", "c"] {
            connection
                .run_sql("UPDATE @ledger SET revision = revision", &[])
                .await
                .expect("the role may not, the operator may");
            connection.commit().await.expect("commits");
            connection.begin().await.expect("begins");
            connection.run_sql("UPDATE @ledger SET revision = revision", &[]).await.expect("own");
            run(&mut connection, &format!("CREATE TABLE {table} ()")).await;
        }
        connection.commit().await.expect("commits");
        let sql = "DO $$ BEGIN CREATE TABLE d (); COMMIT; END $$";
        connection.execute_outside(sql, "m").await.expect("runs");
        connection.begin().await.expect("begins");
        let record = vec![Own::run("UPDATE @state SET status = 'applied'", [])];
        connection.end_hook(record).await.expect("as the operator");
        let owners = "SELECT tablename || ' ' || (tableowner = current_database() || '_owner')
            FROM pg_tables WHERE schemaname = 'public' AND length(tablename) = 1 ORDER BY 1";
        assert_eq!(database.rows(owners), ["a true", "b true", "c true", "d true"], "{set}");
        database.admin_sql("DROP TABLE a, b, c, d");
        connection.enter(settings(HookMode::Transaction)).await.expect("enters");
        run(&mut connection, "CREATE TABLE e ()").await;
        connection.end_hook(vec![]).await.expect("commits");
        assert_eq!(database.rows(owners), ["e false"], "{set}: the role ended with its hook");
        database.sql("DROP TABLE e");
    }
    database.admin_sql(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\""));
}
