//! Where the runner's tables are: found wherever they are, never made a second time, and never somebody else's.

use crate::{
    polite::told,
    support::{Sandbox, servers::Postgres, servers::USER},
};

/// Two alterations; the second makes a schema that is called like the role, which comes first from then on.
fn moving() -> Sandbox {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql_plugin(
        "acme/app",
        &[
            (
                "1.0.0-1-a",
                "CREATE TABLE public.pay (n int); INSERT INTO public.pay VALUES (1);",
                "",
            ),
            (
                "1.0.0-2-b",
                &format!("CREATE SCHEMA \"{USER}\"; INSERT INTO public.pay VALUES (2);"),
                &format!("DROP SCHEMA \"{USER}\"; DELETE FROM public.pay WHERE n = 2;"),
            ),
        ],
    );
    sandbox
}

const LEDGERS: &str =
    "SELECT schemaname FROM pg_tables WHERE tablename = 'alteration_ledger' ORDER BY 1";

#[test]
fn a_current_schema_that_moves_makes_no_second_set() {
    let sandbox = moving();
    sandbox.ok(&["deploy", "plugins"]);
    for verb in ["check", "deploy", "plan", "status"] {
        let args = [verb, "plugins"];
        told(&sandbox, &args, 4, &["are in the schema public", "--state-schema public"]);
    }
    told(&sandbox, &["rollback", "--steps", "1"], 4, &["--state-schema public"]);
    assert_eq!(sandbox.server().rows(LEDGERS), ["public"]);
    told(&sandbox, &["check", "plugins", "--state-schema", "public"], 0, &[]);
    told(&sandbox, &["deploy", "plugins", "--state-schema", "public"], 0, &["is up to date"]);
    assert_eq!(sandbox.server().rows("SELECT count(*) FROM public.pay"), ["2"]);
    // What is taken back was made where it stands, and with it goes what moved the current schema.
    told(
        &sandbox,
        &["rollback", "--steps", "1", "--state-schema", "public"],
        0,
        &["Rolled back 1"],
    );
    told(&sandbox, &["check", "plugins"], 3, &["1.0.0-2-b"]);
}

/// Whoever made the database set a path that begins with a schema which the first file makes.
#[test]
fn a_path_of_the_database_that_comes_true_later() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let server = sandbox.server();
    server.sql(&format!("ALTER DATABASE {} SET search_path = app, public", server.name()));
    let up = "CREATE SCHEMA app; CREATE TABLE app.pay (n int); INSERT INTO app.pay VALUES (1);";
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", up, "")]);
    sandbox.ok(&["deploy", "plugins"]);
    told(&sandbox, &["deploy", "plugins"], 4, &["--state-schema public"]);
    assert_eq!(server.rows("SELECT count(*) FROM app.pay"), ["1"]);
}

/// Two applications in one database, or a schema for each tenant: a place that is named is used as it is.
#[test]
fn places_that_are_named_stand_beside_each_other() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", "CREATE TABLE t (n int);", "DROP TABLE t;")]);
    sandbox.server().sql("CREATE SCHEMA one; CREATE SCHEMA two; CREATE SCHEMA three");
    let url = |schema: &str| format!("{}?search_path={schema}", sandbox.url());
    told(&sandbox, &["deploy", "plugins", "--database", &url("one")], 0, &["Applied 1"]);
    // The same plugin again, for another tenant: only when that is meant.
    let (two, three) = (url("two"), url("three"));
    let again = ["deploy", "plugins", "--database", &two];
    let refused = told(
        &sandbox,
        &again,
        4,
        &["those in the schema one have acme/app applied", "--new-state"],
    );
    assert!(refused.stderr.contains("nothing was altered"), "{refused:#?}");
    assert_eq!(sandbox.server().rows(LEDGERS), ["one"]);
    told(&sandbox, &[&again[..], &["--new-state"]].concat(), 0, &["Applied 1"]);
    told(&sandbox, &again, 0, &["is up to date"]);
    let named = ["deploy", "plugins", "--database", &three, "--state-schema", "one"];
    told(&sandbox, &named, 0, &["is up to date"]);
    assert_eq!(sandbox.server().rows(LEDGERS), ["one", "two"]);
    // Nothing is named, and there are several.
    told(
        &sandbox,
        &["status"],
        4,
        &["in several schemas: one, two", "`runner status --state-schema one`"],
    );
    let status = told(&sandbox, &["status", "--state-schema", "three"], 0, &[]);
    assert_eq!(
        status
            .stdout
            .lines()
            .next()
            .map(|line| line.contains("in the schema three of postgres://")),
        Some(true),
        "{status:#?}"
    );
}

