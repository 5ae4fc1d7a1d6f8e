//! A confined plugin whose objects go to a schema of its own (`schema = "own"`).

use crate::support::{Run, Sandbox, finish, servers::Postgres};

const OWN: &str = "[plugins.\"acme/shop\"]\nschema = \"own\"\n";
const SHOP: &str = "CREATE TABLE orders (id integer PRIMARY KEY, at text DEFAULT told());
    INSERT INTO orders (id) VALUES (1); CREATE VIEW totals AS SELECT count(*) AS n FROM orders;";
const TOLD: &str = "CREATE FUNCTION told() RETURNS text LANGUAGE sql AS 'SELECT ''now''::text'; ";

fn sandbox(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(
        "ALTER SCHEMA public OWNER TO runner; REVOKE CREATE ON SCHEMA public FROM PUBLIC; SET ROLE runner; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO app; \
         GRANT USAGE ON SCHEMA public TO app; CREATE TABLE customers (id integer PRIMARY KEY)",
    );
    sandbox
}

fn server() -> Postgres {
    let server = Postgres::of(15, &[("fsync", "off")]);
    server.database().admin_sql("ALTER ROLE runner CREATEROLE; CREATE ROLE app");
    server
}

fn pack(sandbox: &Sandbox, id: &str, up: &str) {
    sandbox.write(&format!("sources/acme/shop/{id}.up.sql"), up);
    sandbox.write(&format!("sources/acme/shop/{id}.down.sql"), "SELECT 1;");
    sandbox.ok(&["pack", "sources/acme/shop", "--out", "plugins/acme/shop"]);
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command(args);
    finish(command.env_remove("RUNNER_GUARD"))
}

