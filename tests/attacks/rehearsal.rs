//! Dry runs of confined plugins on PostgreSQL: they run as in a deploy, and nothing of it stays.

use crate::support::{Run, Sandbox, finish, servers::Postgres};

/// Roles, rights on schemas, and what the runner has.
const LEFT: &str = "SELECT concat_ws(' ', 'role', rolname, rolcanlogin, rolpassword IS NOT NULL) FROM pg_authid
    UNION ALL SELECT concat_ws(' ', 'schema', nspname, nspacl) FROM pg_namespace WHERE nspname = 'public' AND nspacl::text ~ 'runner_.*C'
    UNION ALL SELECT concat_ws(' ', 'default', defaclrole::regrole) FROM pg_default_acl
    UNION ALL SELECT concat_ws(' ', 'relation', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'function', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'session', usename) FROM pg_stat_activity WHERE usename ~ '^runner_' ORDER BY 1";
const TICKETS: &str = "SELECT concat_ws(' ', (SELECT count(*) FROM alteration_ticket), (SELECT count(*) FROM alteration_ending),
    (SELECT count(*) FROM alteration_right), (SELECT count(*) FROM alteration_state), (SELECT revision FROM alteration_ledger))";

const ORDERS: &str =
    "CREATE TABLE orders (id integer PRIMARY KEY); INSERT INTO orders VALUES (1), (2);
    CREATE FUNCTION orders_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders';";
const MORE: &str =
    "DO $$ BEGIN IF orders_count() <> 2 THEN RAISE 'not the first one''s rows'; END IF; END $$;
    ALTER TABLE orders ADD COLUMN note text; INSERT INTO orders VALUES (3, 'x');";

fn sandbox(server: &Postgres, makes_roles: bool) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    let may = if makes_roles { "CREATEROLE" } else { "NOCREATEROLE" };
    sandbox.server().admin_sql(&format!(
        "ALTER ROLE runner {may}; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; \
         SET ROLE runner; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO postgres"
    ));
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-orders", ORDERS, ""), ("1.0.0-2-more", MORE, "")]);
    sandbox
}

fn dry_run(sandbox: &Sandbox) -> Run {
    finish(&mut sandbox.command(&["deploy", "plugins", "--confine", "*", "--dry-run"]))
}

#[test]
fn the_first_plugin_is_rehearsed_on_an_empty_database() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, true);
    sandbox.sql_plugin("globex/crm", &[("1.0.0-3-crm", "CREATE TABLE crm (x integer);", "")]);
    let before = sandbox.server().rows(LEFT);
    let run = dry_run(&sandbox);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("Dry run: 2 alterations ran in"), "{run:#?}");
    let said =
        "globex/crm 1.0.0-3-crm was not rehearsed: a confined plugin works on a session of its own";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(sandbox.server().rows(LEFT), before);
    // It was in nobody's way.
    sandbox.ok(&["deploy", "plugins", "--confine", "*", "--yes"]);
}

#[test]
fn a_plugin_with_a_role_is_rehearsed_as_that() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, true);
    let args = ["deploy", "plugins", "--confine", "*", "--yes", "--target", "acme/shop@1.0.0"];
    sandbox.ok(&args);
    let before = (sandbox.server().rows(LEFT), sandbox.server().rows(TICKETS));
    let bad = "ALTER TABLE orders ADD COLUMN more text; CREATE FUNCTION length(orders) RETURNS integer LANGUAGE sql AS 'SELECT 1';";
    for (sql, code, said) in [
        ("ALTER TABLE orders ADD COLUMN more text;", 0, "Dry run: 1 alteration ran"),
        (bad, 1, "has the name of another one"),
    ] {
        sandbox.write("sources/more/1.0.1-4-more.up.sql", sql);
        let pack = ["pack", "sources/more", "--plugin", "acme/shop", "--out", "plugins/acme/shop"];
        sandbox.ok(&[&pack[..], &["--replace"]].concat());
        let run = dry_run(&sandbox);
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert!(run.stdout.contains(said) || run.stderr.contains(said), "{run:#?}");
        assert_eq!(
            (sandbox.server().rows(LEFT), sandbox.server().rows(TICKETS)),
            before,
            "{run:#?}"
        );
    }
}

#[test]
fn where_its_role_would_stay_it_is_not_rehearsed() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, false);
    let missing = sandbox.runner(&["setup", "--print"]);
    sandbox.server().admin_sql(&missing.stdout);
    let before = sandbox.server().rows(LEFT);
    let run = dry_run(&sandbox);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("needs an extension or a role first, which would stay"),
        "{run:#?}"
    );
    assert_eq!(sandbox.server().rows(LEFT), before);
    // Once it has one it is.
    sandbox.ok(&["deploy", "plugins", "--confine", "*", "--yes"]);
    sandbox.write("sources/more/1.0.1-4-more.up.sql", "ALTER TABLE orders ADD COLUMN more text;");
    sandbox.ok(&["pack", "sources/more", "--plugin", "acme/shop", "--out", "plugins/acme/shop"]);
    let run = dry_run(&sandbox);
    assert!(run.stdout.contains("Dry run: 1 alteration ran"), "{run:#?}");
}
