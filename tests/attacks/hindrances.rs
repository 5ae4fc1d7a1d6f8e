//! What keeps a confined plugin on PostgreSQL from its work without being an attack, and what is said of it.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Client, Database, PASSWORD, Postgres},
};
use std::{
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

fn sandbox(server: &Postgres, up: &str) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(
        "ALTER ROLE runner CREATEROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner",
    );
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-orders", up, "")]);
    sandbox
}

fn deploy(sandbox: &Sandbox) -> Run {
    finish(&mut sandbox.command(&["deploy", "plugins", "--confine", "*", "--yes"]))
}

/// Fails with a message that has `said` in it, and leaves no role open.
fn fails(sandbox: &Sandbox, code: i32, said: &str) {
    let run = deploy(sandbox);
    assert_eq!(run.code, Some(code), "{run:#?}");
    assert!(run.stderr.contains(said), "{said}: {run:#?}");
    let open = "SELECT rolname FROM pg_roles WHERE rolname ~ '^runner_' AND rolcanlogin";
    assert!(sandbox.server().rows(open).is_empty(), "{run:#?}");
    assert!(sandbox.server().rows("SELECT 1 FROM pg_class WHERE relname = 'orders'").is_empty());
}

#[test]
fn messages() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let reads = "CREATE TABLE orders (id integer); DO $$ BEGIN EXECUTE 'SE' || 'T TRANSACTION READ ONLY'; END $$;";
    fails(&sandbox(&server, reads), 1, "the hook made its transaction one that only reads");

    let forced = "CREATE TABLE orders (id integer); ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
        ALTER TABLE orders FORCE ROW LEVEL SECURITY; INSERT INTO orders VALUES (1);";
    let said = "new row violates row-level security policy for table \"orders\"";
    fails(&sandbox(&server, forced), 1, said);

    let logged = sandbox(&server, "CREATE TABLE orders (id integer);");
    logged.server().admin_sql(
        "CREATE TABLE ddl_log (tag text); CREATE FUNCTION log_ddl() RETURNS event_trigger LANGUAGE plpgsql
            AS 'BEGIN INSERT INTO public.ddl_log VALUES (tg_tag); END';
         CREATE EVENT TRIGGER logs ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION log_ddl()",
    );
    logged.server().admin_sql("GRANT INSERT ON ddl_log TO runner");
    fails(&logged, 1, "permission denied for table ddl_log; in PL/pgSQL function log_ddl()");
}

/// A session that another program holds.
fn session(server: &Postgres, database: &Database) -> Child {
    let Client::Postgres { programs, .. } = server.client() else { panic!("a PostgreSQL server") };
    let mut psql = Command::new(programs.join("psql"));
    let port = server.port().to_string();
    psql.args(["-X", "-h", "127.0.0.1", "-p", &port, "-U", "runner", "-d", database.name()])
        .args(["-c", "SELECT pg_sleep(600)"])
        .env("PGPASSWORD", PASSWORD);
    psql.spawn().expect("psql starts")
}

#[test]
fn a_server_that_has_no_session_left_is_no_reason_for_less_protection() {
    // Two sessions are left for the runner, which also looks whether it is behind a pooler.
    let server = Postgres::of(15, &[("fsync", "off"), ("max_connections", "10")]);
    let sandbox = sandbox(&server, "CREATE TABLE orders (id integer);");
    let database = sandbox.server();
    let mut sessions: Vec<Child> = (0..5).map(|_| session(&server, database)).collect();
    let held = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND pid <> pg_backend_pid()";
    while database.rows(held) != ["5"] {
        sleep(Duration::from_millis(20));
    }
    fails(&sandbox, 1, "connection slots are reserved");
    for session in &mut sessions {
        session.kill().expect("it is there");
        session.wait().expect("it ends");
    }
    while database.rows(held) != ["0"] {
        database.admin_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND pid <> pg_backend_pid()");
        sleep(Duration::from_millis(20));
    }
    let run = deploy(&sandbox);
    assert_eq!(run.code, Some(0), "{run:#?}");
}
