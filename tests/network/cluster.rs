//! A Galera cluster of three nodes: locks of a session protect nothing, and nodes lag behind.

use crate::{
    story::{is_full, run_at},
    support::{Run, Sandbox, servers::Galera},
};
use std::thread;

#[test]
fn runners_on_different_nodes_apply_once() {
    let cluster = Galera::start();
    let sandbox = Sandbox::guarded();
    sandbox.sql_plugin(
        "acme/counter",
        &[
            (
                "1.0.0-1700000000-create",
                "CREATE TABLE hits (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
                 INSERT INTO hits VALUES (1, 0);",
                "DROP TABLE hits;",
            ),
            ("1.1.0-1700000001-one", "UPDATE hits SET n = n + 1;", "UPDATE hits SET n = n - 1;"),
            ("1.2.0-1700000002-ten", "UPDATE hits SET n = n + 10;", "UPDATE hits SET n = n - 10;"),
        ],
    );
    let database = cluster.database();
    let rounds = if is_full() { 20 } else { 4 };
    for round in 0..rounds {
        let runs: Vec<Run> = thread::scope(|scope| {
            let deploy = |node: usize| {
                let (sandbox, url) = (&sandbox, cluster.url(node));
                scope.spawn(move || run_at(sandbox, &url, &["deploy", "plugins"]))
            };
            let runs: Vec<_> = [0, 1, 0, 1].map(deploy).into_iter().collect();
            runs.into_iter().map(|run| run.join().expect("joins")).collect()
        });
        for run in &runs {
            assert!(matches!(run.code, Some(0 | 5)), "round {round}: {run:#?}");
        }
        assert!(runs.iter().any(|run| run.code == Some(0)), "round {round}: {runs:#?}");
        assert_eq!(database.rows("SELECT n FROM hits"), ["11"], "round {round}: {runs:#?}");
        let done =
            "SELECT count(*) FROM alteration_history WHERE event = 'done' AND direction = 'up'";
        assert_eq!(database.rows(done), [(3 * (round + 1)).to_string()], "round {round}");
        // The third node says at once what the others did.
        let check = run_at(&sandbox, &cluster.url(2), &["check", "plugins"]);
        assert_eq!(check.code, Some(0), "round {round}: {check:#?}");
        let back = run_at(&sandbox, &cluster.url(2), &["rollback", "--steps", "3"]);
        assert_eq!(back.code, Some(0), "round {round}: {back:#?}");
        let check = run_at(&sandbox, &cluster.url(0), &["check", "plugins"]);
        assert_eq!(check.code, Some(3), "round {round}: {check:#?}");
        assert!(database.rows("SHOW TABLES LIKE 'hits'").is_empty(), "round {round}");
    }
    let fence = database.rows("SELECT fence FROM alteration_lease");
    assert_ne!(fence, ["0"], "a lease was taken");
    println!("galera: {rounds} rounds of 4 runners on 2 nodes, rolled back on the third");
}
