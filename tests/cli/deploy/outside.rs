//! Histories whose files run outside of a transaction, whose dumps set what a dump sets, or who say whom they work as.

use crate::{
    polite::run,
    support::{
        Sandbox,
        servers::{Database, Postgres},
    },
};

const OUT: &str = "plugins/acme/app";

/// Returns what is packed of `files`, in a sandbox on PostgreSQL.
fn packed(database: Database, tool: &str, files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::on(database);
    for (name, text) in files {
        sandbox.write(&format!("history/{name}"), text);
    }
    sandbox.ok(&["pack", "history", "--from", tool, "--plugin", "acme/app", "--out", OUT]);
    sandbox
}

fn refused_by_pack(tool: &str, files: &[(&str, &str)]) -> String {
    let sandbox = Sandbox::new();
    for (name, text) in files {
        sandbox.write(&format!("history/{name}"), text);
    }
    let args = ["pack", "history", "--from", tool, "--plugin", "acme/app", "--out", OUT];
    let run = run(&sandbox, &args);
    assert_ne!(run.code, Some(0), "{run:#?}");
    run.stderr
}

#[test]
fn a_label_is_used_behind_its_making() {
    let body = "CREATE TYPE st AS ENUM ('one');\nCREATE TABLE c (s st DEFAULT 'one');\n\
                ALTER TYPE st ADD VALUE 'two';\nINSERT INTO c VALUES ('two');\n";
    let goose = format!(
        "-- +goose NO TRANSACTION\n-- +goose Up\n{body}-- +goose Down\nDROP TABLE c;\nDROP TYPE st;\n"
    );
    let table: [(&str, &[(&str, &str)]); 2] = [
        ("goose", &[("1_a.sql", &goose)]),
        ("flyway", &[("V1__a.sql", body), ("V1__a.sql.conf", "executeInTransaction=false")]),
    ];
    for (tool, files) in table {
        let sandbox = packed(Postgres::shared().database(), tool, files);
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(sandbox.rows("SELECT s FROM c"), ["two"], "{tool}");
        if tool == "goose" {
            sandbox.ok(&["rollback", "--steps", "1"]);
            assert_eq!(sandbox.rows("SELECT count(*) FROM pg_type WHERE typname = 'st'"), ["0"]);
        }
    }
    // As one message it is one transaction, and the tool itself fails.
    let sqlx = format!("-- no-transaction\n{body}");
    let sandbox = packed(Postgres::shared().database(), "sqlx", &[("1_a.sql", &sqlx)]);
    let failed = run(&sandbox, &["deploy", "plugins"]);
    assert!(failed.stderr.contains("unsafe use of new value"), "{failed:#?}");
    assert!(failed.stderr.contains("nothing"), "{failed:#?}");
    assert_eq!(sandbox.rows("SELECT count(*) FROM pg_type WHERE typname = 'st'"), ["0"]);
}

#[test]
fn procedures_commit_their_batches() {
    let first = "-- +goose Up\nCREATE TABLE big AS SELECT i, false AS d FROM generate_series(1, 100) i;\n\
        -- +goose StatementBegin\nCREATE PROCEDURE fill() LANGUAGE plpgsql AS $$\nBEGIN\n\
        FOR k IN 1..10 LOOP UPDATE big SET d = true WHERE i % 10 = k - 1; COMMIT; END LOOP;\nEND $$;\n\
        -- +goose StatementEnd\n-- +goose Down\nDROP PROCEDURE fill(); DROP TABLE big;\n";
    let call = "-- +goose NO TRANSACTION\n-- +goose Up\nCALL fill();\n";
    let block = "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\n\
        DO $$ BEGIN FOR k IN 1..3 LOOP UPDATE big SET d = false WHERE i = k; COMMIT; END LOOP; END $$;\n\
        -- +goose StatementEnd\nCREATE INDEX CONCURRENTLY a ON big (i);\nVACUUM big;\nREINDEX TABLE CONCURRENTLY big;\n";
    let files = [("1_a.sql", first), ("2_b.sql", call), ("3_c.sql", block)];
    let sandbox = packed(Postgres::shared().database(), "goose", &files);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM big WHERE d"), ["97"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_journal"), ["0"]);
    // A rehearsal cannot take back what commits, and says so.
    let sandbox = packed(Postgres::shared().database(), "goose", &files);
    let rehearsed = run(&sandbox, &["deploy", "plugins", "--dry-run"]);
    let said = format!("{}{}", rehearsed.stdout, rehearsed.stderr);
    assert!(said.contains("CALL fill()"), "{rehearsed:#?}");
}

