//! `runner confine`: plugins that were installed before, on PostgreSQL with a role of their own, on SQLite by the record.
//!
//! Each test has a server of its own, whose user may make roles; an application reads and writes with a role of its own.

use crate::{
    polite,
    support::{
        Run, Sandbox, finish,
        servers::{Client, Mariadb, Postgres, Role},
    },
    terminal::typed,
};
use std::process::Command;

const ORDERS: (&str, &str, &str) = (
    "1.0.0-1-orders",
    "CREATE TYPE state AS ENUM ('open', 'paid');
     CREATE TABLE orders (id serial PRIMARY KEY, customer integer REFERENCES customers, state state DEFAULT 'open');
     INSERT INTO orders (customer) VALUES (1), (2);
     GRANT SELECT, INSERT ON orders TO app; GRANT USAGE ON SEQUENCE orders_id_seq TO app;",
    "DROP TABLE orders; DROP TYPE state;",
);
const TOTALS: (&str, &str, &str) = (
    "1.0.0-2-totals",
    "CREATE VIEW totals AS SELECT c.name, count(*) FROM orders o JOIN customers c ON c.id = o.customer GROUP BY 1;
     GRANT SELECT ON totals TO app;
     CREATE FUNCTION order_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders';",
    "DROP FUNCTION order_count(); DROP VIEW totals;",
);
const NOTES: (&str, &str, &str) = (
    "1.1.0-3-notes",
    "ALTER TABLE orders ADD COLUMN note text; CREATE TABLE notes (x integer);",
    "DROP TABLE notes; ALTER TABLE orders DROP COLUMN note;",
);
const MORE: (&str, &str, &str) =
    ("1.2.0-4-more", "ALTER TABLE notes ADD COLUMN y integer;", "ALTER TABLE notes DROP COLUMN y;");
/// What the application has.
const THEIRS: &str = "CREATE TABLE customers (id integer PRIMARY KEY, name text);
    INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace'); GRANT SELECT ON customers TO app;";

/// Everything that may not change: who may do what with what, but for owners and for whom they give back to.
const RIGHTS: &str = "SELECT format('%s %s %s', c.relname, a.grantee::regrole, string_agg(a.privilege_type, ',' ORDER BY a.privilege_type))
    FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'public'::regnamespace
    AND a.grantee::regrole::text = 'app' GROUP BY c.relname, a.grantee ORDER BY 1";
/// The owners of what the plugin has, each once, a plugin's role as `role`.
const OWNERS: &str = "SELECT DISTINCT regexp_replace(owner::regrole::text, '^runner_.*', 'role') FROM (
        SELECT relowner AS owner FROM pg_class WHERE relname IN ('orders', 'orders_id_seq', 'totals', 'orders_pkey', 'notes')
        UNION ALL SELECT proowner FROM pg_proc WHERE proname = 'order_count'
        UNION ALL SELECT typowner FROM pg_type WHERE typname = 'state') o ORDER BY 1";
/// What the URL's user has rights on that it does not own.
const GIVEN_BACK: &str = "SELECT DISTINCT c.relname::text FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relname IN ('orders', 'orders_id_seq', 'totals') AND a.grantee = 'runner'::regrole
    AND c.relowner <> a.grantee AND a.privilege_type = 'UPDATE' ORDER BY 1";
const LEVELS: &str = "SELECT DISTINCT level FROM alteration_state WHERE plugin = 'acme/shop'";
const ROLES: &str = "SELECT rolname FROM pg_roles WHERE rolname ~ '^runner_acme'";
const EVENTS: &str =
    "SELECT event FROM alteration_history WHERE event IN ('confined', 'guarded') ORDER BY sequence";

fn server() -> Postgres {
    server_of(15)
}

fn server_of(major: u32) -> Postgres {
    let server = Postgres::of(major, &[("fsync", "off")]);
    let role = "CREATE ROLE app LOGIN PASSWORD 's3cret'";
    server.client().sql(Role::Administrator, "postgres", role);
    server
}

