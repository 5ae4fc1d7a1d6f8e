//! Alterations that are committed together on SQLite: what is told, recorded and kept when one of them fails.

use crate::{
    polite,
    support::{Sandbox, finish},
};
use runner::{
    Control, DeployOptions, Error, Runner, cancel,
    error::Lost,
    event::{Event, Observer},
};
use std::sync::{Arc, Mutex};

const ID: &str = "1.0.0-170000000";

/// A plugin of six alterations, which make a table each; one of them has other SQL.
fn six(other: usize, sql: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let all: Vec<[String; 3]> = (1..=6)
        .map(|n| {
            let plain =
                format!("CREATE TABLE t{n} (id INTEGER PRIMARY KEY); INSERT INTO t{n} VALUES (1);");
            let up = if n == other { sql.to_owned() } else { plain };
            [format!("{ID}{n}-t{n}"), up, format!("DROP TABLE t{n};")]
        })
        .collect();
    let all: Vec<_> =
        all.iter().map(|[id, up, down]| (id.as_str(), up.as_str(), down.as_str())).collect();
    sandbox.sql_plugin("acme/six", &all);
    sandbox
}

/// What each alteration's history says, in its order.
fn history(sandbox: &Sandbox) -> Vec<String> {
    let sql =
        "SELECT id || ' ' || direction || ' ' || event FROM alteration_history ORDER BY sequence";
    sandbox.rows(sql).iter().map(|row| row.replace(ID, "")).collect()
}

fn up(all: impl IntoIterator<Item = usize>, last: Option<(usize, &str)>) -> Vec<String> {
    let done = all.into_iter().map(|n| (n, "done")).chain(last);
    done.flat_map(|(n, end)| [format!("{n}-t{n} up started"), format!("{n}-t{n} up {end}")])
        .collect()
}

/// Runs it, and returns the names of the alterations that were told as finished, in their order.
fn told(stdout: &str) -> Vec<String> {
    let lines = stdout.lines().filter_map(|line| line.split_once(ID));
    lines.filter_map(|(_, rest)| Some(rest.split_once(' ')?.0.to_owned())).collect()
}

