//! Which level a plugin has on PostgreSQL where nothing is said of it: confined, and never less in silence.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Client, PASSWORD, Postgres},
};
use std::{
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

const TABLES: &str = "SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";

/// A sandbox on a database whose owner may make roles if `makes_roles`.
fn sandbox(server: &Postgres, makes_roles: bool) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    let may = if makes_roles { "CREATEROLE" } else { "NOCREATEROLE" };
    sandbox.server().admin_sql(&format!(
        "ALTER ROLE runner {may}; ALTER ROLE postgres PASSWORD 's3cret'; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner"
    ));
    sandbox.sql_plugin(
        "acme/shop",
        &[("1.0.0-1-orders", "CREATE TABLE orders (id integer);", "DROP TABLE orders;")],
    );
    sandbox
}

/// Runs as an operator does who says nothing of levels.
fn unsaid(sandbox: &Sandbox, args: &[&str]) -> Run {
    finish(sandbox.command(args).env_remove("RUNNER_GUARD"))
}

fn owner(sandbox: &Sandbox) -> Vec<String> {
    sandbox.server().rows("SELECT relowner::regrole::text LIKE 'runner\\_acme\\_%' FROM pg_class WHERE relname = 'orders'")
}

#[test]
fn a_new_plugin_is_confined_with_an_owners_and_a_superusers_url() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    for user in ["runner", "postgres"] {
        let sandbox = sandbox(&server, true);
        let url = sandbox.url().replace("//runner:", &format!("//{user}:"));
        let run = unsaid(&sandbox, &["deploy", "plugins", "--yes", "--database", &url]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains("; confined)"), "{run:#?}");
        assert_eq!(owner(&sandbox), ["t"], "{user}");
        let back = unsaid(&sandbox, &["rollback", "--steps", "1", "--yes", "--database", &url]);
        assert_eq!(back.code, Some(0), "{back:#?}");
        assert!(owner(&sandbox).is_empty(), "{user}");
    }
}

#[test]
fn where_it_cannot_be_confined_nothing_runs_and_the_way_out_is_named() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, false);
    let run = unsaid(&sandbox, &["deploy", "plugins", "--yes"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    for said in [
        "acme/shop cannot be confined",
        "may not make roles",
        "CREATE ROLE runner_keeper",
        "--guard",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    assert!(sandbox.server().rows(TABLES).is_empty());
    // By name it runs with the rights of the URL's user.
    let guarded = unsaid(&sandbox, &["deploy", "plugins", "--yes", "--guard", "acme/shop"]);
    assert_eq!(guarded.code, Some(0), "{guarded:#?}");
    assert_eq!(owner(&sandbox), ["f"]);
}

#[test]
fn a_plugin_with_records_keeps_its_level_and_the_plan_says_so() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, false);
    sandbox.ok(&["deploy", "plugins", "--yes", "--guard", "acme/shop"]);
    sandbox.sql_plugin(
        "acme/shop",
        &[
            ("1.0.0-1-orders", "CREATE TABLE orders (id integer);", "DROP TABLE orders;"),
            ("1.0.0-2-more", "ALTER TABLE orders ADD COLUMN x integer;", ""),
        ],
    );
    let plan = unsaid(&sandbox, &["plan", "plugins"]);
    assert!(plan.stdout.contains("acme/shop is not confined"), "{plan:#?}");
    let said = unsaid(&sandbox, &["plan", "plugins", "--guard", "acme/shop"]);
    assert!(!said.stdout.contains("not confined"), "{said:#?}");
    let status = unsaid(&sandbox, &["status"]);
    assert!(status.stderr.contains("acme/shop is not confined"), "{status:#?}");
    let run = unsaid(&sandbox, &["deploy", "plugins", "--yes"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(owner(&sandbox), ["f"]);
}

#[test]
fn a_hook_outside_of_a_transaction_has_no_more_rights() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, true);
    sandbox.write(
        "sources/acme/index/1.0.0-9-index.before-up.sql",
        "CREATE INDEX CONCURRENTLY i ON orders (id);",
    );
    sandbox.write("sources/acme/index/1.0.0-9-index.up.sql", "SELECT 1;");
    sandbox.write(
        "sources/acme/index/alteration.toml",
        "plugin = \"acme/index\"\n[requires]\n\"acme/shop\" = \"*\"\n",
    );
    sandbox.ok(&["pack", "sources/acme/index", "--out", "plugins/acme/index"]);
    let run = unsaid(&sandbox, &["deploy", "plugins", "--yes"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("must be owner of table orders"), "{run:#?}");
    let states = "SELECT concat_ws(' ', plugin, status) FROM alteration_state ORDER BY 1";
    assert_eq!(sandbox.rows(states), ["acme/index failed", "acme/shop applied"]);
    assert!(sandbox.rows("SELECT 1 FROM pg_class WHERE relname = 'i'").is_empty(), "{run:#?}");

    // Nothing can be lent for such a hook.
    sandbox.write(
        "sources/acme/index/alteration.toml",
        "plugin = \"acme/index\"\n[requires]\n\"acme/shop\" = \"*\"\n[permissions]\nalters = [\"acme/shop:orders\"]\n",
    );
    sandbox.ok(&["pack", "sources/acme/index", "--out", "plugins/acme/index", "--replace"]);
    let grant = "acme/index:alters acme/shop:orders";
    let run = unsaid(&sandbox, &["deploy", "plugins", "--yes", "--grant", grant]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("where no table can be lent"), "{run:#?}");
    assert_eq!(sandbox.rows(states), ["acme/index failed", "acme/shop applied"]);
}

#[test]
fn a_renamed_plugin_keeps_its_role_and_its_level() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, true);
    assert_eq!(unsaid(&sandbox, &["deploy", "plugins", "--yes"]).code, Some(0));
    let role = sandbox.server().rows("SELECT role FROM alteration_role");
    for (name, table) in [("1.0.0-1-orders", "orders"), ("1.0.0-2-b", "more")] {
        let up = format!("CREATE TABLE {table} (id integer);");
        sandbox.write(&format!("sources/new/{name}.up.sql"), up);
        sandbox.write(&format!("sources/new/{name}.down.sql"), format!("DROP TABLE {table};"));
    }
    let renamed = "plugin = 'acme/store'\nreplaces = 'acme/shop'\n";
    sandbox.write("sources/new/alteration.toml", renamed);
    sandbox.ok(&["pack", "sources/new", "--out", "plugins/acme/store"]);
    std::fs::remove_dir_all(sandbox.path().join("plugins/acme/shop")).expect("its folder");
    let accept = ["deploy", "plugins", "--yes", "--accept-rename", "acme/shop=acme/store"];
    let run = unsaid(&sandbox, &accept);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let found = sandbox.server().rows("SELECT concat_ws(' ', plugin, role) FROM alteration_role");
    assert_eq!(found, [format!("acme/store {}", role[0])]);
    let owner = "SELECT relowner::regrole FROM pg_class WHERE relname = 'more'";
    assert_eq!(sandbox.server().rows(owner), role);
}

