//! Locks, waits and crashes as MySQL and MariaDB have them: beside noise, with a bound on time, and
//! with sessions that outlive their runner.

use crate::{
    matrix,
    support::{
        Run, Sandbox, finish,
        servers::{Client, Mariadb, Mysql, Noise, Role},
    },
    waiting::{ended, signal, start, until, with_release},
};
use rustix::process::Signal;
use std::{process::Child, thread};

const RACERS: usize = 8;

/// A server, and a name for messages.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    client: &'static Client,
    make: fn() -> Sandbox,
}

/// MariaDB, and MySQL unless the run goes without.
fn places() -> Vec<Place> {
    let mariadb = Place {
        name: "MariaDB",
        client: Mariadb::shared().client(),
        make: || Sandbox::on(Mariadb::shared().database()),
    };
    let mysql = Mysql::shared().map(|server| Place {
        name: "MySQL",
        client: server.client(),
        make: || Sandbox::on(Mysql::shared().expect("it is there").database()),
    });
    [Some(mariadb), mysql].into_iter().flatten().collect()
}

impl Place {
    /// Sessions in the sandbox's database whose statement contains `words`.
    fn sessions(self, sandbox: &Sandbox, words: &str) -> Vec<String> {
        self.listed(sandbox, |line| line.contains(words))
    }

    /// Sessions in the sandbox's database of which the server shows what is wanted: what they do, and
    /// their statement. By a list that no text of another session can break.
    fn listed(self, sandbox: &Sandbox, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let schema = if self.name == "MySQL" { "performance_schema" } else { "information_schema" };
        let sql = format!(
            "SELECT CONCAT_WS(' ', id, command, info) FROM {schema}.processlist
             WHERE db = '{}' AND id <> CONNECTION_ID();",
            sandbox.server().name()
        );
        let rows = self.client.rows(Role::Administrator, "", &sql);
        let found = rows.iter().filter_map(|row| row.split_once(' '));
        found.filter(|(_, shown)| is_wanted(shown)).map(|(id, _)| id.to_owned()).collect()
    }

    /// Waits until a change of `items` has waited for a lock, given up and waits again.
    fn until_it_waited_twice(self, sandbox: &Sandbox) {
        let waits = || !self.sessions(sandbox, "ALTER TABLE items").is_empty();
        until(waits);
        until(|| !waits());
        until(waits);
    }

    /// Runs `body` while another transaction holds what `sql` locks; `body` ends that transaction by
    /// calling what it is given. The session that holds it comes with it: it is one of the runner's
    /// own user, and its statement has an emoji in it.
    fn while_held(self, sandbox: &Sandbox, sql: &str, body: impl FnOnce(&str, &dyn Fn())) {
        let name = sandbox.server().name();
        let hold = format!("START TRANSACTION; {sql}; DO SLEEP(10000) /* \u{1f389} */;");
        thread::scope(|scope| {
            // It ends with an error, because its session is ended.
            scope.spawn(move || self.client.try_sql(Role::Runner, name, &hold));
            let held = || self.sessions(sandbox, "SLEEP(10000)");
            let release = || {
                for session in held() {
                    let kill = format!("KILL {session};");
                    let _ = self.client.try_sql(Role::Administrator, "", &kill);
                }
            };
            until(|| !held().is_empty());
            let holder = held().concat();
            with_release(&release, || body(&holder, &release));
        });
    }
}

/// Packs `items`, and a second alteration that is `sql`.
fn items(place: Place, sql: &str) -> Sandbox {
    let sandbox = (place.make)();
    let create =
        "CREATE TABLE items (n INTEGER NOT NULL) ENGINE=InnoDB; INSERT INTO items VALUES (0);";
    sandbox.sql_plugin(
        "acme/items",
        &[("1.0.0-1700000000-items", create, ""), ("1.1.0-1700000001-second", sql, "")],
    );
    sandbox.ok(&["deploy", "plugins", "--yes", "--target", "acme/items@1.0.0"]);
    sandbox
}

const DEPLOY: &[&str] = &["deploy", "plugins", "--yes"];

fn deploy<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [DEPLOY, more].concat()
}

fn items_are(sandbox: &Sandbox, expected: &str, place: Place) {
    assert_eq!(sandbox.rows("SELECT n FROM items"), [expected], "{}", place.name);
    let open = "SELECT count(*) FROM alteration_journal";
    assert_eq!(sandbox.rows(open), ["0"], "{}", place.name);
}

