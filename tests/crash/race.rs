//! Races: many runners at once, on one database. Each alteration takes effect exactly once.
//!
//! The places are SQLite, and each server with the session's lock and with a lease. By default three
//! rounds each; `RUNNER_FULL=1` runs twenty.

use crate::{
    support::{
        Run, Sandbox, finish,
        servers::{Mariadb, Mysql, Noise, Postgres, is_full},
    },
    waiting::{self, ended, signal},
};
use std::{
    process::{Child, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const RUNNERS: usize = 16;
/// Nothing here depends on how long it takes; a runner that hangs fails by this.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Sqlite,
    Postgres,
    Postgres18,
    Mariadb,
    Mysql,
}

/// A kind of database, and the lock that is used there.
#[derive(Debug, Clone, Copy)]
struct Place {
    server: Server,
    lock: &'static str,
}

const SQLITE: Place = Place { server: Server::Sqlite, lock: "session" };
const POSTGRES: Place = Place { server: Server::Postgres, lock: "session" };
const POSTGRES_LEASE: Place = Place { server: Server::Postgres, lock: "lease" };
const POSTGRES_18: Place = Place { server: Server::Postgres18, lock: "session" };
const POSTGRES_18_LEASE: Place = Place { server: Server::Postgres18, lock: "lease" };
const MARIADB: Place = Place { server: Server::Mariadb, lock: "session" };
const MARIADB_LEASE: Place = Place { server: Server::Mariadb, lock: "lease" };

const MYSQL: Place = Place { server: Server::Mysql, lock: "session" };
const MYSQL_LEASE: Place = Place { server: Server::Mysql, lock: "lease" };

impl Place {
    fn is_left_out(self) -> bool {
        self.server == Server::Mysql && Mysql::is_left_out()
    }

    /// Other sessions on the same server, as long as it is held. A file has none.
    fn noise(self) -> Option<Arc<Noise>> {
        Some(Noise::shared_beside(match self.server {
            Server::Sqlite => return None,
            Server::Postgres => Postgres::shared().client(),
            Server::Postgres18 => Postgres::shared_of(18).client(),
            Server::Mariadb => Mariadb::shared().client(),
            Server::Mysql => mysql().client(),
        }))
    }

    fn sandbox(self) -> Sandbox {
        match self.server {
            Server::Sqlite => Sandbox::guarded(),
            Server::Postgres => Sandbox::on(Postgres::shared().database()),
            Server::Postgres18 => Sandbox::on(Postgres::shared_of(18).database()),
            Server::Mariadb => Sandbox::on(Mariadb::shared().database()),
            Server::Mysql => Sandbox::on(mysql().database()),
        }
    }

    fn args<'a>(self, args: &[&'a str]) -> Vec<&'a str> {
        [args, &["--lock", self.lock]].concat()
    }

    fn run(self, sandbox: &Sandbox, args: &[&str]) -> Run {
        finish(&mut sandbox.command(&self.args(args)))
    }

    fn start(self, sandbox: &Sandbox, args: &[&str]) -> Child {
        waiting::start(sandbox, &self.args(args))
    }

    /// A statement that takes as long as it takes to find it with [`Place::wait_for_statement`].
    fn slow(self, seconds: u32) -> String {
        match self.server {
            Server::Sqlite => unreachable!("SQLite cannot sleep"),
            Server::Postgres | Server::Postgres18 => format!("SELECT pg_sleep({seconds});"),
            Server::Mariadb | Server::Mysql => format!("DO SLEEP({seconds});"),
        }
    }

    /// Waits until the server works on a statement that has `text` in it.
    fn wait_for_statement(self, sandbox: &Sandbox, text: &str) {
        let running = match self.server {
            Server::Sqlite => unreachable!("SQLite does not tell"),
            Server::Postgres | Server::Postgres18 => format!(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%{text}%' AND state = 'active'
                    AND datname = current_database() AND pid <> pg_backend_pid()"
            ),
            Server::Mariadb | Server::Mysql => format!(
                "SELECT 1 FROM {} WHERE info LIKE '%{text}%'
                    AND db = database() AND id <> connection_id()",
                // MySQL's older table cannot be read while a session's text cannot be shown.
                match self.server {
                    Server::Mysql => "performance_schema.processlist",
                    _ => "information_schema.processlist",
                }
            ),
        };
        wait_until(text, || !sandbox.rows(&running).is_empty());
    }
}

fn mysql() -> &'static Mysql {
    Mysql::shared().expect("it is not left out")
}