/// A database with the application's table, and acme/shop as far as `alterations`, guarded. Its user may make roles
/// afterwards: before PostgreSQL 16 no guarded plugin runs as such a user.
fn installed(server: &Postgres, alterations: &[(&str, &str, &str)]) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    let database = sandbox.server();
    database.admin_sql(
        "ALTER ROLE runner NOCREATEROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; GRANT USAGE ON SCHEMA public TO app;",
    );
    database.sql(THEIRS);
    sandbox.sql_plugin("acme/shop", alterations);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.server().admin_sql("ALTER ROLE runner CREATEROLE");
    sandbox
}

/// Runs as an operator does who says nothing of levels.
fn unsaid(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = finish(sandbox.command(args).env_remove("RUNNER_GUARD"));
    polite::check(&run);
    run
}

fn confine(sandbox: &Sandbox, flags: &[&str]) -> Run {
    unsaid(sandbox, &[&["confine", "acme/shop"], flags].concat())
}

fn done(run: &Run) {
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// Runs a statement as the application, which logs in.
fn as_application(server: &Postgres, sandbox: &Sandbox, sql: &str) -> String {
    let Client::Postgres { programs, .. } = server.client() else { panic!("a PostgreSQL server") };
    let port = server.port().to_string();
    let mut psql = Command::new(programs.join("psql"));
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &port]);
    psql.args(["-U", "app", "-d", sandbox.server().name(), "-c", sql]);
    let run = finish(psql.env("PGPASSWORD", "s3cret"));
    assert_eq!(run.code, Some(0), "{sql}: {run:#?}");
    run.stdout.trim().to_owned()
}

fn application_works(server: &Postgres, sandbox: &Sandbox) {
    as_application(server, sandbox, "INSERT INTO orders (customer) VALUES (2)");
    assert_eq!(as_application(server, sandbox, "SELECT count(*) FROM totals"), "2");
    assert_ne!(as_application(server, sandbox, "SELECT order_count()"), "0");
    // The URL's user may be the application's too.
    sandbox.server().sql("UPDATE orders SET state = 'paid' WHERE id = 1; SELECT nextval('orders_id_seq'); SELECT order_count();");
}

#[test]
fn a_guarded_plugin_is_confined_released_and_confined_again() {
    for major in [15, 18] {
        goes_there_and_back(&server_of(major));
    }
}

fn goes_there_and_back(server: &Postgres) {
    let sandbox = installed(server, &[ORDERS, TOTALS]);
    let database = sandbox.server();
    database.sql("ALTER TABLE customers ADD CHECK (order_count() >= 0) NOT VALID");
    let rights = database.rows(RIGHTS);
    for _ in 0..2 {
        let status = unsaid(&sandbox, &["status"]);
        assert!(status.stderr.contains("runner confine acme/shop"), "{status:#?}");
        let run = confine(&sandbox, &[]);
        done(&run);
        for said in [
            "table public.orders",
            "type public.state",
            "view public.totals",
            "order_count()",
            "constraint customers_check on table public.customers",
            "public.customers  (by public.totals)",
        ] {
            assert!(run.stderr.contains(said), "{said}: {run:#?}");
        }
        assert_eq!(database.rows(OWNERS), ["role"]);
        assert_eq!(database.rows(RIGHTS), rights);
        assert_eq!(database.rows(GIVEN_BACK), ["orders", "orders_id_seq", "totals"]);
        assert_eq!(database.rows(LEVELS), ["confined"]);
        application_works(server, &sandbox);
        let again = confine(&sandbox, &[]);
        assert!(again.stdout.contains("acme/shop is confined"), "{again:#?}");

        let undone = confine(&sandbox, &["--undo"]);
        done(&undone);
        assert_eq!(database.rows(OWNERS), ["runner"]);
        assert_eq!(database.rows(RIGHTS), rights);
        assert_eq!(database.rows(LEVELS), ["guarded"]);
        assert!(database.rows(ROLES).is_empty());
        application_works(server, &sandbox);
        let functions = "SELECT prosecdef, proconfig FROM pg_proc WHERE proname = 'order_count'";
        assert_eq!(database.rows(functions), ["f"]);
        assert_eq!(confine(&sandbox, &["--undo"]).code, Some(0));
    }
    assert_eq!(database.rows(EVENTS), ["confined", "guarded", "confined", "guarded"]);

    done(&confine(&sandbox, &[]));
    sandbox.sql_plugin("acme/shop", &[ORDERS, TOTALS, NOTES, MORE]);
    let deployed = unsaid(&sandbox, &["deploy", "plugins"]);
    done(&deployed);
    assert!(deployed.stderr.contains("; confined)"), "{deployed:#?}");
    assert_eq!(database.rows(OWNERS), ["role"]);
    application_works(server, &sandbox);
    database.sql("ALTER TABLE customers DROP CONSTRAINT customers_check");
    done(&unsaid(&sandbox, &["rollback", "--plugin", "acme/shop", "--to", "none"]));
    assert!(database.rows(OWNERS).is_empty());
}

