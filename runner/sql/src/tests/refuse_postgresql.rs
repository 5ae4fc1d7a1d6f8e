//! What is refused on PostgreSQL, and the runner's own tables everywhere.

use super::*;

const PLACES: [Place; 2] = [Place::Transaction, Place::Journaled];

fn check(sql: &str, place: Place, expected: &str) {
    let reason = refusal(&one(sql, Postgresql), place, Level::Guarded).unwrap_or_default();
    if expected.is_empty() {
        assert_eq!(reason, "", "{place:?}: {sql}");
    } else {
        assert!(reason.contains(expected), "{place:?}: {sql}: {reason:?}");
    }
}

#[test]
fn in_both_places() {
    let table = [
        ("BEGIN", "BEGIN is refused: transactions are the host's"),
        ("start transaction read only", "START TRANSACTION"),
        ("/* a */ COMMIT", "COMMIT"),
        ("COMMIT AND CHAIN", "COMMIT"),
        ("COMMIT PREPARED 'x'", "COMMIT"),
        ("-- a\rCOMMIT", "COMMIT"),
        (";COMMIT;", "COMMIT"),
        ("/* /* */ SELECT 1 */ ROLLBACK", "ROLLBACK"),
        ("End Work", "END"),
        ("ABORT", "ABORT"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("RELEASE a", "RELEASE"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
        ("PREPARE a AS SELECT 1", "PREPARE"),
        ("EXECUTE a", "EXECUTE"),
        ("EXPLAIN (ANALYZE) EXECUTE a", "EXECUTE"),
        ("CREATE TEMP TABLE t AS EXECUTE a", "EXECUTE"),
        ("EXPLAIN ANALYZE CREATE TABLE t (a) AS EXECUTE a", "EXECUTE"),
        ("DEALLOCATE ALL", "DEALLOCATE"),
        ("DISCARD ALL", "DISCARD"),
        ("LISTEN a", "LISTEN"),
        ("COPY t FROM PROGRAM 'x'", "use the bulk-writer"),
        ("LOAD 'x'", "LOAD"),
        ("DECLARE a CURSOR FOR SELECT 1", "use open-cursor"),
        ("FETCH a", "use open-cursor"),
        ("CHECKPOINT", "CHECKPOINT"),
        ("ALTER SYSTEM SET a = 1", "ALTER SYSTEM"),
        ("DROP OWNED BY CURRENT_USER", "DROP OWNED"),
        ("SET TRANSACTION READ ONLY", "SET TRANSACTION"),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS"),
        ("SET ROLE a", "SET ROLE"),
        ("SET LOCAL ROLE a", "SET ROLE"),
        ("SET SESSION ROLE a", "SET ROLE"),
        ("SET \"role\" = a", "setting role"),
        ("SET U&\"\\0072ole\" = a", "setting role"),
        ("SET SESSION AUTHORIZATION a", "SET SESSION AUTHORIZATION"),
        ("SET LOCAL SESSION AUTHORIZATION a", "SET SESSION AUTHORIZATION"),
        ("SET SESSION SESSION AUTHORIZATION a", "SET SESSION AUTHORIZATION"),
        ("RESET ROLE", "RESET ROLE"),
        ("RESET SESSION AUTHORIZATION", "RESET SESSION AUTHORIZATION"),
        ("RESET ALL", "RESET ALL"),
        ("SET Standard_Conforming_Strings TO off", "setting standard_conforming_strings"),
        ("RESET standard_conforming_strings", "setting standard_conforming_strings"),
        ("SET client_encoding = 'SJIS'", "setting client_encoding"),
        ("SET NAMES 'SJIS'", "setting client_encoding"),
        ("SET default_transaction_isolation = 'serializable'", "default_transaction_isolation"),
        ("SET transaction_read_only = on", "transaction_read_only"),
        ("SET synchronous_commit = off", "synchronous_commit"),
        ("RESET client_connection_check_interval", "the session of a runner that is gone"),
        ("SET track_counts = off", "what a hook did"),
        ("SELECT set_config('role', 'a', false)", "setting role"),
        ("SELECT pg_catalog.\"set_config\" ( E'r\\x6fle', 'a', false)", "setting role"),
        ("SELECT set_config('ro' || 'le', 'a', false)", "has to be written out"),
        ("SELECT set_config($1, 'a', false)", "has to be written out"),
        ("UPDATE pg_catalog.pg_settings SET setting = 'a'", "pg_settings"),
        ("DO $$ BEGIN UPDATE pg_settings SET setting = 'a'; END $$", "pg_settings"),
        ("UPDATE ONLY (\"pg_settings\") AS s SET setting = 'a'", "pg_settings"),
        ("CREATE RULE r AS ON INSERT TO t DO UPDATE pg_settings SET setting = 'a'", "pg_settings"),
        ("ALTER ROLE a SET role = b", "SET ROLE"),
        ("ALTER DATABASE a SET standard_conforming_strings = off", "standard_conforming_strings"),
        ("CREATE FUNCTION f() RETURNS int SET role = a RETURN 1", "SET ROLE"),
        ("DO $$ BEGIN SET role = a; END $$", "SET ROLE"),
        ("DO 'BEGIN IF true THEN SET ROLE a; END IF; END'", "SET ROLE"),
        ("DO $$ BEGIN EXECUTE 'SET ROLE a'; END $$", "SET ROLE"),
        ("DO $$ BEGIN PERFORM set_config('role', 'a', true); END $$", "setting role"),
        ("DO $$ BEGIN COPY t TO PROGRAM 'x'; END $$", "COPY"),
        ("SELECT pg_advisory_unlock_all()", "pg_advisory_unlock_all"),
        ("SELECT \"pg_advisory_unlock\"(1)", "pg_advisory_unlock"),
        ("DO $$ BEGIN PERFORM pg_advisory_unlock(1); END $$", "pg_advisory_unlock"),
        ("SELECT pg_terminate_backend(1)", "pg_terminate_backend"),
        ("SELECT lo_import('/x')", "lo_import"),
        ("UPDATE db.pg_catalog.pg_settings SET setting = 'a'", "pg_settings"),
        ("SELECT U&\"set!005fconfig\" UESCAPE '!' ('role', 'a', false)", "setting role"),
        (
            "CREATE MATERIALIZED VIEW mv AS SELECT 1 AS y FROM (SELECT 1) a JOIN (SELECT 1) b ON pg_cancel_backend(999999)",
            "pg_cancel_backend",
        ),
        (
            "CREATE TABLE x AS SELECT 1 AS y FROM (SELECT 1) a JOIN (SELECT 1) b ON pg_terminate_backend(pg_backend_pid())",
            "pg_terminate_backend",
        ),
        (
            "CREATE TABLE x AS SELECT 1 FROM a JOIN b ON pg_advisory_unlock_all() IS NOT NULL",
            "pg_advisory_unlock_all",
        ),
        ("CREATE VIEW v AS SELECT 1 FROM a JOIN a b ON lo_export(1, '/x') IS NULL", "lo_export"),
        ("SELECT * FROM dblink_exec('x', 'COMMIT')", "dblink_exec"),
        (
            "CREATE FUNCTION f(int) RETURNS bool AS 'pg_cancel_backend' LANGUAGE internal",
            "internal",
        ),
        ("CREATE FUNCTION f(int) RETURNS bool AS 'x', 'y' LANGUAGE 'C'", "LANGUAGE c"),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; COMMIT; END", "COMMIT"),
    ];
    for (sql, expected) in table {
        for place in PLACES {
            check(sql, place, expected);
        }
    }
}

#[test]
fn in_journaled_hooks() {
    for (sql, expected) in [
        ("CREATE TEMP TABLE t (a int)", "temporary table"),
        ("CREATE LOCAL TEMPORARY TABLE t (a int)", "temporary table"),
        ("SELECT 1 INTO TEMP t", "temporary table"),
        ("SELECT pg_try_advisory_lock(1)", "pg_try_advisory_lock"),
    ] {
        check(sql, Place::Journaled, expected);
        check(sql, Place::Transaction, "");
    }
}

#[test]
fn ordinary_statements_may_run() {
    for sql in [
        "SELECT 1",
        "CREATE TABLE t (role text, \"commit\" int, state text)",
        "UPDATE t SET role = 'admin', session_authorization = 1",
        "INSERT INTO t (role) VALUES ('SET ROLE a') ON CONFLICT (role) DO UPDATE SET role = 'b'",
        "SET LOCAL lock_timeout = '1s'",
        "SET search_path = a, b",
        "SET TIME ZONE 'UTC'",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET session_replication_role = replica",
        "SET my.role = 'a'",
        "SELECT setting FROM pg_settings",
        "SET standard_conforming_strings = on",
        "SET client_encoding = 'UTF8'",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "NOTIFY a",
        "LOCK TABLE t",
        "CALL p()",
        "TRUNCATE t",
        "GRANT SELECT ON t TO a",
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "CREATE TABLE t AS SELECT 1 AS execute",
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE t SET role = 'a'; RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE FUNCTION f() RETURNS int SET search_path = a BEGIN ATOMIC UPDATE t SET role = 'a'; RETURN 1; END",
        "CREATE RULE r AS ON INSERT TO t DO (INSERT INTO u VALUES (1); NOTIFY a;)",
        "CREATE PROCEDURE p() AS $$ BEGIN COMMIT; END $$ LANGUAGE plpgsql",
        "DO $$ BEGIN IF true THEN PERFORM pg_advisory_xact_lock(1); END IF; END $$",
        "SELECT 'COMMIT; pg_advisory_unlock(1)'",
        "COMMENT ON TABLE t IS 'uses dblink'",
        "SET transaction_timeout = 0",
        "SET transaction_timeout TO '5min'",
        "CREATE TABLE dblinks (dblink int)",
        "INSERT INTO pg_ls_notes (lo_import) VALUES ('dblink_exec()')",
        "CREATE VIEW v AS SELECT * FROM pg_settings",
        "CREATE FUNCTION f() RETURNS text AS $$ SELECT setting FROM pg_settings $$ LANGUAGE sql",
        "UPDATE t SET x = (SELECT setting FROM pg_settings WHERE name = 'role')",
    ] {
        for place in PLACES {
            check(sql, place, "");
        }
    }
}

#[test]
fn own_tables_are_not_named_anywhere() {
    let everywhere = [
        "SELECT * FROM alteration_state",
        "DELETE FROM x.Alteration_History",
        "DROP TABLE a, \"alteration_run\"",
        "ALTER TABLE t RENAME TO ALTERATION_LEASE",
        "SELECT f(' drop table x.alteration_journal ')",
        "CREATE VIEW v AS SELECT 1 FROM alteration_archive",
        "SELECT * FROM \"alterat\u{130}on_\u{17f}tate\"",
        "REINDEX alteration_state_pkey",
    ];
    let some: [(&[Dialect], &str); 17] = [
        (&[Mysql, Mariadb], "SELECT 'alteration_ledger'"),
        (&[Postgresql], "SELECT 'alteration_state'::regclass"),
        (&[Postgresql], "SELECT 1 FROM U&\"\\0061lteration_state\""),
        (&[Postgresql], "SELECT f(U&'!0061lteration_state' UESCAPE '!')"),
        (&[Postgresql], "SELECT E'alteration\\137state'::regclass, 1"),
        (&[Postgresql], "SELECT f(E'alteration\\u005fstate'), 1"),
        (&[Postgresql], "SELECT f('alteration_'\n'state')"),
        (&[Postgresql], "DO $$ BEGIN DELETE FROM alteration_state; END $$"),
        (&[Postgresql], "DO $$ BEGIN EXECUTE 'delete from alteration_state'; END $$"),
        (&[Postgresql], "DO $$ BEGIN EXECUTE $x$ delete from \"alteration_state\" $x$; END $$"),
        (&[Postgresql], "DO $$ it's alteration_state $$"),
        (
            &[Postgresql],
            "CREATE FUNCTION f() RETURNS int AS 'delete from alteration_state' LANGUAGE sql",
        ),
        (
            &[Postgresql],
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM alteration_state; END",
        ),
        (&[Postgresql], "ALTER SEQUENCE alteration_history_id_seq RESTART"),
        (&[Mysql, Mariadb], "SELECT * FROM `alteration_state`"),
        (&[Mysql, Mariadb], "SELECT \"alteration\\_state\", 'alteration_' 'run'"),
        (
            &[Mysql, Mariadb],
            "CREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW BEGIN DELETE FROM alteration_state; END",
        ),
    ];
    // SQLite's authorizer sees the tables themselves, in texts that show them or not.
    let everywhere = everywhere.map(|sql| (&[Postgresql, Mysql, Mariadb][..], sql));
    for (dialects, sql) in everywhere.into_iter().chain(some) {
        for dialect in dialects {
            for place in PLACES {
                let reason =
                    refusal(&one(sql, *dialect), place, Level::Guarded).unwrap_or_default();
                assert!(reason.contains("names the runner's table"), "{dialect}: {sql}: {reason}");
            }
        }
    }
    for sql in [
        "SELECT 1 -- alteration_state",
        "SELECT my_alteration_state, alteration_states, alteration_state_machine, alteration_notes FROM t",
        "SELECT 'alteration_statement'",
        "SELECT 'alteration', 'state'",
    ] {
        for dialect in DIALECTS {
            assert_eq!(
                refusal(&one(sql, dialect), Place::Journaled, Level::Guarded),
                None,
                "{dialect}: {sql}"
            );
        }
    }
}

#[test]
fn trusted_plugins_say_who_they_are() {
    let table = [
        "SET ROLE a",
        "SET LOCAL ROLE a",
        "RESET ROLE",
        "SET SESSION AUTHORIZATION a",
        "SELECT set_config('role', 'a', false)",
        "DO $$ BEGIN SET ROLE a; EXECUTE 'RESET ROLE'; END $$",
        "ALTER SYSTEM SET work_mem = '8MB'",
        "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
    ];
    for sql in table {
        for place in PLACES {
            let of = |level| refusal(&one(sql, Postgresql), place, level);
            assert_eq!(of(Level::Trusted), None, "{sql}");
            assert!(of(Level::Guarded).is_some(), "{sql}");
        }
    }
    let advice = refusal(&one("SET ROLE a", Postgresql), Place::Transaction, Level::Guarded);
    let advice = advice.unwrap();
    assert!(advice.contains("?options=-crole%3DNAME") && advice.contains("--trust"), "{advice}");
    for sql in ["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET client_encoding = 'x'"]
    {
        let reason = refusal(&one(sql, Postgresql), Place::Transaction, Level::Trusted);
        assert!(reason.is_some(), "{sql}");
    }
}