fn rounds() -> usize {
    if is_full() { 20 } else { 3 }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it never came: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn plugin(sandbox: &Sandbox) {
    sandbox.sql_plugin(
        "acme/counter",
        &[
            (
                "1.0.0-1700000000-create",
                "CREATE TABLE hits (n INTEGER NOT NULL); INSERT INTO hits VALUES (0);",
                "DROP TABLE hits;",
            ),
            // Run twice, these show.
            ("1.1.0-1700000001-one", "UPDATE hits SET n = n + 1;", "UPDATE hits SET n = n - 1;"),
            ("1.2.0-1700000002-ten", "UPDATE hits SET n = n + 10;", "UPDATE hits SET n = n - 10;"),
        ],
    );
}

/// Every round begins without the runner's own tables, so that making them is part of the race.
fn sixteen_deploys_at_once(place: Place) {
    for round in 0..rounds() {
        let sandbox = place.sandbox();
        plugin(&sandbox);
        let runs: Vec<Run> = thread::scope(|scope| {
            let deploy = || place.run(&sandbox, &["deploy", "plugins"]);
            let runs: Vec<_> = (0..RUNNERS).map(|_| scope.spawn(deploy)).collect();
            runs.into_iter().map(|run| run.join().expect("joins")).collect()
        });
        for run in &runs {
            assert!(matches!(run.code, Some(0 | 5)), "{place:?}, round {round}: {run:#?}");
        }
        assert!(runs.iter().any(|run| run.code == Some(0)), "{place:?}, round {round}");
        assert_eq!(sandbox.rows("SELECT n FROM hits"), ["11"], "{place:?}, round {round}");
        let done = sandbox.rows("SELECT count(*) FROM alteration_history WHERE event = 'done'");
        assert_eq!(done, ["3"], "{place:?}, round {round}");
    }
    println!("{place:?}: {} rounds of {RUNNERS} runners, each alteration once", rounds());
}

fn deploys_and_rollbacks_at_once(place: Place) {
    for round in 0..rounds() {
        let sandbox = place.sandbox();
        plugin(&sandbox);
        sandbox.ok(&place.args(&["deploy", "plugins"]));
        let deploy: &[&str] = &["deploy", "plugins"];
        let rollback: &[&str] = &["rollback", "--steps", "1"];
        thread::scope(|scope| {
            for args in [deploy, rollback, deploy, rollback, deploy] {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    let run = place.run(sandbox, args);
                    // Whoever planned something that another one has done meanwhile may say so.
                    assert!(matches!(run.code, Some(0 | 4)), "{place:?} {args:?}: {run:#?}");
                });
            }
        });
        let applied = sandbox.state().iter().filter(|row| row.ends_with(" applied")).count();
        let hits = if applied == 0 { vec![] } else { sandbox.rows("SELECT n FROM hits") };
        let expected: &[&str] = [&[][..], &["0"], &["1"], &["11"]][applied];
        assert_eq!(hits, expected, "{place:?}, round {round}: {:?}", sandbox.state());
        sandbox.ok(&place.args(deploy));
        assert_eq!(sandbox.rows("SELECT n FROM hits"), ["11"], "{place:?}, round {round}");
    }
}