#[test]
fn files_keep_their_own_transactions() {
    let text = "CREATE TABLE a (n int);\nBEGIN;\nINSERT INTO a VALUES (1);\nCOMMIT;\n\
        INSERT INTO a VALUES (2);\nINSERT INTO a VALUES (3);\n\
        BEGIN ISOLATION LEVEL SERIALIZABLE;\nINSERT INTO a VALUES (4);\nINSERT INTO a VALUES (NULL);\n";
    for end in ["COMMIT;\n", "INSERT INTO nowhere VALUES (1);\nCOMMIT;\n"] {
        let files = [("1_a.up.sql", &*format!("{text}{end}"))];
        // The level comes first in its message.
        let error = refused_by_pack("golang-migrate", &files);
        assert!(error.contains("line 7: `BEGIN ISOLATION LEVEL SERIALIZABLE`"), "{error}");
        let goose = format!("-- +goose Up\n{text}{end}");
        let sandbox = packed(Postgres::shared().database(), "goose", &[("1_a.sql", &goose)]);
        let run = run(&sandbox, &["deploy", "plugins"]);
        let (code, rows) = if end.contains("nowhere") { (1, "3") } else { (0, "5") };
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert_eq!(sandbox.rows("SELECT count(*) FROM a"), [rows], "{run:#?}");
        if code == 1 {
            assert!(
                run.stderr.contains("INSERT INTO a VALUES (3)"),
                "it says what stays: {run:#?}"
            );
        }
    }
}

#[test]
fn what_a_tool_cannot_run_is_refused() {
    let two = "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);\nCREATE INDEX CONCURRENTLY j ON t (y);\n";
    let error = refused_by_pack("sqlx", &[("1_a.sql", two)]);
    assert!(error.contains("1_a.sql: line 2: CREATE INDEX CONCURRENTLY cannot run in a message with other statements, and sqlx sends this as one: move it into a file of its own"), "{error}");
    let inside = [
        ("1_a.sql", "-- +goose Up\nCREATE INDEX CONCURRENTLY i ON t (x);\n"),
        ("alteration.toml", "dialects = [\"postgresql\"]\n"),
    ];
    let error = refused_by_pack("goose", &inside);
    assert!(error.contains("1_a.sql: line 2: CREATE INDEX CONCURRENTLY cannot run in a transaction, and goose opens one for this: write `-- +goose NO TRANSACTION`"), "{error}");
    // Where nobody named the dialect, the deploy is the first to know, and nothing is altered.
    let sandbox = packed(Postgres::shared().database(), "goose", &inside[..1]);
    let before = sandbox.dump();
    let run = run(&sandbox, &["deploy", "plugins"]);
    assert!(
        run.stderr.contains("CREATE INDEX CONCURRENTLY cannot run in a transaction"),
        "{run:#?}"
    );
    assert_eq!(sandbox.dump(), before);
}

