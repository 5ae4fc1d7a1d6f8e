//! A server that goes away in the middle of a hook, and comes back.

use crate::{
    story::{Kind, assert_slow_once, ended, slow_plugin, start_at},
    support::{
        Sandbox,
        servers::{Mariadb, Postgres},
    },
};
use std::rc::Rc;

/// What a test does with a server of its own.
struct Server {
    kind: Kind,
    stop: Box<dyn Fn()>,
    restart: Box<dyn Fn()>,
    sandbox: Sandbox,
}

fn servers() -> [Server; 2] {
    let (postgres, mariadb) = (Rc::new(Postgres::own()), Rc::new(Mariadb::own()));
    let (sandbox_postgres, sandbox_mariadb) =
        (Sandbox::on(postgres.database()), Sandbox::on(mariadb.database()));
    let (same_postgres, same_mariadb) = (Rc::clone(&postgres), Rc::clone(&mariadb));
    [
        Server {
            kind: Kind::Postgres,
            stop: Box::new(move || postgres.stop_immediate()),
            restart: Box::new(move || same_postgres.restart()),
            sandbox: sandbox_postgres,
        },
        Server {
            kind: Kind::Mariadb,
            stop: Box::new(move || mariadb.stop_immediate()),
            restart: Box::new(move || same_mariadb.restart()),
            sandbox: sandbox_mariadb,
        },
    ]
}

#[test]
fn a_server_that_stops_in_a_hook_loses_nothing() {
    for Server { kind, stop, restart, sandbox } in servers() {
        slow_plugin(&sandbox, kind, 4);
        let url = sandbox.url();
        let run = start_at(&sandbox, &url, &["deploy", "plugins"]);
        kind.wait_for_statement(sandbox.server(), "(4)");
        stop();
        let run = ended(run, "a server that stops");
        assert_eq!(run.code, Some(1), "{kind:?}: {run:#?}");
        assert!(run.stderr.contains("next: "), "{kind:?}: {}", run.stderr);
        restart();
        // What is committed on PostgreSQL may be lost with a server that crashes (`unflushed.rs`).
        if kind == Kind::Mariadb {
            assert_eq!(sandbox.rows("SELECT n FROM hits"), ["0"], "{run:#?}");
        }
        // Once more, and this time it is back before the runner has ended.
        let run = start_at(&sandbox, &url, &["deploy", "plugins", "--wait", "60s"]);
        kind.wait_for_statement(sandbox.server(), "(4)");
        restart();
        let run = ended(run, "a server that restarts");
        assert!(matches!(run.code, Some(0 | 1)), "{kind:?}: {run:#?}");
        sandbox.ok(&["deploy", "plugins"]);
        assert_slow_once(&sandbox, &format!("{kind:?}"));
    }
}