#[test]
fn runners_wait_for_each_other_beside_noise() {
    for place in places() {
        let noise = Noise::beside(place.client);
        let sandbox = items(place, "DO SLEEP(2); UPDATE items SET n = n + 1;");
        place.while_held(&sandbox, "DO 1", |_, _| {
            let first = start(&sandbox, DEPLOY);
            until(|| !place.sessions(&sandbox, "SLEEP(2)").is_empty());
            let loser = sandbox.runner(&deploy(&["--lock-timeout", "0s"]));
            assert_eq!(loser.code, Some(5), "{}: {loser:#?}", place.name);
            let named = format!("process {} of ", first.id());
            assert!(loser.stderr.contains(&named), "{}: {}", place.name, loser.stderr);
            let second = sandbox.runner(DEPLOY);
            assert_eq!(second.code, Some(0), "{}: {second:#?}", place.name);
            assert_eq!(ended(first).code, Some(0), "{}", place.name);
        });
        items_are(&sandbox, "1", place);
        drop(noise);
    }
}

#[test]
fn a_killed_runner_is_followed_by_the_next_beside_noise() {
    for place in places() {
        let noise = Noise::beside(place.client);
        for lease in [&[][..], &["--lock", "lease", "--lease-time", "2s"]] {
            let sandbox = items(place, "DO SLEEP(3); UPDATE items SET n = n + 1;");
            place.while_held(&sandbox, "DO 1", |_, _| {
                let mut first = start(&sandbox, &deploy(lease));
                until(|| !place.sessions(&sandbox, "SLEEP(3)").is_empty());
                first.kill().expect("it runs");
                first.wait().expect("it ends");
                let next = sandbox.runner(&deploy(lease));
                assert_eq!(next.code, Some(0), "{}: {next:#?}", place.name);
            });
            items_are(&sandbox, "1", place);
        }
        drop(noise);
    }
}

#[test]
fn eight_runners_race_beside_noise() {
    let rounds = if crate::support::servers::is_full() { 10 } else { 1 };
    for place in places() {
        let noise = Noise::beside(place.client);
        let mut codes = std::collections::BTreeMap::new();
        for round in 0..rounds {
            let sandbox = (place.make)();
            let create = "CREATE TABLE items (n INTEGER NOT NULL); INSERT INTO items VALUES (0);";
            // Bytes that are no text, and an emoji, in what the runners send.
            let blob = "CREATE TABLE blobs (b LONGBLOB, t TEXT CHARACTER SET utf8mb4);
                INSERT INTO blobs VALUES (x'f61b401c018f', '\u{1f600}');";
            let add = "UPDATE items SET n = n + 1;";
            sandbox.sql_plugin(
                "acme/items",
                &[
                    ("1.0.0-1700000000-items", create, ""),
                    ("1.1.0-1700000001-blob", blob, ""),
                    ("1.2.0-1700000002-add", add, ""),
                ],
            );
            let runs: Vec<Run> = thread::scope(|scope| {
                let run = || finish(&mut sandbox.command(DEPLOY));
                let runs: Vec<_> = (0..RACERS).map(|_| scope.spawn(run)).collect();
                runs.into_iter().map(|run| run.join().expect("joins")).collect()
            });
            for run in runs {
                *codes.entry(run.code).or_insert(0_usize) += 1;
                assert_eq!(run.code, Some(0), "{}, round {round}: {run:#?}", place.name);
            }
            items_are(&sandbox, "1", place);
            let done = sandbox.rows("SELECT count(*) FROM alteration_history WHERE event = 'done'");
            assert_eq!(done, ["3"], "{}, round {round}", place.name);
        }
        println!(
            "{}: {rounds} rounds of {RACERS} runners beside noise, exit codes {codes:?}",
            place.name
        );
        drop(noise);
    }
}

/// A table of ten rows; twelve of them together have more than anybody would wait for.
const TENS: &str = "CREATE TABLE tens AS SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3
    UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8
    UNION ALL SELECT 9 UNION ALL SELECT 10;";