#[test]
fn what_each_tool_runs_on_an_old_database_runs_here() {
    const MADE: &str = "CREATE TYPE st AS ENUM ('a');\nCREATE TABLE t (s st, n int PRIMARY KEY);\n\
        CREATE TABLE f (n int REFERENCES t DEFERRABLE INITIALLY DEFERRED);\n";
    const PROCEDURE: &str = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES ('a', 1); COMMIT; \
        INSERT INTO t VALUES ('a', 2); END $$;\n";
    const CALL: &str = "CALL p();\n";
    const BLOCK: &str = "DO $$ BEGIN INSERT INTO t VALUES ('a', 3); COMMIT; END $$;\n";
    const OWN: &str = "BEGIN;\nALTER TYPE st ADD VALUE 'b';\nINSERT INTO t VALUES ('a', 4);\n\
        INSERT INTO f VALUES (4);\nCOMMIT;\nALTER TABLE f ADD x int;\nINSERT INTO t VALUES ('b', 5);\n";
    const ADDED: &str = "ALTER TYPE st ADD VALUE 'c';\nINSERT INTO t VALUES ('c', 6);\n";
    let texts = [format!("{MADE}{PROCEDURE}"), CALL.to_owned(), BLOCK.to_owned(), OWN.to_owned()];
    let golang = ["1_a.up.sql", "2_b.up.sql", "3_c.up.sql", "4_d.up.sql", "5_e.up.sql"];
    let postgrator = ["1.do.sql", "2.do.sql", "3.do.sql", "4.do.sql", "5.do.sql"];
    let shmig = ["1-a.sql", "2-b.sql", "3-c.sql", "4-d.sql", "5-e.sql"];
    let rambler = ["1_a.sql", "2_b.sql", "3_c.sql", "4_d.sql", "5_e.sql"];
    let table = [
        ("golang-migrate", golang, "", Some(ADDED)),
        ("postgrator", postgrator, "", None),
        ("shmig", shmig, "-- ====  UP  ====\n", Some(ADDED)),
        ("rambler", rambler, "-- rambler up\n", None),
    ];
    for (tool, names, mark, more) in table {
        let texts: Vec<_> = texts.iter().map(String::as_str).chain(more).collect();
        let texts: Vec<_> = texts.iter().map(|text| format!("{mark}{text}")).collect();
        let files: Vec<_> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
        let sandbox = packed(Postgres::shared().database(), tool, &files);
        sandbox.ok(&["deploy", "plugins"]);
        let rows = sandbox.rows("SELECT s || n::text FROM t ORDER BY n");
        let expected = ["a1", "a2", "a3", "a4", "b5", "c6"];
        assert_eq!(rows, expected[..if more.is_some() { 6 } else { 5 }], "{tool}");
        assert_eq!(sandbox.rows("SELECT n, x IS NULL FROM f").len(), 1, "{tool}");
        assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_journal"), ["0"], "{tool}");
    }
    let error = refused_by_pack("postgrator", &[("1.do.a.sql", ADDED)]);
    assert!(error.contains("1.do.a.sql: line 2: `c` is used in the transaction that adds it to the type st, which PostgreSQL refuses: move it into a file of its own"), "{error}");
}

/// The preamble and the end of a dump, as each pg_dump writes them.
fn dump(major: u32, body: &str) -> String {
    let timeout = if major >= 17 { "SET transaction_timeout = 0;\n" } else { "" };
    format!(
        "--\n-- PostgreSQL database dump\n--\n\n\\restrict h1g9UD4KTxGg8ufhSzuIgyqVgms86ke9YH5HJ4XQmhMQfIncL6mtCFWktEpcTAf\n\n\
         SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n{timeout}\
         SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\
         SELECT pg_catalog.set_config('search_path', '', false);\nSET check_function_bodies = false;\n\
         SET xmloption = content;\nSET client_min_messages = warning;\nSET row_security = off;\n\n\
         SET default_tablespace = '';\nSET default_table_access_method = heap;\n\n{body}\n\
         --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict h1g9UD4KTxGg8ufhSzuIgyqVgms86ke9YH5HJ4XQmhMQfIncL6mtCFWktEpcTAf\n"
    )
}

