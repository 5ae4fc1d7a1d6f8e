//! The kill matrix: SIGKILL before and after each statement and each step of the apply loop.

use crate::support::{Run, Sandbox, finish};
use std::{fs, os::unix::process::ExitStatusExt};

/// Three alterations of two plugins: schema, data, a rebuild; one of them fails when told to.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin(
        "acme/core",
        &[
            (
                "1.0.0-1700000000-people",
                "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                 INSERT INTO people (name) VALUES ('a'), ('b'), ('c');",
                "DROP TABLE people;",
            ),
            (
                "1.1.0-1700000001-rebuild",
                "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, n INTEGER NOT NULL);
                 INSERT INTO people_new SELECT id, name, id * 10 FROM people;
                 DROP TABLE people;
                 ALTER TABLE people_new RENAME TO people;
                 CREATE INDEX people_n ON people (n);",
                "DROP INDEX people_n;
                 ALTER TABLE people DROP COLUMN n;",
            ),
        ],
    );
    // Not idempotent on purpose: run twice, it shows.
    sandbox.sql_plugin_requiring(
        "globex/ext",
        "\"acme/core\" = \">=1.1\"",
        &[(
            "0.1.0-1600000000-count",
            "UPDATE people SET n = n + 1; INSERT INTO people (name, n) VALUES ('d', 0);",
            "DELETE FROM people WHERE name = 'd'; UPDATE people SET n = n - 1;",
        )],
    );
    sandbox
}

fn crash_at(sandbox: &Sandbox, args: &[&str], point: usize) -> bool {
    let status = sandbox
        .command(args)
        .env("RUNNER_CRASH_AT", point.to_string())
        .output()
        .expect("starts")
        .status;
    status.signal() == Some(9)
}

fn trace(sandbox: &Sandbox, args: &[&str]) -> (Run, Vec<String>) {
    let file = sandbox.path().join("trace");
    let run = finish(sandbox.command(args).env("RUNNER_CRASH_TRACE", &file));
    let points = fs::read_to_string(file).expect("a trace");
    (run, points.lines().map(str::to_owned).collect())
}

/// What must be equal: everything but when, by whom and how often it was tried.
fn end_state(sandbox: &Sandbox) -> String {
    format!("{}{:#?}", sandbox.dump(), sandbox.state())
}

/// What holds at any moment, also right after a kill: an alteration's effect is there exactly
/// when its row says so.
fn assert_consistent(sandbox: &Sandbox, point: usize) {
    assert_eq!(sandbox.rows("PRAGMA integrity_check"), ["ok"], "point {point}");
    let count = |sql: &str| sandbox.rows(sql)[0] != "0";
    let tables = count("SELECT count(*) FROM sqlite_schema WHERE name = 'alteration_state'");
    let applied = |id: &str| {
        tables
            && count(&format!(
                "SELECT count(*) FROM alteration_state WHERE status = 'applied' AND id LIKE '%{id}'"
            ))
    };
    let people = count("SELECT count(*) FROM sqlite_schema WHERE name = 'people'");
    assert_eq!(people, applied("people"), "point {point}");
    let index = count("SELECT count(*) FROM sqlite_schema WHERE name = 'people_n'");
    assert_eq!(index, applied("rebuild"), "point {point}");
    let fourth = people && count("SELECT count(*) FROM people WHERE name = 'd'");
    assert_eq!(fourth, applied("count"), "point {point}");
}

/// Runs `args` once for each of its points, killed there, then `again`, and compares the end.
fn matrix(
    name: &str,
    start: impl Fn() -> Sandbox,
    args: &[&str],
    again: &[&str],
    points_min: usize,
) {
    let whole = start();
    let (run, points) = trace(&whole, args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = end_state(&whole);
    assert!(points.len() >= points_min, "only {} points: {points:#?}", points.len());
    for point in 1..=points.len() {
        let sandbox = start();
        assert!(crash_at(&sandbox, args, point), "point {point} ({}) kills", points[point - 1]);
        assert_consistent(&sandbox, point);
        sandbox.ok(again);
        assert_consistent(&sandbox, point);
        assert_eq!(end_state(&sandbox), expected, "point {point} ({})", points[point - 1]);
    }
    println!("{name}: {} points, {} mended runs", points.len(), points.len());
}

#[test]
fn deploy_survives_a_kill_at_every_point() {
    let deploy = &["deploy", "plugins"];
    matrix("deploy", prepared, deploy, deploy, 60);
}

#[test]
fn rollback_survives_a_kill_at_every_point() {
    let deployed = || {
        let sandbox = prepared();
        sandbox.ok(&["deploy", "plugins"]);
        sandbox
    };
    // All of them; what is left of three when it is run again is at most three.
    let rollback = &["rollback", "--steps", "3"];
    matrix("rollback", deployed, rollback, rollback, 60);
}

/// A deploy whose second alteration fails at its last statement: the index's name is taken.
fn failing() -> Sandbox {
    let sandbox = prepared();
    sandbox.sql("CREATE VIEW people_n AS SELECT 1;");
    sandbox
}

#[test]
fn a_failing_deploy_survives_a_kill_at_every_point() {
    let whole = failing();
    let (run, points) = trace(&whole, &["deploy", "plugins"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let expected = end_state(&whole);
    for point in 1..=points.len() {
        let sandbox = failing();
        assert!(crash_at(&sandbox, &["deploy", "plugins"], point), "point {point} kills");
        let again = sandbox.runner(&["deploy", "plugins"]);
        assert_eq!(again.code, Some(1), "point {point}: {again:#?}");
        assert_eq!(end_state(&sandbox), expected, "point {point} ({})", points[point - 1]);
    }
    println!("failing deploy: {} points, {} mended runs", points.len(), points.len());
}
