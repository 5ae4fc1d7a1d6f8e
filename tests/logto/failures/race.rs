//! Several deploys at once, as two replicas of an application that each deploy when they start.

use super::{Twins, arguments, assert_said, hold::Held, script, wait_until};
use crate::{
    original::{AFTER, Original},
    support::Run,
};
use std::{
    fs,
    process::{Child, Command, Stdio},
};

const COUNT: &str = "1.44.0-1790000000-count";

/// Takes effect each time that it runs.
fn count() -> String {
    script(
        "update systems set value = jsonb_build_object('n', (value->>'n')::int + 1) where key = 'counter'",
        "update systems set value = jsonb_build_object('n', (value->>'n')::int - 1) where key = 'counter'",
    )
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
}

fn ended(child: Child) -> Run {
    child.wait_with_output().expect("an end").into()
}

#[test]
fn several_deploys_at_once() {
    let twins = Twins::with(&[(COUNT, &count())]);
    twins.sql("INSERT INTO systems VALUES ('counter', '{\"n\": 0}')");
    let counter = "SELECT value->>'n' FROM systems WHERE key = 'counter'";
    // Slow work: whoever comes to the row waits for the test.
    let row = "SELECT * FROM systems WHERE key = 'counter' FOR UPDATE";
    let waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

    let held = Held::new(&twins.theirs, row);
    let deploy = ["db", "alteration", "deploy", "latest"];
    // Each replica has a package of its own: each run makes the folder of scripts in it anew.
    let other = Original::install(&twins.ours, AFTER);
    fs::write(other.scripts().join(format!("{COUNT}.js")), count()).expect("a file");
    let runs = [&twins.original, &other]
        .map(|original| start(&mut original.command(&twins.theirs, &deploy)));
    wait_until("both are at work", || twins.theirs.rows(waiting).len() == 2);
    drop(held);
    for run in runs.map(ended) {
        assert_said(&run, 0, &["Found 1 alteration to deploy", "function succeeded"]);
    }
    assert_eq!(twins.theirs.rows(counter), ["2"], "twice, and both are content");

    let held = Held::new(&twins.ours, row);
    let args = arguments(&["deploy", "plugins"]);
    let runs = [(); 8].map(|()| start(&mut twins.ours.command(&args)));
    wait_until("one is at work", || !twins.ours.rows(waiting).is_empty());
    drop(held);
    let runs = runs.map(ended);
    let applied = runs.iter().filter(|run| run.stdout.contains("Applied 1 alteration")).count();
    assert_eq!(applied, 1, "{runs:#?}");
    for run in &runs {
        assert_said(run, 0, &[]);
        assert!(
            run.stdout.contains("Applied 1 alteration") || run.stdout.contains("up to date"),
            "{run:#?}"
        );
    }
    assert_eq!(twins.ours.rows(counter), ["1"]);
}
