//! What stops a deploy between two alterations, when some are done.

use crate::support::Sandbox;
use std::process::Stdio;

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
