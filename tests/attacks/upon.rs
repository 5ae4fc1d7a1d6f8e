//! PostgreSQL: what the application made upon a confined plugin's objects, and the plugin's next alteration.

use crate::support::{Run, Sandbox, finish, servers::Postgres};

/// A database in which evil/x has made `first`, and the application `theirs` upon that.
fn sandbox(server: &Postgres, first: &str, theirs: &str) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(
        "ALTER ROLE runner CREATEROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner",
    );
    sandbox.sql_plugin("evil/x", &[("1.0.0-1-a", first, "SELECT 1;")]);
    let run = deploy(&sandbox);
    assert_eq!(run.code, Some(0), "{run:#?}");
    sandbox.server().admin_sql(&format!("SET ROLE runner; {theirs}"));
    sandbox
}

fn deploy(sandbox: &Sandbox) -> Run {
    finish(sandbox.command(&["deploy", "plugins", "--yes"]).env_remove("RUNNER_GUARD"))
}

/// Deploys one more alteration of evil/x.
fn next(sandbox: &Sandbox, up: &str) -> Run {
    sandbox.write("sources/evil/next/1.0.0-2-b.up.sql", up);
    let pack = ["pack", "sources/evil/next", "--plugin", "evil/x", "--out", "plugins/evil/x"];
    sandbox.ok(&[&pack[..], &["--replace"]].concat());
    deploy(sandbox)
}

#[test]
fn a_domain_of_the_applications_columns_gets_no_check_that_takes_their_values() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let first =
        "CREATE DOMAIN short AS text; CREATE DOMAIN shorter AS short; CREATE DOMAIN mine AS text;
        CREATE TABLE own (m mine); CREATE TABLE loot (x text);";
    let theirs = "CREATE TABLE notes (s shorter); INSERT INTO notes VALUES ('s3cr3t-needle')";
    let sandbox = sandbox(&server, first, theirs);
    let note = "CREATE FUNCTION note(t text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO loot VALUES (t); RETURN true; END';";
    let run = next(
        &sandbox,
        &format!("{note} ALTER DOMAIN short ADD CONSTRAINT noted CHECK (note(VALUE));"),
    );
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("the domain short"), "{run:#?}");
    assert!(sandbox.server().rows("SELECT x FROM loot").is_empty());
    // One that only its own columns have, it may change.
    let own = next(&sandbox, &format!("{note} ALTER DOMAIN mine ADD CHECK (note(VALUE));"));
    assert_eq!(own.code, Some(0), "{own:#?}");
}
