//! Kills while the server works on a statement: it runs on for nobody, and the next deploy copes.
//!
//! What holds the statement up is a transaction of the test's own, or the statement itself. Nothing
//! is timed: each step waits until the server shows what it waits for.

use crate::{
    place::Place,
    support::{Sandbox, servers::Role},
    waiting::{ended, start, until, with_release},
};
use std::{process::Child, thread};

impl Place {
    /// Server sessions whose statement contains `words`, except those that ask.
    fn sessions(self, sandbox: &Sandbox, words: &str) -> Vec<String> {
        sandbox.rows(&match self {
            Self::Mariadb => format!(
                "SELECT id FROM information_schema.processlist
                 WHERE db = DATABASE() AND id <> CONNECTION_ID() AND info LIKE '%{words}%'"
            ),
            _ => format!(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                 AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%{words}%'"
            ),
        })
    }

    /// Those of them that wait for somebody else's lock.
    fn waiting(self, sandbox: &Sandbox, words: &str) -> Vec<String> {
        let mut sessions = self.sessions(sandbox, words);
        let waits = match self {
            Self::Mariadb => {
                "SELECT id FROM information_schema.processlist
                 WHERE state LIKE 'Waiting for%' OR state IN ('Updating', 'updating')"
            }
            _ => "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
        };
        let waits = sandbox.rows(waits);
        sessions.retain(|session| waits.contains(session));
        sessions
    }
}

/// Runs `body` while another transaction holds what `sql` locks; ends that transaction when `body`
/// says so by calling what it is given.
fn while_held(place: Place, sandbox: &Sandbox, sql: &str, body: impl FnOnce(&dyn Fn())) {
    let name = sandbox.server().name();
    let hold = match place {
        Place::Mariadb => format!("START TRANSACTION; {sql}; DO SLEEP(10000);"),
        _ => format!("BEGIN; {sql}; SELECT pg_sleep(10000);"),
    };
    let held = if place == Place::Mariadb { "SLEEP(10000)" } else { "pg_sleep(10000)" };
    thread::scope(|scope| {
        // It ends with an error, because its session is ended.
        scope.spawn(move || place.client().try_sql(Role::Runner, name, &hold));
        let release = || {
            for session in place.sessions(sandbox, held) {
                let end = match place {
                    Place::Mariadb => format!("KILL {session};"),
                    _ => format!("SELECT pg_terminate_backend({session});"),
                };
                let _ = place.client().try_sql(Role::Administrator, name, &end);
            }
        };
        until(|| !place.sessions(sandbox, held).is_empty());
        with_release(&release, || body(&release));
    });
}

/// Waits for a condition that a running deploy will bring about.
fn until_in(child: &mut Child, mut holds: impl FnMut() -> bool) {
    until(|| {
        let holds = holds();
        let ended = child.try_wait().expect("it can be asked");
        assert!(holds || ended.is_none(), "it ended before: {ended:?}");
        holds
    });
}