/// Whoever may create a schema could put tables there that look like the runner's.
#[test]
fn tables_of_others_are_not_read() {
    let sandbox = moving();
    let server = sandbox.server();
    let other = format!("other_{}", server.name());
    server.admin_sql(&format!(
        "CREATE ROLE {other}; CREATE SCHEMA trap AUTHORIZATION {other};
         CREATE TABLE trap.alteration_ledger (one int); ALTER TABLE trap.alteration_ledger OWNER TO {other};"
    ));
    let note = ["in the schema trap belong to the role", "were not read"];
    told(&sandbox, &["check", "plugins"], 3, &note);
    told(&sandbox, &["status"], 0, &["Nothing was deployed yet in the schema public", note[0]]);
    told(&sandbox, &["deploy", "plugins", "--target", "acme/app@1.0.0"], 0, &["Applied 2"]);
    // In front of everything else, it stops what would be made there, and is not taken for the runner's.
    let url = format!("{}?options=-csearch_path%3Dtrap", sandbox.url());
    let status = sandbox.runner(&["status", "--database", &url]);
    assert_ne!(status.code, Some(0), "{status:#?}");
    let second = Sandbox::on(Postgres::shared().database());
    second.sql_plugin("acme/app", &[("1.0.0-1-a", "SELECT 1;", "")]);
    second.server().admin_sql(&format!(
        "CREATE TABLE public.alteration_ledger (one int); ALTER TABLE public.alteration_ledger OWNER TO {other};"
    ));
    for verb in ["deploy", "check"] {
        told(
            &second,
            &[verb, "plugins"],
            4,
            &["of which this user is not a member", "--state-schema"],
        );
    }
    for database in [second.server(), server] {
        database.admin_sql(&format!("DROP OWNED BY {other} CASCADE;"));
    }
    server.admin_sql(&format!("DROP ROLE {other};"));
}

/// What a role, a database or a server says of time would end sessions that wait for a guest or a compiler.
#[test]
fn sessions_are_not_ended_while_they_wait() {
    let sandbox = Sandbox::on(Postgres::shared_of(18).database());
    let server = sandbox.server();
    for setting in [
        "idle_session_timeout = '300ms'",
        "transaction_timeout = '300ms'",
        "statement_timeout = '300ms'",
        "synchronous_commit = off",
    ] {
        server.sql(&format!("ALTER DATABASE {} SET {setting}", server.name()));
    }
    let slow = "CREATE TABLE t (n int); SELECT pg_sleep(0.4);";
    sandbox.sql_plugin(
        "acme/app",
        &[("1.0.0-1-a", slow, "DROP TABLE t;"), ("1.0.0-2-b", "SELECT pg_sleep(0.4);", "")],
    );
    told(&sandbox, &["deploy", "plugins"], 0, &["Applied 2"]);
    told(&sandbox, &["test", "plugins"], 0, &["passed"]);
}

/// What holds for every run stands in a file.
#[test]
fn runner_toml_names_the_place() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", "CREATE TABLE t (n int);", "DROP TABLE t;")]);
    sandbox.write("runner.toml", "state_schema = \"records\"\n");
    told(&sandbox, &["deploy", "plugins"], 0, &["Applied 1"]);
    assert_eq!(sandbox.server().rows(LEDGERS), ["records"]);
    for verb in ["check", "status", "plan"] {
        told(&sandbox, &[verb, "plugins"], 0, &[]);
    }
    // A flag wins over it.
    told(&sandbox, &["status", "--state-schema", "public"], 0, &["Nothing was deployed yet"]);
    sandbox.write("other.toml", "state_schema = \"nowhere\"\n");
    let other = ["status", "--config", "other.toml"];
    told(&sandbox, &other, 0, &["Nothing was deployed yet in the schema nowhere"]);
    told(&sandbox, &["rollback", "--steps", "1"], 0, &["Rolled back 1"]);
}
