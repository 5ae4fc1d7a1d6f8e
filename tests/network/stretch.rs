//! Stretches that cannot be resumed, on a Galera cluster: a lease instead of a lock, sessions that other nodes do not see,
//! and transactions that another node's commit rolls back.

use crate::{
    story::{ended, is_full, run_at, start_at},
    support::{
        Sandbox,
        servers::{Galera, Role},
    },
};
use rustix::process::{Pid, Signal, kill_process};
use std::{process::Child, thread, time::Duration};

const DEPLOY: &[&str] = &["deploy", "plugins", "--yes"];
const ID: &str = "1.0.0-1700000000-apart";
/// What of a hook keeps hold of its session, in order.
const IDIOMS: &str = "CREATE TABLE log (n INTEGER PRIMARY KEY, x INTEGER);
CREATE TABLE made (id INTEGER AUTO_INCREMENT PRIMARY KEY);
INSERT INTO made VALUES ();
INSERT INTO log VALUES (1, LAST_INSERT_ID() > 0);
SET @two = (SELECT count(*) + 1 FROM made);
INSERT INTO log VALUES (@two, ROW_COUNT());
CREATE TEMPORARY TABLE seen AS SELECT 3 AS n;
INSERT INTO log SELECT n, 1 FROM seen;
CREATE PROCEDURE fill() BEGIN INSERT INTO log VALUES (4, 1); COMMIT; INSERT INTO log VALUES (5, 1); END;
CALL fill();
SET @sql = 'INSERT INTO log VALUES (6, 1)';
PREPARE s FROM @sql;
EXECUTE s;
LOCK TABLES log WRITE, made READ;
INSERT INTO log VALUES (7, 1);
UNLOCK TABLES;
SET autocommit = 0;
INSERT INTO log VALUES (8, 1);
COMMIT;
DROP PROCEDURE fill;
";

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it is there");
}

fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns what sessions do at a node, with their numbers.
fn sessions(cluster: &Galera, node: usize, words: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CONCAT_WS(' ', id, command, info) FROM information_schema.processlist
         WHERE db = '{}' AND id <> CONNECTION_ID()",
        cluster.database().name()
    );
    let rows = rows_at(cluster, node, &sql);
    rows.into_iter().filter(|row| row.contains(words)).collect()
}

fn rows_at(cluster: &Galera, node: usize, sql: &str) -> Vec<String> {
    cluster.node(node).client().rows(Role::Administrator, cluster.database().name(), sql)
}

/// One test for all, because a cluster takes long to start.
#[test]
fn stretches_on_a_cluster() {
    let cluster = Galera::start();
    idioms(&cluster);
    struck(&cluster);
    abandoned(&cluster);
}

fn idioms(cluster: &Galera) {
    let sandbox = Sandbox::guarded();
    sandbox
        .sql_plugin("acme/idioms", &[(ID, IDIOMS, "SET @x = (SELECT 1); DROP TABLE log, made;")]);
    let deployed = run_at(&sandbox, &cluster.url(0), DEPLOY);
    assert_eq!(deployed.code, Some(0), "{deployed:#?}");
    let log = "SET wsrep_sync_wait = 1; SELECT concat(n, x) FROM log ORDER BY n";
    assert_eq!(rows_at(cluster, 2, log), ["11", "20", "31", "41", "51", "61", "71", "81"]);
    let check = run_at(&sandbox, &cluster.url(1), &["check", "plugins"]);
    assert_eq!(check.code, Some(0), "{check:#?}");
    let back = run_at(&sandbox, &cluster.url(1), &["rollback", "--steps", "1"]);
    assert_eq!(back.code, Some(0), "{back:#?}");
    assert!(cluster.database().rows("SHOW TABLES LIKE 'log'").is_empty());
}