fn killed(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

fn done(child: Child) {
    let run = ended(child);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// `items` is deployed; the alteration to be killed is written by `files`, as `(hook, sql)`.
fn items(place: Place, files: &[(&str, &str)]) -> Sandbox {
    let sandbox = place.sandbox();
    let items = "1.0.0-1700000000-items";
    let rows = "CREATE TABLE items (id INTEGER PRIMARY KEY, hits INTEGER NOT NULL);
        INSERT INTO items (id, hits) VALUES (1, 0), (2, 0), (3, 0);";
    sandbox.write("sources/acme/items/alteration.toml", "plugin = \"acme/items\"\n");
    sandbox.write(&format!("sources/acme/items/{items}.up.sql"), rows);
    sandbox.ok(&["pack", "sources/acme/items", "--out", "plugins"]);
    sandbox.ok(&["deploy", "plugins"]);
    for (hook, sql) in files {
        sandbox.write(&format!("sources/acme/items/1.1.0-1700000001-slow.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources/acme/items", "--out", "plugins", "--replace"]);
    sandbox
}

fn hits(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT hits FROM items ORDER BY id")
}

fn invalid_indexes(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid")
}

/// With more patience than the test has, so that it is not the time that ends a statement.
const DEPLOY: &[&str] = &["deploy", "plugins", "--table-lock-timeout", "1h"];
const UNDER_LEASE: &[&str] =
    &["deploy", "plugins", "--table-lock-timeout", "1h", "--lock", "lease", "--lease-time", "2s"];

const INDEX: &str = "CREATE INDEX CONCURRENTLY items_hits ON items (hits)";

fn indexed(deploy: &[&str]) {
    let before =
        format!("UPDATE items SET hits = hits + 1; {INDEX}; UPDATE items SET hits = hits + 10;");
    let place = Place::Postgres;
    let sandbox =
        items(place, &[("before-up", &before), ("up", "UPDATE items SET hits = hits + 100")]);
    let hold = "INSERT INTO items (id, hits) VALUES (9, 0)";
    while_held(place, &sandbox, hold, |release| {
        let mut first = start(&sandbox, deploy);
        until_in(&mut first, || !place.waiting(&sandbox, INDEX).is_empty());
        let orphan = place.waiting(&sandbox, INDEX);
        assert_eq!(invalid_indexes(&sandbox), ["items_hits"]);
        killed(first);
        // It copes while the orphan cannot go on by itself: ends it and clears up after it, for
        // which it has to wait in turn.
        let mut second = start(&sandbox, deploy);
        until_in(&mut second, || {
            let now = place.waiting(&sandbox, "INDEX CONCURRENTLY");
            !now.is_empty() && now != orphan
        });
        release();
        done(second);
    });
    assert_eq!(hits(&sandbox), ["111", "111", "111"]);
    assert_eq!(invalid_indexes(&sandbox), [""; 0]);
    assert!(place.has_index(&sandbox, "items_hits"));
    assert!(sandbox.state().iter().all(|row| row.ends_with(" applied")), "{:?}", sandbox.state());
}

#[test]
fn an_index_that_waits_is_started_again() {
    indexed(DEPLOY);
}

/// A lease runs out while the statement of its holder may still be at work.
#[test]
fn an_index_that_waits_is_started_again_under_a_lease() {
    indexed(UNDER_LEASE);
}

/// The orphan comes to its end before the next deploy: what it made is recognised.
#[test]
fn an_index_that_was_finished_for_nobody_is_kept_or_made_again() {
    let place = Place::Postgres;
    let sandbox = items(place, &[("before-up", INDEX), ("up", "UPDATE items SET hits = hits + 1")]);
    while_held(place, &sandbox, "INSERT INTO items (id, hits) VALUES (9, 0)", |release| {
        let mut first = start(&sandbox, DEPLOY);
        until_in(&mut first, || !place.waiting(&sandbox, INDEX).is_empty());
        killed(first);
        release();
    });
    place.wait_until_alone(&sandbox);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(hits(&sandbox), ["1", "1", "1"]);
    assert_eq!(invalid_indexes(&sandbox), [""; 0]);
    assert!(place.has_index(&sandbox, "items_hits"));
}

/// A change of data that waits for a row: killed, and deployed again while it still waits.
fn waits_for_a_row(place: Place) {
    let update = "UPDATE items SET hits = hits + 1";
    let sandbox = items(place, &[("up", update)]);
    let hold = "UPDATE items SET hits = hits WHERE id = 2";
    while_held(place, &sandbox, hold, |release| {
        let mut first = start(&sandbox, DEPLOY);
        until_in(&mut first, || !place.waiting(&sandbox, update).is_empty());
        killed(first);
        let mut second = start(&sandbox, DEPLOY);
        // It waits for the orphan, or got past it and waits for the row.
        until_in(&mut second, || place.sessions(&sandbox, "").len() >= 2);
        release();
        done(second);
    });
    assert_eq!(hits(&sandbox), ["1", "1", "1"]);
}

#[test]
fn an_update_that_waits_on_postgres() {
    waits_for_a_row(Place::Postgres);
}

#[test]
fn an_update_that_waits_on_mariadb() {
    waits_for_a_row(Place::Mariadb);
}

/// A schema change that waits for a table: with the second deploy it waits again, and once only.
fn alters(deploy: &[&str]) {
    let place = Place::Mariadb;
    let alter = "ALTER TABLE items ADD COLUMN more INTEGER NOT NULL DEFAULT 5";
    let up =
        format!("UPDATE items SET hits = hits + 1; {alter}; UPDATE items SET hits = hits + more;");
    let sandbox = items(place, &[("up", &up)]);
    while_held(place, &sandbox, "SELECT count(*) FROM items", |release| {
        let mut first = start(&sandbox, deploy);
        until_in(&mut first, || !place.waiting(&sandbox, alter).is_empty());
        let orphan = place.waiting(&sandbox, alter);
        killed(first);
        let mut second = start(&sandbox, deploy);
        until_in(&mut second, || {
            let now = place.waiting(&sandbox, alter);
            !now.is_empty() && now != orphan
        });
        release();
        done(second);
    });
    assert_eq!(hits(&sandbox), ["6", "6", "6"]);
}

#[test]
fn an_alter_that_waits_is_started_again() {
    alters(DEPLOY);
}

#[test]
fn an_alter_that_waits_is_started_again_under_a_lease() {
    alters(UNDER_LEASE);
}

/// A statement that commits by itself and takes its time: it comes to its end after its runner is
/// gone, and is not run again.
#[test]
fn a_slow_statement_that_commits() {
    let place = Place::Mariadb;
    let create = "CREATE TABLE slept AS SELECT id, SLEEP(0.5) AS slept FROM items";
    let up =
        format!("UPDATE items SET hits = hits + 1; {create}; INSERT INTO slept VALUES (9, 9);");
    let sandbox = items(place, &[("up", &up)]);
    let mut first = start(&sandbox, DEPLOY);
    until_in(&mut first, || !place.sessions(&sandbox, create).is_empty());
    killed(first);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(hits(&sandbox), ["1", "1", "1"]);
    assert_eq!(sandbox.rows("SELECT id FROM slept ORDER BY id"), ["1", "2", "3", "9"]);
}

/// A slow change of data: what it did is gone with its runner, and done once in the end.
#[test]
fn a_slow_update() {
    let place = Place::Mariadb;
    let update = "UPDATE items SET hits = hits + 1 + SLEEP(0.5)";
    let up =
        format!("{update}; CREATE TABLE after_it (x INTEGER); UPDATE items SET hits = hits + 10;");
    let sandbox = items(place, &[("up", &up)]);
    let mut first = start(&sandbox, DEPLOY);
    until_in(&mut first, || !place.sessions(&sandbox, "hits + 1 + SLEEP").is_empty());
    killed(first);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(hits(&sandbox), ["11", "11", "11"]);
}

/// Under a lease nothing says that the statement of a killed holder is over, and it may hold what
/// the next one needs: it is ended. It sleeps too shortly to look for its client, and longer, all
/// in all, than the next one has patience.
fn slept_under_a_lease(statement: &str) -> Sandbox {
    let place = Place::Mariadb;
    let up = format!(
        "UPDATE items SET hits = hits + 1; {statement}; CREATE TABLE after_it (x INTEGER);"
    );
    let sandbox = items(place, &[("up", &up)]);
    let mut deploy = vec!["deploy", "plugins", "--lock", "lease", "--lease-time", "1s"];
    deploy.extend(["--lock-timeout", "5s"]);
    let mut first = start(&sandbox, &deploy);
    until_in(&mut first, || !place.sessions(&sandbox, "SLEEP(4)").is_empty());
    let orphan = place.sessions(&sandbox, "SLEEP(4)");
    killed(first);
    let mut second = start(&sandbox, &deploy);
    until_in(&mut second, || {
        let now = place.sessions(&sandbox, "SLEEP(4)");
        !now.is_empty() && now != orphan
    });
    done(second);
    sandbox
}

#[test]
fn a_slow_update_under_a_lease() {
    let sandbox = slept_under_a_lease("UPDATE items SET hits = hits + 10 + SLEEP(4)");
    assert_eq!(hits(&sandbox), ["11", "11", "11"]);
}

#[test]
fn a_slow_statement_that_commits_under_a_lease() {
    let sandbox =
        slept_under_a_lease("CREATE TABLE slept AS SELECT id, SLEEP(4) AS slept FROM items");
    assert_eq!(hits(&sandbox), ["1", "1", "1"]);
    assert_eq!(sandbox.rows("SELECT id FROM slept ORDER BY id"), ["1", "2", "3"]);
}
