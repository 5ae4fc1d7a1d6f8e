//! A server that crashes before the last commits of a deploy are on its disk: what it took along is not
//! told as done, and the next deploy does it again.

use crate::{
    story::{Kind, ended, start_at},
    support::{Sandbox, servers::Postgres},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::process::Child;

const QUICK: usize = 8;
/// The server writes to its disk now and then of its own accord; it hardly does so each time.
const TRIES: usize = 5;

/// Quick alterations, then a slow one, and one more.
fn plugin(sandbox: &Sandbox) {
    let mut alterations: Vec<(String, String)> = (0..QUICK)
        .map(|n| {
            let sql = match n {
                0 => "CREATE TABLE quick (n INTEGER);".to_owned(),
                n => format!("INSERT INTO quick VALUES ({n});"),
            };
            (format!("1.{n}.0-170000000{n}-quick"), sql)
        })
        .collect();
    alterations.push(("2.0.0-1700000010-slow".to_owned(), Kind::Postgres.slow(5)));
    alterations
        .push(("3.0.0-1700000011-last".to_owned(), "CREATE TABLE last (n INTEGER);".to_owned()));
    let alterations: Vec<(&str, &str, &str)> =
        alterations.iter().map(|(id, up)| (id.as_str(), up.as_str(), "")).collect();
    sandbox.sql_plugin("acme/many", &alterations);
}

/// A deploy that is in its slow alteration.
fn started(sandbox: &Sandbox, wait: &str) -> Child {
    plugin(sandbox);
    // Makes the runner's own tables, so that nothing of that is in between.
    sandbox.ok(&["deploy", "plugins", "--target", "acme/many@1.0.0"]);
    let args = ["deploy", "plugins", "--wait", wait, "--format", "json"];
    let run = start_at(sandbox, &sandbox.url(), &args);
    Kind::Postgres.wait_for_statement(sandbox.server(), "(5)");
    run
}

fn ids(steps: &Value) -> Vec<String> {
    let steps = steps.as_array().map(Vec::as_slice).unwrap_or_default();
    steps.iter().map(|step| step["id"].as_str().expect("an id").to_owned()).collect()
}

/// Returns what is applied, in order, but for what was before.
fn applied(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows(
        "SELECT id FROM alteration_state WHERE status = 'applied' AND version <> '1.0.0' ORDER BY id",
    )
}

fn assert_whole(sandbox: &Sandbox) {
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(applied(sandbox).len(), QUICK + 1, "{:#?}", sandbox.state());
    let each_once: Vec<String> = (1..QUICK).map(|n| n.to_string()).collect();
    assert_eq!(sandbox.rows("SELECT n FROM quick ORDER BY n"), each_once);
}

#[test]
fn what_a_crash_took_along_is_not_told_as_done() {
    let postgres = Postgres::with_settings(&[("wal_writer_delay", "10s")]);
    let has_lost = (0..TRIES).any(|_| {
        let sandbox = Sandbox::on(postgres.database());
        let run = started(&sandbox, "60s");
        postgres.restart();
        let run = ended(run, "a server that crashes");
        assert_eq!(run.code, Some(1), "{run:#?}");
        let answer: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let done = ids(&answer["error"]["steps"]);
        assert_eq!(applied(&sandbox), done, "{run:#?}");
        let lost = QUICK - 1 - done.len();
        let is_told = [", beginning with acme/many 1.", "1 alteration, acme/many 1."]
            .iter()
            .any(|text| run.stderr.contains(text));
        assert_eq!(is_told, lost > 0, "{run:#?}");
        assert_whole(&sandbox);
        lost > 0
    });
    assert!(has_lost, "the server never lost anything");
}

#[test]
fn what_nobody_could_look_at_is_not_told_as_certain() {
    let postgres = Postgres::with_settings(&[("wal_writer_delay", "10s")]);
    let sandbox = Sandbox::on(postgres.database());
    let run = started(&sandbox, "0s");
    postgres.stop_immediate();
    let run = ended(run, "a server that stays away");
    postgres.restart();
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("if the server crashed, it may have lost the last"), "{run:#?}");
    assert!(run.stderr.contains("next: when the server is back, see `runner status`"), "{run:#?}");
    assert_whole(&sandbox);
}

/// A deploy ends, however it does, when what it did is on the disk.
#[test]
fn what_is_told_in_the_end_outlives_a_crash() {
    let postgres = Postgres::with_settings(&[("wal_writer_delay", "10s")]);
    let sandbox = Sandbox::on(postgres.database());
    let run = started(&sandbox, "0s");
    kill_process(Pid::from_child(&run), Signal::INT).expect("it runs");
    let run = ended(run, "an interrupted deploy");
    postgres.restart();
    let answer: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(applied(&sandbox), ids(&answer["error"]["steps"]), "{run:#?}");
    assert_eq!(applied(&sandbox).len(), QUICK - 1, "{run:#?}");
    sandbox.ok(&["deploy", "plugins"]);
    postgres.restart();
    assert_whole(&sandbox);
    let last = "SELECT event FROM alteration_history ORDER BY sequence DESC LIMIT 1";
    assert_eq!(sandbox.rows(last), ["done"]);
}