fn deployed(sandbox: &Sandbox) -> Run {
    let run = run(sandbox, &["deploy", "plugins", "--yes"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    run
}

#[test]
fn its_objects_are_in_its_own_schema_and_the_application_finds_them() {
    let server = server();
    let sandbox = sandbox(&server);
    sandbox.write("runner.toml", OWN);
    pack(&sandbox, "1.0.0-1-a", &format!("{TOLD}{SHOP}"));
    let plan = run(&sandbox, &["plan", "plugins"]);
    assert!(plan.stdout.contains("acme_shop"), "{plan:#?}");
    let rehearsed = run(&sandbox, &["deploy", "plugins", "--dry-run", "--yes"]);
    assert_eq!(rehearsed.code, Some(0), "{rehearsed:#?}");
    let left = "SELECT nspname FROM pg_namespace WHERE nspname = 'acme_shop'";
    assert!(sandbox.rows(left).is_empty(), "{rehearsed:#?}");
    let run_ = deployed(&sandbox);
    assert!(run_.stderr.contains("acme_shop"), "{run_:#?}");
    let made = "SELECT concat_ws('|', c.oid::regclass, n.nspowner::regrole, c.relowner::regrole::text ~ '^runner_acme') FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname IN ('orders', 'totals') ORDER BY 1";
    assert_eq!(
        sandbox.rows(made),
        ["acme_shop.orders|runner|t", "acme_shop.totals|runner|t"],
        "{run_:#?}"
    );
    sandbox.server().admin_sql(
        "SET ROLE app; INSERT INTO acme_shop.orders (id) VALUES (2); SELECT n FROM acme_shop.totals",
    );
    // It may make nothing where the others' objects are.
    pack(&sandbox, "1.0.0-2-b", "CREATE TABLE public.squatted (x integer);");
    let refused = run(&sandbox, &["deploy", "plugins", "--yes"]);
    assert!(refused.stderr.contains("permission denied for schema public"), "{refused:#?}");
    std::fs::remove_file(sandbox.path().join("sources/acme/shop/1.0.0-2-b.up.sql")).expect("it");
    std::fs::remove_file(sandbox.path().join("sources/acme/shop/1.0.0-2-b.down.sql")).expect("it");
    std::fs::remove_dir_all(sandbox.path().join("plugins")).expect("its plugins");
    // Without the setting it stays where it was; outside of a transaction too.
    sandbox.write("runner.toml", "");
    pack(&sandbox, "1.0.0-3-c", "CREATE TABLE later (x integer);");
    sandbox.write(
        "sources/acme/shop/1.0.0-4-d.before-up.sql",
        "CREATE INDEX CONCURRENTLY later_x ON later (x);",
    );
    pack(&sandbox, "1.0.0-4-d", "SELECT count(*) FROM orders;");
    let run_ = deployed(&sandbox);
    assert_eq!(
        sandbox.rows("SELECT to_regclass('acme_shop.later_x') IS NOT NULL"),
        ["t"],
        "{run_:#?}"
    );
    let back = run(&sandbox, &["rollback", "--plugin", "acme/shop", "--steps", "1", "--yes"]);
    assert_eq!(back.code, Some(0), "{back:#?}");
    let creates = "SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a
        WHERE a.grantee::regrole::text ~ '^runner_acme' AND a.privilege_type = 'CREATE'";
    assert!(sandbox.rows(creates).is_empty());
}

#[test]
fn another_setting_moves_nothing() {
    let server = server();
    let sandbox = sandbox(&server);
    pack(&sandbox, "1.0.0-1-a", &format!("{TOLD}{SHOP}"));
    deployed(&sandbox);
    assert_eq!(sandbox.rows("SELECT to_regclass('public.orders') IS NOT NULL"), ["t"]);
    sandbox.write("runner.toml", OWN);
    pack(&sandbox, "1.0.0-2-b", "CREATE TABLE later (x integer);");
    for verb in [&["plan", "plugins"][..], &["deploy", "plugins", "--yes"]] {
        let refused = run(&sandbox, verb);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        let said = refused.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("it makes its objects in the schema public"), "{refused:#?}");
    }
    assert_eq!(sandbox.rows("SELECT to_regclass('acme_shop') IS NULL"), ["t"]);
}

#[test]
fn a_schema_that_is_anothers_is_not_taken() {
    let server = server();
    let table = [
        ("CREATE SCHEMA acme_shop", "there is a schema acme_shop already"),
        ("CREATE ROLE acme_shop", "named like the role acme_shop"),
        (
            "REVOKE CREATE ON DATABASE $ FROM PUBLIC; ALTER DATABASE $ OWNER TO postgres",
            "GRANT CREATE ON DATABASE",
        ),
    ];
    for (before, why) in table {
        let sandbox = sandbox(&server);
        let database = sandbox.server();
        database.admin_sql(&before.replace('$', database.name()));
        sandbox.write("runner.toml", OWN);
        pack(&sandbox, "1.0.0-1-a", &format!("{TOLD}{SHOP}"));
        let refused = run(&sandbox, &["deploy", "plugins", "--yes"]);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        let said = refused.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(why), "{refused:#?}");
        database.admin_sql("DROP ROLE IF EXISTS acme_shop");
    }
    // Where nothing confines, nothing has a schema.
    let sandbox = sandbox(&server);
    sandbox.write("runner.toml", format!("{OWN}guarded = true\n"));
    pack(&sandbox, "1.0.0-1-a", &format!("{TOLD}{SHOP}"));
    let refused = run(&sandbox, &["deploy", "plugins", "--yes"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("only a confined plugin"), "{refused:#?}");
}

/// A search path that a hook sets holds on both sides of what runs outside of a transaction, as it does for the database's own
/// client; until then names mean the plugin's schema there, too.
#[test]
fn a_path_that_the_hook_sets_stays() {
    let server = server();
    let sandbox = sandbox(&server);
    sandbox.write("runner.toml", OWN);
    let before = "CREATE TABLE a (x int);
CREATE INDEX CONCURRENTLY i ON a (x);
SET search_path = pg_catalog;
CREATE INDEX CONCURRENTLY j ON acme_shop.a (x);
CREATE TABLE acme_shop.shown AS SELECT current_setting('search_path') AS p;
";
    sandbox.write("sources/acme/shop/1.0.0-1700000001-a.before-up.sql", before);
    pack(&sandbox, "1.0.0-1700000001-a", "CREATE TABLE z (y int);");
    deployed(&sandbox);
    let shown = sandbox.server().rows("SELECT p FROM acme_shop.shown");
    assert_eq!(shown, ["pg_catalog"]);
    let found = "SELECT tablename FROM pg_tables WHERE schemaname = 'acme_shop' ORDER BY 1";
    assert_eq!(sandbox.server().rows(found), ["a", "shown", "z"]);
}