#[test]
fn dumps_are_taken_as_they_are() {
    let body = "CREATE TABLE public.t (id integer NOT NULL);\n\
        COMMENT ON TABLE public.t IS 'beside alteration_state, no dblink';\n\
        CREATE TABLE public.dblinks (id integer, alteration_state text DEFAULT 'alteration_run'::text);\n\
        CREATE VIEW public.settings AS SELECT pg_settings.name FROM pg_settings;\n\
        INSERT INTO public.dblinks VALUES (1, 'alteration_journal');\n\
        ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n";
    for major in [15, 18] {
        let text = dump(major, body);
        let database = Postgres::shared_of(major).database();
        let sandbox = packed(database, "golang-migrate", &[("1_a.up.sql", &text)]);
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(sandbox.rows("SELECT alteration_state FROM dblinks"), ["alteration_journal"]);
    }
    // One that was made by the server's own program.
    let source = Postgres::shared().database();
    source.sql("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE a (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, m mood, j jsonb);
        CREATE SEQUENCE s; CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS $$ SELECT x + 1 $$; GRANT SELECT ON a TO PUBLIC;
        INSERT INTO a (m, j) VALUES ('ok', '{\"a\": \"it''s; \\\\ x\"}'); COMMENT ON TABLE a IS 'alteration_ledger';
        CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM pg_settings; CREATE VIEW v AS SELECT setting FROM pg_settings;");
    let text = source.pg_dump(&["--inserts"]);
    let sandbox = packed(Postgres::shared().database(), "golang-migrate", &[("1_a.up.sql", &text)]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT j ->> 'a' FROM a"), ["it's; \\ x"]);
    let other = "\\connect x\nCREATE TABLE t ();\n";
    let error = refused_by_pack("golang-migrate", &[("1_a.up.sql", other)]);
    assert!(error.contains("1_a.up.sql: line 1") && error.contains("psql"), "{error}");
}

#[test]
fn whom_a_history_works_as_is_the_operators_to_say() {
    let database = Postgres::shared().database();
    let (role, user) = (format!("{}_owner", database.name()), "runner");
    database.admin_sql(&format!(
        "CREATE ROLE {role}; GRANT {role} TO {user}; GRANT CREATE, USAGE ON SCHEMA public TO {role};"
    ));
    let first = format!("SET ROLE {role};\nCREATE TABLE t (id int);\nRESET ROLE;\n");
    let second = format!(
        "SET ROLE {role};\nCREATE TABLE u (id int);\nCREATE INDEX CONCURRENTLY ui ON u (id);\n\
         DO $$ BEGIN INSERT INTO u VALUES (1); COMMIT; END $$;\nCREATE TABLE w AS SELECT current_user AS who;\n"
    );
    let third = "CREATE TABLE x AS SELECT current_user AS who;\n";
    let files = [
        ("1_a.up.sql", &*first),
        ("1_a.down.sql", "DROP TABLE t;\n"),
        ("2_b.up.sql", &second),
        ("3_c.up.sql", third),
    ];
    let sandbox = packed(database, "golang-migrate", &files);
    let before = sandbox.dump();
    for verb in ["plan", "deploy"] {
        let refused = run(&sandbox, &[verb, "plugins"]);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        for told in ["SET ROLE is refused", "?options=-crole%3DNAME", "trusted = true", "--trust"] {
            assert!(said.contains(told), "{told}: {refused:#?}");
        }
        assert_eq!(sandbox.dump(), before);
    }
    sandbox.ok(&["deploy", "plugins", "--trust", "acme/app"]);
    assert_eq!(sandbox.rows("SELECT who FROM w"), [&*role]);
    assert_eq!(sandbox.rows("SELECT who FROM x"), [user], "the role ends with its hook");
    let owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename IN ('t', 'u', 'w')";
    assert_eq!(sandbox.rows(owners), [&*role]);
    let records = "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 'alteration%'";
    assert_eq!(sandbox.rows(records), [user]);
    sandbox.server().admin_sql(&format!("DROP OWNED BY {role}; DROP ROLE {role};"));
}