macro_rules! races {
    ($($(#[$only:meta])? $name:ident: $place:expr;)*) => {
        $(mod $name {
            #[test]
            fn sixteen_deploys_at_once_apply_once() {
                super::beside_noise($place, super::sixteen_deploys_at_once);
            }

            #[test]
            $(#[$only])?
            fn deploys_and_rollbacks_race_to_a_consistent_end() {
                super::beside_noise($place, super::deploys_and_rollbacks_at_once);
            }
        })*
    };
}

fn beside_noise(place: Place, race: fn(Place)) {
    if !place.is_left_out() {
        let _noise = place.noise();
        race(place);
    }
}

races! {
    sqlite: super::SQLITE;
    postgres: super::POSTGRES;
    postgres_lease: super::POSTGRES_LEASE;
    #[ignore = "RUNNER_FULL=1"] postgres_18: super::POSTGRES_18;
    #[ignore = "RUNNER_FULL=1"] postgres_18_lease: super::POSTGRES_18_LEASE;
    mariadb: super::MARIADB;
    mariadb_lease: super::MARIADB_LEASE;
    #[ignore = "RUNNER_FULL=1"] mysql: super::MYSQL;
    #[ignore = "RUNNER_FULL=1"] mysql_lease: super::MYSQL_LEASE;
}

/// An index is built for a while without holding anybody up, and a second one after it.
fn indexed() -> Sandbox {
    let sandbox = POSTGRES.sandbox();
    sandbox.sql("CREATE TABLE many AS SELECT i AS n FROM generate_series(1, 200000) i");
    let id = "sources/acme/index/1.0.0-1700000000-index";
    sandbox.write(
        &format!("{id}.before-up.sql"),
        "CREATE INDEX CONCURRENTLY many_n ON many (n); CREATE INDEX CONCURRENTLY many_m ON many ((n * 2));",
    );
    sandbox.write(&format!("{id}.up.sql"), "CREATE TABLE built (n integer);");
    sandbox.write(&format!("{id}.down.sql"), "DROP TABLE built;");
    let pack = ["pack", "sources/acme/index", "--plugin", "acme/index", "--out", "plugins"];
    sandbox.ok(&pack);
    sandbox
}

#[test]
fn an_index_is_built_concurrently_while_others_poll() {
    for place in [POSTGRES, POSTGRES_LEASE] {
        for round in 0..rounds() {
            let sandbox = indexed();
            thread::scope(|scope| {
                for _ in 0..9 {
                    scope.spawn(|| {
                        let run = place.run(&sandbox, &["deploy", "plugins"]);
                        assert_eq!(run.code, Some(0), "{place:?}, round {round}: {run:#?}");
                    });
                }
            });
            let valid = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                WHERE c.relname IN ('many_n', 'many_m') AND i.indisvalid";
            assert_eq!(sandbox.rows(valid), ["2"], "{place:?}, round {round}");
        }
    }
}

/// A plugin whose second alteration takes `seconds`.
fn slow_plugin(place: Place, sandbox: &Sandbox, seconds: u32) {
    let slow = format!("{} UPDATE hits SET n = n + 1;", place.slow(seconds));
    sandbox.sql_plugin(
        "acme/counter",
        &[
            (
                "1.0.0-1700000000-create",
                "CREATE TABLE hits (n INTEGER NOT NULL); INSERT INTO hits VALUES (0);",
                "DROP TABLE hits;",
            ),
            ("1.1.0-1700000001-slow", &slow, "UPDATE hits SET n = n - 1;"),
            ("1.2.0-1700000002-ten", "UPDATE hits SET n = n + 10;", "UPDATE hits SET n = n - 10;"),
        ],
    );
}

#[test]
fn losers_say_who_holds_the_lock_and_since_when() {
    for place in [POSTGRES, POSTGRES_LEASE, MARIADB, MARIADB_LEASE] {
        let sandbox = place.sandbox();
        slow_plugin(place, &sandbox, 600);
        let mut holder = place.start(&sandbox, &["deploy", "plugins"]);
        place.wait_for_statement(&sandbox, "(600)");
        for args in [&["deploy", "plugins"][..], &["rollback", "--steps", "1"]] {
            let loser = place.run(&sandbox, &[args, &["--lock-timeout", "0s"]].concat());
            assert_eq!(loser.code, Some(5), "{place:?}: {loser:#?}");
            let named = format!("process {} of ", holder.id());
            assert!(loser.stderr.contains(&named), "{place:?}: {}", loser.stderr);
            assert!(loser.stderr.contains(", since 20"), "{place:?}: {}", loser.stderr);
        }
        holder.kill().expect("kills");
        holder.wait().expect("ends");
    }
}

#[test]
fn a_killed_holder_leaves_no_lock() {
    let sandbox = Sandbox::guarded();
    sandbox.sql_plugin(
        "acme/slow",
        &[("1.0.0-1700000000-slow", "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 1000000000;", "")],
    );
    let mut holder = sandbox
        .command(&["deploy", "plugins"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let lock = sandbox.path().join("app.db.runner-lock");
    wait_until("the lock file", || lock.exists());
    let loser = sandbox.runner(&["deploy", "plugins", "--lock-timeout", "0s"]);
    assert_eq!(loser.code, Some(5), "{loser:#?}");
    assert!(loser.stderr.contains(&format!("process {} of", holder.id())), "{}", loser.stderr);
    holder.kill().expect("kills");
    holder.wait().expect("waits");
    std::fs::remove_dir_all(sandbox.path().join("plugins")).expect("removed");
    sandbox.sql_plugin("acme/other", &[("1.0.0-1700000000-x", "CREATE TABLE x (y);", "")]);
    sandbox.ok(&["deploy", "plugins", "--lock-timeout", "0s"]);
}

/// Checks what one runner did and another went on with: all of it is there, once.
fn assert_once(place: Place, sandbox: &Sandbox) {
    assert_eq!(sandbox.rows("SELECT n FROM hits"), ["11"], "{place:?}");
    let done = sandbox.rows("SELECT count(*) FROM alteration_history WHERE event = 'done'");
    assert_eq!(done, ["3"], "{place:?}");
    let applied = sandbox.state().iter().filter(|row| row.ends_with(" applied")).count();
    assert_eq!(applied, 3, "{place:?}");
}

#[test]
fn a_killed_holder_on_a_server_is_followed_by_the_next() {
    for place in [POSTGRES, POSTGRES_LEASE, MARIADB, MARIADB_LEASE] {
        let sandbox = place.sandbox();
        slow_plugin(place, &sandbox, 3);
        let lease: &[&str] = if place.lock == "lease" { &["--lease-time", "2s"] } else { &[] };
        let args = [&["deploy", "plugins"], lease].concat();
        let mut holder = place.start(&sandbox, &args);
        place.wait_for_statement(&sandbox, "(3)");
        holder.kill().expect("kills");
        holder.wait().expect("ends");
        sandbox.ok(&place.args(&args));
        assert_once(place, &sandbox);
    }
}

#[test]
fn a_paused_lease_holder_cannot_commit_any_more() {
    use rustix::process::Signal;
    for place in [POSTGRES_LEASE, MARIADB_LEASE] {
        for _ in 0..rounds().min(5) {
            let sandbox = place.sandbox();
            slow_plugin(place, &sandbox, 2);
            let args = ["deploy", "plugins", "--lease-time", "1s"];
            let paused = place.start(&sandbox, &args);
            place.wait_for_statement(&sandbox, "(2)");
            signal(&paused, Signal::STOP);
            let next = place.run(&sandbox, &args);
            assert_eq!(next.code, Some(0), "{place:?}: {next:#?}");
            assert_once(place, &sandbox);
            signal(&paused, Signal::CONT);
            let paused = ended(paused);
            assert_eq!(paused.code, Some(5), "{place:?}: {paused:#?}");
            assert!(paused.stderr.contains("took the lease over"), "{place:?}: {paused:#?}");
            assert_once(place, &sandbox);
        }
    }
}

/// Returns what a runner said at its end, without the long plan before it.
fn last_words(run: &Run) -> String {
    let lines: Vec<&str> = run.stderr.lines().collect();
    lines[lines.len().saturating_sub(6)..].join("\n")
}

/// Stopped wherever it happens to be: in a transaction, between two, in a heartbeat.
#[test]
fn a_lease_holder_paused_anywhere_cannot_commit_any_more() {
    use rustix::process::Signal;
    for place in [POSTGRES_LEASE, MARIADB_LEASE] {
        for round in 0..rounds() {
            let sandbox = place.sandbox();
            let one = "UPDATE hits SET n = n + 1;";
            let ids: Vec<String> =
                (1..40).map(|n| format!("1.{n}.0-{}-one", 1_700_000_000 + n)).collect();
            let create = "CREATE TABLE hits (n INTEGER NOT NULL); INSERT INTO hits VALUES (0);";
            let mut alterations = vec![("1.0.0-1700000000-create", create, "")];
            alterations.extend(ids.iter().map(|id| (id.as_str(), one, "")));
            sandbox.sql_plugin("acme/counter", &alterations);
            let args = ["deploy", "plugins", "--lease-time", "1s"];
            let paused = place.start(&sandbox, &args);
            let begun = match place.server {
                Server::Mariadb | Server::Mysql => "SHOW TABLES LIKE 'hits'",
                _ => "SELECT 1 FROM pg_class WHERE relname = 'hits'",
            };
            wait_until("the first table", || !sandbox.rows(begun).is_empty());
            let enough = format!("SELECT 1 FROM hits WHERE n >= {}", 2 * round.min(18));
            wait_until("the first rows", || !sandbox.rows(&enough).is_empty());
            signal(&paused, Signal::STOP);
            let next = place.run(&sandbox, &args);
            assert_eq!(next.code, Some(0), "{place:?}: {}", last_words(&next));
            signal(&paused, Signal::CONT);
            let paused = ended(paused);
            let words = last_words(&paused);
            assert!(matches!(paused.code, Some(0 | 5)), "{place:?}: {words}");
            assert_eq!(sandbox.rows("SELECT n FROM hits"), ["39"], "{place:?}: {words}");
            let done = "SELECT count(*) FROM alteration_history WHERE event = 'done'";
            assert_eq!(sandbox.rows(done), ["40"], "{place:?}");
        }
    }
}
