//! What comes between two alterations of a deploy, when some are done.

use crate::support::{Sandbox, servers::Postgres};
use runner::{
    Control, DeployOptions, Error, How, Runner, Trust, cancel,
    event::{Event, Observer},
};
use std::{process::Stdio, sync::Arc, thread};

/// Enough that another program finds a moment between two of them.
const ALTERATIONS: usize = 300;

/// Another program takes the database's write lock between two alterations and keeps it.
#[test]
fn what_is_done_is_said() {
    let sandbox = Sandbox::new();
    let names: Vec<[String; 2]> = (0..ALTERATIONS)
        .map(|n| [format!("1.0.0-{}-t", 1_700_000_000 + n), format!("CREATE TABLE t{n} (x);")])
        .collect();
    let alterations: Vec<_> =
        names.iter().map(|[id, up]| (id.as_str(), up.as_str(), "SELECT 1")).collect();
    sandbox.sql_plugin("acme/many", &alterations);
    // Another plugin first: so the state tables are there to be watched.
    sandbox.sql_plugin("acme/first", &[("1.0.0-1700000000-first", "CREATE TABLE f (x);", "")]);
    sandbox.ok(&["deploy", "plugins/acme/first"]);
    let runner = sandbox
        .command(&["deploy", "plugins", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let run = sandbox.lock_in_between(runner);

    assert_eq!(run.code, Some(5), "{run:#?}");
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let error = &document["error"];
    let done = error["steps"].as_array().expect("steps").len();
    let applied = sandbox.state().iter().filter(|row| row.ends_with(" applied")).count();
    assert_eq!(done + 1, applied);
    assert!((1..ALTERATIONS).contains(&done), "{done}");
    assert_eq!(error["alteration"], format!("acme/many 1.0.0-{}-t", 1_700_000_000 + done));
    assert_eq!(error["left"], ALTERATIONS - done - 1);
    assert!(run.stderr.contains("applied; nothing of acme/many"), "{}", run.stderr);
    assert!(run.stderr.contains("the database is locked by another program"), "{}", run.stderr);
    sandbox.ok(&["deploy", "plugins"]);
}

/// A stop that is asked for between two alterations, of which the second is recorded as started by then. The first works for
/// so long that it is committed by itself.
#[test]
fn what_was_not_begun_has_ended_in_the_history() {
    let sandbox = Sandbox::new();
    let ids = ["1.0.0-1700000000-a", "1.0.0-1700000001-b", "1.0.0-1700000002-c"];
    let long = "CREATE TABLE a (x); INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) SELECT count(*) FROM n;";
    let ups = [long, "CREATE TABLE b (x);", "CREATE TABLE c (x);"];
    let alterations: Vec<_> = ids.iter().zip(ups).map(|(id, up)| (*id, up, "SELECT 1")).collect();
    sandbox.sql_plugin("acme/three", &alterations);
    let (canceller, cancelled) = cancel::pair();
    let observer: Observer = Arc::new(move |event| {
        if let Event::Finished { key, .. } = event
            && key.id.to_string() == "1.0.0-1700000000-a"
        {
            canceller.cancel();
        }
    });
    let control = Control { observer, cancelled, ..Control::default() };
    let runner = Runner::new(&sandbox.url()).expect("a URL");
    let runner = runner.plugins([sandbox.path().join("plugins")]).cache_folder(None);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stopped = runtime.block_on(runner.deploy(&DeployOptions::default(), &control));
    assert!(matches!(stopped, Err(Error::Halted { .. })), "{stopped:?}");
    let history = "SELECT id || ' ' || event FROM alteration_history ORDER BY sequence";
    let expected = [(0, "started"), (0, "done"), (1, "started"), (1, "interrupted")]
        .map(|(at, event): (usize, _)| format!("{} {event}", ids[at]));
    assert_eq!(sandbox.rows(history), expected);
    assert_eq!(sandbox.state(), ["acme/three 1.0.0-1700000000-a applied"]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_history WHERE event = 'done'"), ["3"]);
}

/// A right to the runner's tables that the operator gives just then is not the next hook's work, and costs no retry.
#[test]
fn what_others_do_in_between_is_not_the_next_ones() {
    let sandbox = Arc::new(Sandbox::on(Postgres::shared().database()));
    let ids = ["1.0.0-1700000000-a", "1.0.0-1700000001-b"];
    let ups = ["CREATE TABLE a (x integer);", "CREATE TABLE b (x integer);"];
    let alterations: Vec<_> = ids.iter().zip(ups).map(|(id, up)| (*id, up, "SELECT 1")).collect();
    sandbox.sql_plugin("acme/two", &alterations);
    let operator = Arc::clone(&sandbox);
    let observer: Observer = Arc::new(move |event| {
        if matches!(event, Event::Finished { .. }) {
            // The deploy's own thread cannot wait for another runtime.
            let grant = || operator.rows("GRANT SELECT ON alteration_state TO public");
            thread::scope(|scope| scope.spawn(grant).join()).expect("grants");
        }
    });
    let control = Control { observer, ..Control::default() };
    let runner = Runner::new(&sandbox.url()).expect("a URL");
    let runner = runner.plugins([sandbox.path().join("plugins")]).cache_folder(None);
    let mut options =
        DeployOptions { how: How { retries: 0, ..How::default() }, ..DeployOptions::default() };
    options.levels.guarded.insert(Trust::All);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let deployed = runtime.block_on(runner.deploy(&options, &control));
    assert_eq!(deployed.expect("deploys").steps.len(), 2);
    let ends = "SELECT event FROM alteration_history ORDER BY sequence";
    assert_eq!(sandbox.rows(ends), ["started", "done", "started", "done"]);
}