#[test]
fn what_was_made_before_the_map_was_kept_is_found_by_a_replay() {
    let server = server();
    let renamed = (
        "1.1.0-3-renamed",
        "CREATE TABLE old (x integer); ALTER TABLE old RENAME TO notes;",
        "DROP TABLE notes;",
    );
    let sandbox = installed(&server, &[ORDERS, TOTALS, renamed]);
    let database = sandbox.server();
    database.admin_sql("DELETE FROM alteration_object; UPDATE alteration_state SET level = NULL");
    let powerful = confine(&sandbox, &[]);
    assert_eq!(powerful.code, Some(1), "{powerful:#?}");
    assert!(powerful.stderr.contains("--trust acme/shop"), "{powerful:#?}");
    let refused = confine(&sandbox, &["--trust", "acme/shop"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(
        refused.stderr.contains("acme/shop 1.0.0-1-orders failed on a scratch database"),
        "{refused:#?}"
    );
    assert!(refused.stderr.contains("--prepare"), "{refused:#?}");
    sandbox.write("app.sql", THEIRS);
    let run = confine(&sandbox, &["--prepare", "app.sql", "--trust", "acme/shop"]);
    done(&run);
    assert!(run.stderr.contains("Replayed 3 alterations"), "{run:#?}");
    assert_eq!(database.rows(OWNERS), ["role"]);
    let map = "SELECT id || ' ' || kind || ' ' || name FROM alteration_object WHERE kind IN ('table', 'view') ORDER BY 1";
    assert_eq!(
        database.rows(map),
        [
            "1.0.0-1-orders table orders",
            "1.0.0-2-totals view totals",
            "1.1.0-3-renamed table notes"
        ]
    );
    let scratch = "SELECT datname FROM pg_database WHERE datname LIKE 'runner\\_test\\_%'";
    assert!(database.rows(scratch).is_empty());
    application_works(&server, &sandbox);
}

#[test]
fn an_object_that_is_missing_or_anothers_stops_it() {
    let server = server();
    let sandbox = installed(&server, &[ORDERS, TOTALS]);
    let database = sandbox.server();
    database.admin_sql("CREATE ROLE other; GRANT CREATE ON SCHEMA public TO other; ALTER VIEW totals OWNER TO other; DROP FUNCTION order_count()");
    let run = confine(&sandbox, &[]);
    assert_eq!(run.code, Some(4), "{run:#?}");
    for said in [
        "function public.order_count() is missing",
        "view public.totals belongs to other",
        "ALTER VIEW public.totals OWNER TO runner;",
        "changed: nothing was altered",
    ] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    assert_eq!(database.rows(LEVELS), ["guarded"]);
    assert!(database.rows(ROLES).is_empty());
}

/// The database with owners and rights, without the numbers that pg_dump draws.
fn dump(sandbox: &Sandbox) -> Vec<String> {
    let dump = sandbox.server().pg_dump(&[]);
    let lines = dump.lines().filter(|line| !line.contains("restrict "));
    lines.map(str::to_owned).collect()
}

#[test]
fn what_finish_would_refuse_is_refused() {
    let server = server();
    let table = [
        (
            "CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''SELECT 1''; RETURN NULL; END';
             CREATE TRIGGER wipes AFTER INSERT ON orders EXECUTE FUNCTION wipe();",
            "executes text",
        ),
        ("CREATE VIEW peek AS SELECT query_to_xml('SELECT 1', true, true, '');", "query_to_xml"),
        ("CREATE RULE copies AS ON INSERT TO orders DO ALSO DELETE FROM customers;", "the rule copies"),
        ("CREATE SCHEMA app; CREATE TABLE app.x (x integer);", "named like a role"),
    ];
    for (up, finding) in table {
        let sandbox = installed(&server, &[ORDERS, ("1.0.0-2-more", up, "")]);
        let before = dump(&sandbox);
        let run = confine(&sandbox, &[]);
        assert_eq!(run.code, Some(1), "{up}: {run:#?}");
        assert!(run.stderr.contains(finding), "{finding}: {run:#?}");
        let tables = [
            "alteration_function",
            "alteration_role",
            "alteration_home",
            "alteration_ticket",
            "alteration_ending",
            "alteration_right",
            "alteration_loan",
            "alteration_added",
            "alteration_dependent",
        ];
        let own: String = tables.iter().map(|table| format!("DROP TABLE {table};")).collect();
        let functions = "DO $$ DECLARE f record; BEGIN FOR f IN SELECT oid::regprocedure AS name FROM pg_proc
            WHERE starts_with(proname, 'alteration_') LOOP EXECUTE format('DROP FUNCTION %s', f.name); END LOOP; END $$;";
        sandbox.server().admin_sql(&format!("{own}{functions}"));
        assert_eq!(dump(&sandbox), before, "{up}");
        assert!(sandbox.server().rows(ROLES).is_empty());
    }
}

#[test]
fn a_lock_of_the_application_is_named_and_nothing_changes() {
    let server = server();
    let sandbox = installed(&server, &[ORDERS]);
    let Client::Postgres { programs, .. } = server.client() else { panic!("a PostgreSQL server") };
    let port = server.port().to_string();
    let mut psql = Command::new(programs.join("psql"));
    psql.args(["-X", "-h", "127.0.0.1", "-p", &port, "-U", "app", "-d", sandbox.server().name()]);
    psql.args(["-c", "BEGIN; SELECT count(*) FROM orders; SELECT pg_sleep(60)"]);
    let psql = psql.env("PGPASSWORD", "s3cret").env("PGAPPNAME", "till");
    let mut holder = psql.stdout(std::process::Stdio::null()).spawn().expect("psql starts");
    let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'till' AND wait_event = 'PgSleep'";
    while sandbox.server().rows(sleeps) != ["1"] {}
    let run = confine(&sandbox, &["--table-lock-timeout", "200ms"]);
    holder.kill().expect("it runs");
    holder.wait().expect("ends");
    assert_eq!(run.code, Some(5), "{run:#?}");
    for said in
        ["lock timeout", "(user app, till) has a lock on public.orders", "nothing was altered"]
    {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    assert_eq!(sandbox.server().rows(OWNERS), ["runner"]);
    assert!(sandbox.server().rows(ROLES).is_empty());
}

#[test]
fn after_a_restore_elsewhere_it_is_repaired() {
    let server = server();
    let sandbox = installed(&server, &[ORDERS, TOTALS]);
    done(&confine(&sandbox, &[]));
    let dump = sandbox.server().pg_dump(&["--no-owner"]);
    // The same cluster: the role is the first database's.
    let copy = Sandbox::on(server.database());
    copy.server().admin_sql(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner",
    );
    copy.server().sql(&dump);
    for plugins in [&sandbox, &copy] {
        plugins.sql_plugin("acme/shop", &[ORDERS, TOTALS, NOTES]);
    }
    stops_and_is_repaired(&server, &copy, "not all it made is its role's");
    assert_eq!(copy.server().rows(ROLES).len(), 2);
    // The first one has its own role as before.
    done(&unsaid(&sandbox, &["deploy", "plugins"]));
}

#[test]
fn after_its_role_was_dropped_it_is_repaired() {
    let server = server();
    let sandbox = installed(&server, &[ORDERS, TOTALS]);
    done(&confine(&sandbox, &[]));
    let role = sandbox.server().rows(ROLES).remove(0);
    sandbox.server().admin_sql(&format!(
        "REASSIGN OWNED BY {role} TO runner; DROP OWNED BY {role}; DROP ROLE {role}"
    ));
    sandbox.sql_plugin("acme/shop", &[ORDERS, TOTALS, NOTES]);
    stops_and_is_repaired(&server, &sandbox, "is not on this server");
}

fn stops_and_is_repaired(server: &Postgres, sandbox: &Sandbox, why: &str) {
    for args in [&["plan", "plugins"][..], &["deploy", "plugins"], &["rollback", "--steps", "1"]] {
        let run = unsaid(sandbox, args);
        assert_eq!(run.code, Some(4), "{run:#?}");
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains(why), "{run:#?}");
        assert!(said.contains("runner confine acme/shop --repair"), "{run:#?}");
    }
    let refused = confine(sandbox, &[]);
    assert_eq!(refused.code, Some(4), "{refused:#?}");
    assert!(refused.stderr.contains("--repair"), "{refused:#?}");
    let repaired = confine(sandbox, &["--repair", "--format", "json"]);
    done(&repaired);
    assert!(repaired.stdout.contains("\"outcome\": \"repaired\""), "{repaired:#?}");
    assert_eq!(sandbox.server().rows(OWNERS), ["role"]);
    done(&confine(sandbox, &["--repair"]));
    done(&unsaid(sandbox, &["deploy", "plugins"]));
    application_works(server, sandbox);
    done(&unsaid(sandbox, &["rollback", "--plugin", "acme/shop", "--to", "none"]));
}

#[test]
fn a_schema_that_holds_others_objects_stays() {
    let server = server();
    let own = (
        "1.0.0-2-own",
        "CREATE SCHEMA shop; CREATE TABLE shop.x (x integer);",
        "DROP SCHEMA shop CASCADE;",
    );
    let shared = (
        "1.0.0-3-shared",
        "CREATE SCHEMA mixed; CREATE TABLE mixed.x (x integer);",
        "DROP TABLE mixed.x;",
    );
    let sandbox = installed(&server, &[own, shared]);
    sandbox.server().sql("CREATE TABLE mixed.theirs (x integer)");
    done(&confine(&sandbox, &[]));
    let schemas =
        "SELECT nspname || ' ' || regexp_replace(nspowner::regrole::text, '^runner_.*', 'role')
        || ' ' || has_schema_privilege((SELECT role FROM alteration_role), oid, 'USAGE')
        || has_schema_privilege((SELECT role FROM alteration_role), oid, 'CREATE') FROM pg_namespace
        WHERE nspname IN ('shop', 'mixed', 'public') ORDER BY 1";
    assert_eq!(
        sandbox.server().rows(schemas),
        ["mixed runner truefalse", "public runner truefalse", "shop role truetrue"]
    );
    done(&unsaid(&sandbox, &["rollback", "--plugin", "acme/shop", "--to", "none"]));
}

#[test]
fn where_there_is_no_terminal_it_needs_a_yes() {
    let sandbox = Sandbox::guarded();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (x);", "DROP TABLE a;")]);
    sandbox.ok(&["deploy", "plugins"]);
    let mut asked = sandbox.command(&["confine", "acme/shop"]);
    let run = finish(asked.env_remove("RUNNER_YES").env_remove("RUNNER_GUARD"));
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("runner confine --yes acme/shop"), "{run:#?}");
    let none = confine(&Sandbox::new(), &[]);
    assert_ne!(none.code, Some(0), "{none:#?}");
    let unknown = unsaid(&sandbox, &["confine", "acme/other"]);
    assert_eq!(unknown.code, Some(4), "{unknown:#?}");
}

#[test]
fn on_sqlite_the_record_confines() {
    let sandbox = Sandbox::guarded();
    sandbox.sql("CREATE TABLE theirs (x)");
    let first = ("1.0.0-1-a", "CREATE TABLE a (x); CREATE INDEX i ON a (x);", "DROP TABLE a;");
    sandbox.sql_plugin("acme/shop", &[first]);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.sql("DELETE FROM alteration_object; UPDATE alteration_state SET level = NULL");
    let run = confine(&sandbox, &[]);
    done(&run);
    assert!(run.stderr.contains("table a"), "{run:#?}");
    assert_eq!(sandbox.rows(LEVELS), ["confined"]);
    let map = "SELECT kind || ' ' || name FROM alteration_object ORDER BY 1";
    assert_eq!(sandbox.rows(map), ["index i", "table a"]);
    let own = ("1.0.0-2-b", "ALTER TABLE a ADD COLUMN y;", "");
    let theirs = ("1.0.0-3-c", "DROP TABLE theirs;", "");
    sandbox.sql_plugin("acme/shop", &[first, own, theirs]);
    let refused = unsaid(&sandbox, &["deploy", "plugins"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stdout.contains("1.0.0-2-b"), "{refused:#?}");
    done(&confine(&sandbox, &["--repair"]));
    done(&confine(&sandbox, &["--undo"]));
    assert_eq!(sandbox.rows(LEVELS), ["guarded"]);
    done(&unsaid(&sandbox, &["deploy", "plugins"]));
}

#[test]
fn on_mariadb_it_cannot_yet() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    let first = ("1.0.0-1-a", "CREATE TABLE a (x integer);", "DROP TABLE a;");
    sandbox.sql_plugin("acme/shop", &[first]);
    sandbox.ok(&["deploy", "plugins"]);
    let run = confine(&sandbox, &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("on mariadb no plugin with records can be yet"), "{run:#?}");
    assert!(run.stderr.contains("guarded = true"), "{run:#?}");
}

#[test]
fn where_roles_cannot_be_made_the_set_up_is_printed() {
    let server = server();
    let sandbox = installed(&server, &[ORDERS]);
    sandbox.server().admin_sql("ALTER ROLE runner NOCREATEROLE");
    let run = confine(&sandbox, &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    for said in ["may not make roles", "CREATE ROLE runner_keeper"] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    let setup = unsaid(&sandbox, &["setup", "--print"]);
    sandbox.server().admin_sql(&setup.stdout);
    done(&confine(&sandbox, &[]));
    assert_eq!(sandbox.server().rows(OWNERS), ["role"]);
    // The keeper's functions drop no role.
    let undone = confine(&sandbox, &["--undo"]);
    assert!(undone.stdout.contains("a database administrator may drop it"), "{undone:#?}");
    assert_eq!(sandbox.server().rows(OWNERS), ["runner"]);
    done(&confine(&sandbox, &[]));
    sandbox
        .sql_plugin("acme/shop", &[ORDERS, ("1.1.0-2-x", "ALTER TABLE orders ADD x integer;", "")]);
    done(&unsaid(&sandbox, &["deploy", "plugins"]));
}

#[test]
fn a_person_at_a_terminal_is_asked() {
    let sandbox = Sandbox::guarded();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (x);", "DROP TABLE a;")]);
    sandbox.ok(&["deploy", "plugins"]);
    for (answer, level) in [("n\n", "guarded"), ("y\n", "confined")] {
        let run = typed(&sandbox, "confine acme/shop", true, answer);
        assert_eq!(run.code, Some(i32::from(level == "guarded")), "{run:#?}");
        assert!(run.stdout.contains("table a"), "{run:#?}");
        assert!(run.stdout.contains("Go on? [y/N]"), "{run:#?}");
        assert_eq!(sandbox.rows(LEVELS), [level]);
    }
}