#[test]
fn a_role_that_a_killed_run_left_open_is_shut_by_one_with_nothing_to_do() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, true);
    assert_eq!(unsaid(&sandbox, &["deploy", "plugins", "--yes"]).code, Some(0));
    let open =
        "SELECT rolcanlogin FROM pg_roles WHERE rolname IN (SELECT role FROM alteration_role)";
    assert_eq!(sandbox.server().rows(open), ["f"]);
    sandbox.server().admin_sql(
        "DO $$ BEGIN EXECUTE format('ALTER ROLE %I LOGIN PASSWORD ''x''', (SELECT role FROM alteration_role)); END $$",
    );
    assert_eq!(sandbox.server().rows(open), ["t"]);
    let again = unsaid(&sandbox, &["deploy", "plugins"]);
    assert_eq!(again.code, Some(0), "{again:#?}");
    assert_eq!(sandbox.server().rows(open), ["f"]);
}

/// A session of a program that calls itself so and works as the URL's user.
fn session(server: &Postgres, database: &str, name: &str) -> Child {
    let Client::Postgres { programs, .. } = server.client() else { panic!("a PostgreSQL server") };
    let mut psql = Command::new(programs.join("psql"));
    let port = server.port().to_string();
    psql.args(["-X", "-h", "127.0.0.1", "-p", &port, "-U", "runner", "-d", database])
        .args(["-c", "SELECT pg_sleep(600)"])
        .env("PGAPPNAME", name)
        .env("PGPASSWORD", PASSWORD);
    psql.spawn().expect("psql starts")
}

#[test]
fn an_application_with_the_rights_of_the_urls_user_is_told_of() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, true);
    let database = sandbox.server().name();
    let alone = unsaid(&sandbox, &["plan", "plugins"]);
    assert!(!alone.stdout.contains("with your rights"), "{alone:#?}");
    // A person's own client is none.
    let mut sessions = ["web", "psql"].map(|name| session(&server, database, name));
    let here = "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('web', 'psql') AND query LIKE '%sleep(600)%'
        AND pid <> pg_backend_pid()";
    while sandbox.server().rows(here) != ["2"] {
        sleep(Duration::from_millis(20));
    }
    let plan = unsaid(&sandbox, &["plan", "plugins", "--format", "json"]);
    let text = unsaid(&sandbox, &["plan", "plugins"]);
    let deploy = unsaid(&sandbox, &["deploy", "plugins", "--yes"]);
    for session in &mut sessions {
        session.kill().expect("it is there");
        session.wait().expect("it ends");
    }
    assert_eq!((plan.code, deploy.code), (Some(0), Some(0)), "{plan:#?} {deploy:#?}");
    assert!(plan.stdout.contains("\"kind\": \"shared-user\""), "{plan:#?}");
    let said = "another session works as runner in this database (web), with your rights";
    assert!(text.stdout.contains(said), "{text:#?}");
    assert!(deploy.stderr.contains(said), "{deploy:#?}");
}