#[test]
fn one_that_fails_leaves_those_before_it() {
    let sandbox =
        six(4, "CREATE TABLE t4 (id INTEGER PRIMARY KEY); INSERT INTO t4 VALUES (1), (1);");
    let run = sandbox.runner(&["deploy", "plugins"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(told(&run.stdout), ["1-t1", "2-t2", "3-t3"]);
    assert_eq!(history(&sandbox), up(1..=3, Some((4, "failed"))));
    assert!(run.stderr.contains("3 alterations before it stay applied"), "{}", run.stderr);
    assert_eq!(sandbox.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 't_'"), ["3"]);
}

/// SQLite rolls back what was to be committed together. Only the one that is to blame fails.
#[test]
fn one_that_ends_the_transaction_of_all_is_found() {
    for ends in [
        "INSERT OR ROLLBACK INTO t4 VALUES (1);",
        "CREATE TRIGGER no BEFORE INSERT ON t4 WHEN new.id = 2 BEGIN SELECT RAISE(ROLLBACK, 'no'); END; INSERT INTO t4 VALUES (2);",
        "INSERT INTO t4 VALUES (1) ON CONFLICT DO NOTHING; UPDATE OR ROLLBACK t4 SET id = NULL WHERE id = 1; INSERT OR ROLLBACK INTO t4 VALUES (1);",
    ] {
        let sql =
            format!("CREATE TABLE t4 (id INTEGER PRIMARY KEY); INSERT INTO t4 VALUES (1); {ends}");
        let sandbox = six(4, &sql);
        let run = sandbox.runner(&["deploy", "plugins"]);
        assert_eq!(run.code, Some(1), "{ends}: {run:#?}");
        assert!(run.stderr.contains(&format!("acme/six {ID}4-t4 failed (up)")), "{}", run.stderr);
        assert_eq!(told(&run.stdout), ["1-t1", "2-t2", "3-t3"], "{ends}");
        assert_eq!(history(&sandbox), up(1..=3, Some((4, "failed"))), "{ends}");
        let owned = "SELECT count(*) FROM alteration_object WHERE name LIKE 't_'";
        assert_eq!(sandbox.rows(owned), ["3"]);
        assert_eq!(sandbox.runner(&["check", "plugins"]).code, Some(4));
    }
}

/// What follows the one that ended the transaction is committed together again.
#[test]
fn others_go_on_when_a_hook_is_tried_again() {
    let sandbox = six(4, "CREATE TABLE t4 (id INTEGER PRIMARY KEY);");
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(history(&sandbox), up(1..=6, None));
    let run = sandbox.ok(&["rollback", "--steps", "6"]);
    assert_eq!(told(&run.stdout), ["6-t6", "5-t5", "4-t4", "3-t3", "2-t2", "1-t1"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 't_'"), ["0"]);
}

/// A stop while a long statement writes: SQLite rolls back all that was to be committed together. Nothing is run again, and
/// the error names what is not applied.
#[test]
fn a_stop_names_what_is_rolled_back_with_it() {
    let sandbox = six(
        4,
        "CREATE TABLE t4 (id INTEGER PRIMARY KEY); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) INSERT INTO t4 SELECT i FROM n;",
    );
    let (canceller, cancelled) = cancel::pair();
    let said = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&said);
    let observer: Observer = Arc::new(move |event| match event {
        Event::Started { key, .. } if key.id.to_string().ends_with("4-t4") => {
            let canceller = canceller.clone();
            // Its first statement takes no time.
            std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(700));
                canceller.cancel();
            });
        }
        Event::Finished { key, .. } => seen.lock().expect("the list").push(key.to_string()),
        _ => {}
    });
    let runner = Runner::new(&sandbox.url()).expect("a URL");
    let runner = runner.plugins([sandbox.path().join("plugins")]);
    let options = DeployOptions::default();
    let control = Control { observer, cancelled, ..Control::default() };
    let error = crate::support::block_on(runner.deploy(&options, &control)).expect_err("stopped");
    let Error::Step(failure) = &error else { panic!("{error:?}") };
    assert_eq!(failure.key.id.to_string(), format!("{ID}4-t4"));
    let Lost::Together(keys) = &failure.lost else { panic!("{failure:?}") };
    let keys: Vec<_> = keys.iter().map(|key| key.id.to_string()).collect();
    assert_eq!(keys, [1, 2, 3].map(|n| format!("{ID}{n}-t{n}")));
    assert!(failure.done.is_empty() && said.lock().expect("the list").is_empty());
    assert_eq!(history(&sandbox), ["1-t1 up started", "1-t1 up interrupted"]);
    assert!(sandbox.state().is_empty());
    // The same by a signal.
    let mut command = sandbox.command(&["deploy", "plugins"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("starts");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let mut kill = std::process::Command::new("kill");
    finish(kill.args(["-INT", &child.id().to_string()]));
    let output = child.wait_with_output().expect("ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("to be committed together with what failed"), "{stderr}");
    assert!(stderr.contains(&format!("acme/six {ID}1-t1, acme/six {ID}2-t2")), "{stderr}");
    assert!(output.stdout.is_empty());
}

/// The journal mode that a hook asks for is made once its alteration is committed.
#[test]
fn a_journal_mode_is_made_at_the_commit() {
    let sandbox = six(3, "CREATE TABLE t3 (id INTEGER PRIMARY KEY); PRAGMA journal_mode = WAL;");
    let mut command = sandbox.command(&["deploy", "plugins", "--guard", "*"]);
    let run = finish(&mut command);
    polite::check(&run);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(sandbox.rows("PRAGMA journal_mode"), ["wal"]);
    assert_eq!(history(&sandbox), up(1..=6, None));
}
