//! Signals while a hook runs, and two runners at once.
//!
//! No test waits for a time: each reads the runner's output until it says that the hook is at work.

use crate::{
    polite,
    samples::shop,
    support::{Run, Sandbox},
    transcript::Transcript,
};
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Stdio},
};

/// A shop with one more alteration, which creates a table and then counts for years.
fn endless() -> Sandbox {
    let sandbox = shop();
    sandbox.sql_plugin(
        "globex/crm",
        &[(
            "1.0.0-1700000300-endless",
            "CREATE TABLE half (id INTEGER);\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\n",
            "DROP TABLE half;",
        )],
    );
    sandbox
}

/// As [`endless`], with the rest of it applied: what runs just before is committed together with it.
fn endless_behind_a_shop() -> Sandbox {
    let sandbox = endless();
    sandbox.ok(&["deploy", "plugins/acme/shop"]);
    sandbox
}

/// A runner whose hook is at work. If its test fails, it does not go on for years.
struct Busy {
    child: Option<Child>,
    stderr: BufReader<ChildStderr>,
    seen: String,
}

impl Busy {
    fn deploy(sandbox: &Sandbox) -> Self {
        let mut busy = Self::start(sandbox, &["deploy", "plugins", "--verbose"]);
        busy.read_until("endless ran: CREATE TABLE half");
        busy
    }

    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut child = sandbox
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the runner starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child: Some(child), stderr, seen: String::new() }
    }

    fn read_until(&mut self, words: &str) {
        while !self.seen.contains(words) {
            let read = self.stderr.read_line(&mut self.seen).expect("a line");
            assert!(read > 0, "{words:?} never came: {}", self.seen);
        }
    }

    fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(self.child.as_ref().expect("it runs"));
        kill_process(pid, signal).expect("it is there");
    }

    fn finish(mut self) -> Run {
        self.stderr.read_to_string(&mut self.seen).expect("UTF-8");
        let child = self.child.take().expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        let run =
            Run { code: output.status.code(), stdout, stderr: std::mem::take(&mut self.seen) };
        polite::check(&run);
        run
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn nothing_left(sandbox: &Sandbox, dump: &str) {
    assert_eq!(sandbox.dump(), dump);
    for name in ["app.db.runner-lock", "app.db-journal", "app.db-wal"] {
        assert!(!sandbox.path().join(name).exists(), "{name} is left");
    }
}

fn interrupted(signal: Signal) -> String {
    let sandbox = endless();
    let mut seen = Transcript::of(&sandbox);
    sandbox.ok(&["deploy", "plugins/acme"]);
    let before = sandbox.dump();
    let busy = Busy::deploy(&sandbox);
    busy.signal(signal);
    let run = busy.finish();
    assert_eq!(run.code, Some(130), "{run:#?}");
    crate::transcript::assert_explained(&run);
    seen.add("runner deploy plugins --verbose", &run);
    nothing_left(&sandbox, &before);
    seen.run(&["status", "plugins"]);
    seen.note("The next deploy works.");
    sandbox.sql_plugin(
        "globex/crm",
        &[("1.0.0-1700000300-endless", "CREATE TABLE half (id INTEGER);", "DROP TABLE half;")],
    );
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(0));
    assert_eq!(seen.run(&["check", "plugins"]).code, Some(0));
    seen.to_string()
}

#[test]
fn an_interrupt_rolls_back() {
    assert_snapshot!(interrupted(Signal::INT));
}

#[test]
fn a_request_to_terminate_rolls_back() {
    assert_eq!(interrupted(Signal::TERM), interrupted(Signal::INT));
}

#[test]
fn those_before_it_stay() {
    let sandbox = endless();
    let busy = Busy::deploy(&sandbox);
    busy.signal(Signal::INT);
    let run = busy.finish();
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert!(run.stderr.contains("3 alterations before it stay applied"), "{run:#?}");
    assert_eq!(sandbox.state().iter().filter(|row| row.ends_with(" applied")).count(), 3);
    assert!(!sandbox.dump().contains("half"));
}

#[test]
fn a_killed_runner_leaves_no_lock() {
    let sandbox = endless();
    sandbox.ok(&["deploy", "plugins/acme"]);
    let before = sandbox.dump();
    let busy = Busy::deploy(&sandbox);
    busy.signal(Signal::KILL);
    assert_eq!(busy.finish().code, None);
    assert_eq!(sandbox.dump(), before);
    sandbox.sql_plugin(
        "globex/crm",
        &[("1.0.0-1700000300-endless", "CREATE TABLE half (id INTEGER);", "DROP TABLE half;")],
    );
    sandbox.ok(&["deploy", "plugins", "--lock-timeout", "0s"]);
    nothing_left(&sandbox, &sandbox.dump());
}

#[test]
fn a_second_runner_is_told_who_holds_the_lock() {
    let sandbox = endless_behind_a_shop();
    let busy = Busy::deploy(&sandbox);
    let holder = format!("process {} of tester", busy.id());
    let mut seen = Transcript::of(&sandbox);
    for args in [
        &["deploy", "plugins", "--lock-timeout", "0s"][..],
        &["rollback", "--steps", "1", "--lock-timeout", "0s"],
        &["deploy", "plugins", "--lock-timeout", "0s", "--format", "json"],
    ] {
        let run = seen.run(args);
        assert_eq!(run.code, Some(5), "{run:#?}");
        crate::transcript::assert_explained(&run);
        assert!(run.stderr.contains(&holder), "{holder:?} is not named: {run:#?}");
    }
    seen.note("Looking needs no lock.");
    assert_eq!(seen.run(&["check", "plugins"]).code, Some(3));
    busy.signal(Signal::INT);
    assert_eq!(busy.finish().code, Some(130));
    assert_snapshot!(seen);
}

#[test]
fn a_runner_that_waits_is_next() {
    let sandbox = endless();
    let first = Busy::deploy(&sandbox);
    let args = ["deploy", "plugins", "--verbose", "--lock-timeout", "10m"];
    let mut second = Busy::start(&sandbox, &args);
    second.read_until("Waiting for another runner: process");
    first.signal(Signal::INT);
    assert_eq!(first.finish().code, Some(130));
    second.read_until("endless ran: CREATE TABLE half");
    second.signal(Signal::TERM);
    let run = second.finish();
    assert_eq!(run.code, Some(130));
    assert_eq!(run.stderr.matches("Waiting for another runner").count(), 1, "{run:#?}");
    nothing_left(&sandbox, &sandbox.dump());
}

#[test]
fn a_runner_that_waits_can_be_interrupted() {
    let sandbox = endless_behind_a_shop();
    let first = Busy::deploy(&sandbox);
    let mut second = Busy::start(&sandbox, &["deploy", "plugins", "--lock-timeout", "10m"]);
    second.read_until("Waiting for another runner: process");
    second.signal(Signal::INT);
    let run = second.finish();
    assert_eq!(run.code, Some(130));
    crate::transcript::assert_explained(&run);
    first.signal(Signal::INT);
    assert_eq!(first.finish().code, Some(130));
    let mut seen = Transcript::of(&sandbox);
    seen.add("runner deploy plugins --lock-timeout 10m", &run);
    assert_snapshot!(seen);
}
