//! PgBouncer in transaction mode: every transaction may get another server session.

use crate::{
    story::{ALTERATIONS, Kind, end_state, plugin, run_at},
    support::{
        Sandbox,
        servers::{PgBouncer, Postgres},
    },
};
use std::thread;

fn through_a_pooler(settings: &[(&str, &str)]) -> (Sandbox, PgBouncer, String) {
    let sandbox = Kind::Postgres.sandbox();
    plugin(&sandbox, Kind::Postgres);
    let pooler = PgBouncer::with_settings(Postgres::shared(), settings);
    let url = pooler.url(sandbox.server());
    (sandbox, pooler, url)
}

fn expected() -> String {
    let sandbox = Kind::Postgres.sandbox();
    plugin(&sandbox, Kind::Postgres);
    sandbox.ok(&["deploy", "plugins"]);
    end_state(&sandbox)
}

#[test]
fn the_whole_story_by_lease_that_is_chosen_by_itself() {
    let expected = expected();
    // With one session for all, with two that take turns (a third transaction is back on the first
    // one), and with many.
    for (sessions, size) in [(1, "2"), (2, "2"), (1, "8"), (4, "8")] {
        let settings = [("default_pool_size", size), ("min_pool_size", "0")];
        let (sandbox, pooler, url) = through_a_pooler(&settings);
        pooler.open_sessions(sandbox.server(), sessions);
        let all = ALTERATIONS.to_string();
        for lock in ["auto", "lease"] {
            let run = run_at(&sandbox, &url, &["deploy", "plugins", "--lock", lock]);
            assert_eq!(run.code, Some(0), "{run:#?}");
            assert_eq!(end_state(&sandbox), expected);
            let fence = sandbox.rows("SELECT fence FROM alteration_lease");
            assert_ne!(fence, ["0"], "a lease was taken");
            let check = run_at(&sandbox, &url, &["check", "plugins"]);
            assert_eq!(check.code, Some(0), "{check:#?}");
            let args = ["rollback", "--steps", &all, "--lock", lock];
            let run = run_at(&sandbox, &url, &args);
            assert_eq!(run.code, Some(0), "{run:#?}");
            assert!(!sandbox.dump().contains("people"), "{}", sandbox.dump());
        }
    }
}

#[test]
fn a_lock_of_the_session_is_refused() {
    let (sandbox, _pooler, url) = through_a_pooler(&[]);
    let run = run_at(&sandbox, &url, &["deploy", "plugins", "--lock", "session"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("pooler") && run.stderr.contains("--lock lease"), "{}", run.stderr);
    assert_eq!(sandbox.dump(), Kind::Postgres.sandbox().dump(), "nothing was altered");
}

#[test]
fn eight_at_once_apply_once() {
    let expected = expected();
    let (sandbox, _pooler, url) = through_a_pooler(&[]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let run = run_at(&sandbox, &url, &["deploy", "plugins"]);
                assert_eq!(run.code, Some(0), "{run:#?}");
            });
        }
    });
    assert_eq!(end_state(&sandbox), expected);
    // Settings of one client must not be found by the next one.
    let left = "SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in%'
        AND datname = current_database()";
    assert!(sandbox.rows(left).is_empty());
}

/// Who asks the server for the verifiers of users that the pooler's file does not have.
const AUTH_QUERY: &str = "CREATE FUNCTION public.pooler_login(name text) RETURNS TABLE (usename name, passwd text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'SELECT s.usename, s.passwd FROM pg_shadow s WHERE s.usename = name';
    REVOKE ALL ON FUNCTION public.pooler_login FROM PUBLIC; GRANT EXECUTE ON FUNCTION public.pooler_login TO runner;";

#[test]
fn a_confined_plugin_logs_in_where_the_pooler_asks_the_server_for_users() {
    let server = Postgres::with_settings(&[("fsync", "off")]);
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(&format!(
        "ALTER ROLE runner CREATEROLE; ALTER SCHEMA public OWNER TO runner; REVOKE CREATE ON SCHEMA public FROM PUBLIC; {AUTH_QUERY}"
    ));
    for (file, sql) in [
        ("1.0.0-1-orders.up", "CREATE TABLE orders (id integer); INSERT INTO orders VALUES (1);"),
        ("1.0.0-1-orders.down", "DROP TABLE orders;"),
        ("1.0.0-2-index.before-up", "CREATE INDEX CONCURRENTLY orders_id ON orders (id);"),
        ("1.0.0-2-index.up", "INSERT INTO orders VALUES (2);"),
        ("1.0.0-2-index.before-down", "DROP INDEX CONCURRENTLY orders_id;"),
        ("1.0.0-2-index.down", "DELETE FROM orders WHERE id = 2;"),
    ] {
        sandbox.write(&format!("sources/shop/{file}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources/shop", "--plugin", "acme/shop", "--out", "plugins/shop"]);
    let deploy = ["deploy", "plugins", "--confine", "*", "--yes"];
    let pooler = PgBouncer::before(&server);
    let run = run_at(&sandbox, &pooler.url(sandbox.server()), &deploy);
    assert_eq!(run.code, Some(2), "{run:#?}");
    for said in ["acme/shop cannot be confined", "did not let the role", "--guard"] {
        assert!(run.stderr.contains(said), "{said}: {run:#?}");
    }
    drop(pooler);
    let asks = [("auth_user", "runner"), ("auth_query", "SELECT * FROM public.pooler_login($1)")];
    let pooler = PgBouncer::with_settings(&server, &asks);
    let url = pooler.url(sandbox.server());
    for _ in 0..2 {
        let run = run_at(&sandbox, &url, &deploy);
        assert_eq!(run.code, Some(0), "{run:#?}");
        let owners = "SELECT DISTINCT relowner::regrole::text ~ '^runner_acme' FROM pg_class WHERE relname ~ '^orders'";
        assert_eq!(sandbox.rows(owners), ["t"]);
        let open = "SELECT 1 FROM pg_roles WHERE rolname ~ '^runner_' AND rolcanlogin
            UNION ALL SELECT 1 FROM pg_stat_activity WHERE usename ~ '^runner_'
            UNION ALL SELECT 1 FROM pg_namespace WHERE nspname = 'public' AND nspacl::text ~ 'runner_[a-z0-9_]*=[A-Z]*C'";
        assert!(sandbox.server().rows(open).is_empty());
        let run = run_at(&sandbox, &url, &["rollback", "--steps", "2", "--yes"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
}