#[test]
fn a_statement_is_ended_when_its_time_is_up() {
    for place in places() {
        let slow = [
            // A change of the schema, and statements without one.
            "CREATE TABLE slow AS SELECT SUM(a.n) AS n FROM tens a, tens b, tens c, tens d, tens e,
                tens f, tens g, tens h, tens i, tens j, tens k, tens l;",
            "DO SLEEP(600);",
            "INSERT INTO items SELECT SLEEP(600);",
            "SELECT SLEEP(600);",
        ];
        for sql in slow {
            let sandbox = items(place, &format!("{TENS} {sql}"));
            let run = sandbox.runner(&deploy(&["--statement-timeout", "500ms"]));
            assert_eq!(run.code, Some(1), "{}, {sql}: {run:#?}", place.name);
            let told = run.stderr.contains("the statement took longer than 500 ms");
            assert!(told, "{}, {sql}: {}", place.name, run.stderr);
            assert!(run.stderr.contains("`--statement-timeout`"), "{}: {}", place.name, run.stderr);
            assert!(place.sessions(&sandbox, "/* runner:").is_empty(), "{}, {sql}", place.name);
            let tables = sandbox.rows("SHOW TABLES LIKE 'slow'");
            assert!(tables.is_empty(), "{}, {sql}: {tables:?}", place.name);
            assert_eq!(sandbox.rows("SELECT n FROM items"), ["0"], "{}, {sql}", place.name);
            let open = "SELECT count(*) FROM alteration_journal WHERE status = 'started'";
            assert_eq!(sandbox.rows(open), ["0"], "{}, {sql}", place.name);
        }
    }
}

/// A time-out in a wait for a lock of a table: undone, told whom it waited for, and gone on with.
#[test]
fn a_schema_change_that_waits_is_ended_when_its_time_is_up() {
    for place in places() {
        let sandbox =
            items(place, "CREATE TABLE first (n INTEGER); ALTER TABLE items ADD m INTEGER;");
        let patient = ["--table-lock-timeout", "1h", "--statement-timeout", "1500ms"];
        place.while_held(&sandbox, "SELECT * FROM items", |holder, _| {
            let run = sandbox.runner(&deploy(&patient));
            assert_eq!(run.code, Some(1), "{}: {run:#?}", place.name);
            let told = run.stderr.contains("the statement took longer than 1500 ms");
            assert!(told, "{}: {}", place.name, run.stderr);
            let named = run.stderr.contains(&format!("session {holder} "));
            assert!(named, "{}, {holder}: {}", place.name, run.stderr);
        });
        sandbox.ok(&deploy(&patient));
        assert_eq!(sandbox.rows("SELECT m IS NULL FROM items"), ["1"], "{}", place.name);
        items_are(&sandbox, "0", place);
    }
}

#[test]
fn retries_go_on_in_the_journal_and_name_whom_they_wait_for() {
    for place in places() {
        let sandbox = items(
            place,
            "CREATE TABLE first (n INTEGER); INSERT INTO first VALUES (1); ALTER TABLE items ADD m INTEGER;",
        );
        let args = ["--table-lock-timeout", "1s", "--retries"];
        place.while_held(&sandbox, "SELECT * FROM items", |holder, release| {
            let once = sandbox.runner(&deploy(&[&args[..], &["0"]].concat()));
            assert_eq!(once.code, Some(1), "{}: {once:#?}", place.name);
            let named = once.stderr.contains(&format!("session {holder} "));
            assert!(named, "{}, {holder}: {}", place.name, once.stderr);
            let again = start(&sandbox, &deploy(&[&args[..], &["1000"]].concat()));
            place.until_it_waited_twice(&sandbox);
            release();
            let again = ended(again);
            assert_eq!(again.code, Some(0), "{}: {again:#?}", place.name);
        });
        assert_eq!(sandbox.rows("SELECT n FROM first"), ["1"], "{}", place.name);
        items_are(&sandbox, "0", place);
    }
}

/// As above, where the first attempt itself had statements that took effect.
#[test]
fn a_first_attempt_is_retried_after_its_statements_took_effect() {
    for place in places() {
        let sandbox = items(
            place,
            "CREATE TABLE first (n INTEGER); INSERT INTO first VALUES (1); ALTER TABLE items ADD m INTEGER;",
        );
        let args = ["--table-lock-timeout", "1s", "--retries", "1000"];
        place.while_held(&sandbox, "SELECT * FROM items", |_, release| {
            let first = start(&sandbox, &deploy(&args));
            place.until_it_waited_twice(&sandbox);
            release();
            let first = ended(first);
            assert_eq!(first.code, Some(0), "{}: {first:#?}", place.name);
        });
        assert_eq!(sandbox.rows("SELECT n FROM first"), ["1"], "{}", place.name);
        items_are(&sandbox, "0", place);
    }
}

/// Deploys until a statement of the hook sleeps, and pauses the runner there until its transaction is idle.
fn paused(place: Place, sandbox: &Sandbox, args: &[&str]) -> Child {
    let paused = start(sandbox, args);
    until(|| !place.sessions(sandbox, "SLEEP(2)").is_empty());
    let held = place.sessions(sandbox, "SLEEP(2)");
    signal(&paused, Signal::STOP);
    let idle = || place.listed(sandbox, |line| line.starts_with("Sleep"));
    until(|| held.iter().all(|session| idle().contains(session)));
    paused
}

