//! Races: many runners at once, on one database. Each alteration takes effect exactly once.

use crate::support::{Sandbox, finish};
use std::{process::Stdio, thread};

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

#[test]
fn sixteen_deploys_at_once_apply_once() {
    for round in 0..3 {
        let sandbox = Sandbox::new();
        plugin(&sandbox);
        let codes: Vec<Option<i32>> = thread::scope(|scope| {
            let runs: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| finish(&mut sandbox.command(&["deploy", "plugins"]))))
                .collect();
            runs.into_iter().map(|run| run.join().expect("joins").code).collect()
        });
        assert!(codes.iter().all(|code| *code == Some(0)), "round {round}: {codes:?}");
        assert_eq!(sandbox.rows("SELECT n FROM hits"), ["11"], "round {round}");
        let done = sandbox.rows("SELECT count(*) FROM alteration_history WHERE event = 'done'");
        assert_eq!(done, ["3"], "round {round}");
    }
}

#[test]
fn deploys_and_rollbacks_race_to_a_consistent_end() {
    for round in 0..4 {
        let sandbox = Sandbox::new();
        plugin(&sandbox);
        sandbox.ok(&["deploy", "plugins"]);
        let deploy: &[&str] = &["deploy", "plugins"];
        let rollback: &[&str] = &["rollback", "--steps", "1"];
        thread::scope(|scope| {
            for args in [deploy, rollback, deploy, rollback, deploy] {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    let run = finish(&mut sandbox.command(args));
                    // Whoever planned something that another one has done meanwhile may say so.
                    assert!(matches!(run.code, Some(0 | 4)), "{args:?}: {run:#?}");
                });
            }
        });
        let applied = sandbox.state().iter().filter(|row| row.ends_with(" applied")).count();
        let hits = if applied == 0 { vec![] } else { sandbox.rows("SELECT n FROM hits") };
        let expected: &[&str] = [&[][..], &["0"], &["1"], &["11"]][applied];
        assert_eq!(hits, expected, "round {round}: {:?}", sandbox.state());
        sandbox.ok(deploy);
        assert_eq!(sandbox.rows("SELECT n FROM hits"), ["11"], "round {round}");
    }
}

#[test]
fn a_killed_holder_leaves_no_lock() {
    let sandbox = Sandbox::new();
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
    while !lock.exists() {
        thread::sleep(std::time::Duration::from_millis(5));
    }
    let loser = sandbox.runner(&["deploy", "plugins", "--lock-timeout", "0s"]);
    assert_eq!(loser.code, Some(5), "{loser:#?}");
    assert!(loser.stderr.contains(&format!("process {} of", holder.id())), "{}", loser.stderr);
    holder.kill().expect("kills");
    holder.wait().expect("waits");
    std::fs::remove_dir_all(sandbox.path().join("plugins")).expect("removed");
    sandbox.sql_plugin("acme/other", &[("1.0.0-1700000000-x", "CREATE TABLE x (y);", "")]);
    sandbox.ok(&["deploy", "plugins", "--lock-timeout", "0s"]);
}