/// Another node's commit strikes the stretch's transaction while nothing is under way in it. As in the client, the next
/// statement fails: it neither runs outside of the transaction, nor does COMMIT end what is not there.
fn struck(cluster: &Galera) {
    let database = cluster.database();
    let ends =
        ["COMMIT;", "INSERT INTO kept VALUES (2);", "SET @y = (SELECT max(n) FROM kept); COMMIT;"];
    for end in if is_full() { &ends[..] } else { &ends[..2] } {
        database.sql(
            "CREATE TABLE hot (n INTEGER PRIMARY KEY, x INTEGER); INSERT INTO hot VALUES (1, 0);
             CREATE TABLE kept (n INTEGER PRIMARY KEY);",
        );
        let sandbox = Sandbox::guarded();
        let up = format!(
            "SET @x = (SELECT 1); START TRANSACTION; UPDATE hot SET x = @x;
             INSERT INTO kept VALUES (1); DO SLEEP(2); {end}"
        );
        sandbox.sql_plugin("acme/struck", &[(ID, &up, "")]);
        let paused =
            start_at(&sandbox, &cluster.url(0), &[DEPLOY, &["--lease-time", "120s"]].concat());
        until(|| !sessions(cluster, 0, "SLEEP(2)").is_empty());
        signal(&paused, Signal::STOP);
        until(|| sessions(cluster, 0, "SLEEP(2)").is_empty());
        rows_at(cluster, 1, "UPDATE hot SET x = 7");
        // Only once the node has applied it is this answered.
        assert_eq!(rows_at(cluster, 0, "SET wsrep_sync_wait = 1; SELECT x FROM hot"), ["7"]);
        signal(&paused, Signal::CONT);
        let failed = ended(paused, end);
        assert_eq!(failed.code, Some(1), "{end}: {failed:#?}");
        assert!(failed.stderr.contains("statement 6 failed (serialization)"), "{end}: {failed:#?}");
        assert!(database.rows("SELECT n FROM kept").is_empty(), "{end}: {failed:#?}");
        assert_eq!(database.rows("SELECT x FROM hot"), ["7"], "{end}: {failed:#?}");
        // Any node asks, and any node records the answer.
        let asked = run_at(&sandbox, &cluster.url(1), DEPLOY);
        assert_eq!(asked.code, Some(4), "{end}: {asked:#?}");
        resolve(cluster, 2, &sandbox, "acme/struck");
        database.sql("DROP TABLE hot, kept");
    }
}

fn resolve(cluster: &Galera, node: usize, sandbox: &Sandbox, plugin: &str) {
    let args = ["resolve", plugin, ID, "--as", "reverted"];
    let resolved = run_at(sandbox, &cluster.url(node), &args);
    assert_eq!(resolved.code, Some(0), "{resolved:#?}");
}

/// A killed runner's procedure goes on at its node, which only that node can end.
fn abandoned(cluster: &Galera) {
    let sandbox = Sandbox::guarded();
    let up = "CREATE TABLE filled (n INTEGER AUTO_INCREMENT PRIMARY KEY);
DELIMITER //
CREATE PROCEDURE fill() BEGIN
  WHILE TRUE DO INSERT INTO filled VALUES (); COMMIT; DO SLEEP(0.01); END WHILE;
END//
DELIMITER ;
CALL fill();";
    sandbox.sql_plugin("acme/abandoned", &[(ID, up, "")]);
    let mut killed =
        start_at(&sandbox, &cluster.url(0), &[DEPLOY, &["--lease-time", "3s"]].concat());
    let count = || cluster.database().rows("SELECT count(*) FROM filled").concat();
    let is_filled = || !cluster.database().rows("SHOW TABLES LIKE 'filled'").is_empty();
    until(|| is_filled() && count() != "0");
    killed.kill().expect("it is there");
    killed.wait().expect("it ends");
    let asked = run_at(&sandbox, &cluster.url(1), DEPLOY);
    assert_eq!(asked.code, Some(4), "{asked:#?}");
    assert!(asked.stderr.contains("CALL fill()"), "{asked:#?}");
    assert!(!sessions(cluster, 0, "").is_empty(), "it goes on at the first node");
    // A person who asks that node has it ended there.
    resolve(cluster, 0, &sandbox, "acme/abandoned");
    assert!(sessions(cluster, 0, "").is_empty(), "nothing is left of it");
    cluster.database().sql("DROP PROCEDURE fill; DROP TABLE filled;");
}