/// Lets a paused runner go on, which finds that another one took its lease over.
fn finds_its_lease_gone(place: Place, paused: Child) {
    signal(&paused, Signal::CONT);
    let paused = ended(paused);
    assert_eq!(paused.code, Some(5), "{}: {paused:#?}", place.name);
    assert!(paused.stderr.contains("took the lease over"), "{}: {paused:#?}", place.name);
}

/// Paused in a transaction that holds the ledger's row. MySQL would let it be idle for hours.
#[test]
fn a_lease_is_taken_over_from_a_holder_that_is_idle_in_a_transaction() {
    for place in places() {
        let sandbox = items(place, "UPDATE items SET n = n + 1; DO SLEEP(2);");
        // MariaDB would end the idle transaction by itself after twice the time.
        let args = deploy(&["--lock", "lease", "--lease-time", "3s"]);
        let paused = paused(place, &sandbox, &args);
        let next = sandbox.runner(&args);
        assert_eq!(next.code, Some(0), "{}: {next:#?}", place.name);
        items_are(&sandbox, "1", place);
        finds_its_lease_gone(place, paused);
        items_are(&sandbox, "1", place);
    }
}

/// Paused in a transaction of the hook's own session, whose locks a person needs who brings things in order.
#[test]
fn a_lease_is_taken_over_from_a_stretch_that_is_idle_in_a_transaction() {
    for place in places() {
        let up = "SET @one = (SELECT 1); START TRANSACTION; UPDATE items SET n = n + @one; DO SLEEP(2); COMMIT;";
        let sandbox = items(place, up);
        let args = deploy(&["--lock", "lease", "--lease-time", "3s"]);
        let paused = paused(place, &sandbox, &args);
        let next = sandbox.runner(&args);
        assert_eq!(next.code, Some(4), "{}: {next:#?}", place.name);
        assert!(next.stderr.contains("DO SLEEP(2)"), "{}: {next:#?}", place.name);
        sandbox.sql("UPDATE items SET n = 5;");
        finds_its_lease_gone(place, paused);
        assert_eq!(sandbox.rows("SELECT n FROM items"), ["5"], "{}", place.name);
        sandbox.ok(&["resolve", "acme/items", "1.1.0-1700000001-second", "--as", "reverted"]);
        sandbox.ok(&args);
        items_are(&sandbox, "6", place);
    }
}

/// Kills a deploy when the server has answered a statement of `sql` that commits by itself, before
/// that is recorded.
fn killed_after_a_commit(place: Place, sql: &str) -> Sandbox {
    let sandbox = items(place, sql);
    let copy = Sandbox::on(sandbox.server().copy());
    let plugins = sandbox.path().join("plugins").display().to_string();
    let args = ["deploy".to_owned(), plugins, "--yes".to_owned()];
    let (_, points) = matrix::trace(&copy, &args);
    let point = points.iter().position(|point| point.contains("after a statement that commits"));
    let point = (point.expect("there is one") + 1).to_string();
    let mut command = sandbox.command(DEPLOY);
    let killed = finish(command.env("RUNNER_CRASH_AT", point));
    assert_eq!(killed.code, None, "{}: {killed:#?}", place.name);
    sandbox
}

#[test]
fn a_table_that_is_filled_as_it_is_made_is_verified() {
    for place in places() {
        for sql in [
            "CREATE TABLE filled AS SELECT n + 41 AS n FROM items;",
            "CREATE TABLE filled (n INTEGER) SELECT n + 41 AS n FROM items;",
        ] {
            let sandbox = killed_after_a_commit(place, sql);
            sandbox.ok(DEPLOY);
            assert_eq!(sandbox.rows("SELECT n FROM filled"), ["41"], "{}, {sql}", place.name);
            items_are(&sandbox, "0", place);
        }
    }
}

#[test]
fn what_is_not_known_is_not_told_as_done() {
    for place in places() {
        let sandbox = killed_after_a_commit(place, "TRUNCATE TABLE items;");
        let stopped = sandbox.runner(DEPLOY);
        assert_eq!(stopped.code, Some(4), "{}: {stopped:#?}", place.name);
        let stderr = &stopped.stderr;
        assert!(stderr.contains("not known whether this statement took effect"), "{stderr}");
        assert!(!stderr.contains("took effect: TRUNCATE"), "{}: {stderr}", place.name);
        assert!(stderr.contains("0 statements of it took effect"), "{}: {stderr}", place.name);
        let id = "1.1.0-1700000001-second";
        sandbox.ok(&["resolve", "acme/items", id, "--statement", "done"]);
        sandbox.ok(DEPLOY);
    }
}
