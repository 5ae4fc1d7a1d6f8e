//! A connection that is cut, stalls or half-closes, at every boundary between two messages.
//!
//! The run has to end, must not say that something failed which took effect, and leaves what one
//! more deploy brings to its end.

use crate::{
    story::{Kind, end_state, ended, plugin, run_at, sampled, start_at},
    support::{
        Run, Sandbox,
        proxy::{Action, Direction, Fault, Protocol, Proxy},
        servers::{Mariadb, Postgres},
    },
};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// One run in so many, by default. The remainders differ, so that all actions are spread.
const ONE_IN: usize = 61;
const WORKERS: usize = 4;

impl Kind {
    fn proxy(self, fault: Option<Fault>) -> Proxy {
        match self {
            Self::Postgres => Proxy::start(Postgres::shared().address(), Protocol::Postgres, fault),
            Self::Mariadb => Proxy::start(Mariadb::shared().address(), Protocol::Mysql, fault),
        }
    }
}

/// Bounds that end a run whose server does not answer, and soon.
const BOUNDS: [&str; 8] = [
    "--answer-timeout",
    "1s",
    "--table-lock-timeout",
    "1s",
    "--timeout",
    "5s",
    "--lock-timeout",
    "20s",
];

/// What is cut, from where, and where it has to lead.
struct Journey<'a> {
    kind: Kind,
    args: &'a [&'a str],
    /// Where it starts: a sandbox with its plugins, perhaps deployed.
    start: &'a (dyn Fn() -> Sandbox + Sync),
    expected: String,
}

impl Journey<'_> {
    fn faults(&self) -> Vec<Fault> {
        let sandbox = (self.start)();
        let proxy = self.kind.proxy(None);
        let run = run_at(&sandbox, &proxy.url(&sandbox.url()), self.args);
        assert_eq!(run.code, Some(0), "{run:#?}");
        let mut faults = Vec::new();
        for direction in [Direction::ToServer, Direction::ToClient] {
            let messages = proxy.messages(direction);
            assert!(messages > 50, "{:?}: only {messages}", self.kind);
            for after_messages in 0..messages {
                for action in [Action::Cut, Action::HalfClose, Action::Stall] {
                    faults.push(Fault { direction, after_messages, action });
                }
            }
        }
        faults
    }

    /// Returns whether the fault struck; how many messages there are differs a little from run to run.
    fn survives(&self, fault: Fault) -> bool {
        let what = format!("{:?} {:?} {fault:?}", self.kind, self.args);
        let sandbox = (self.start)();
        let proxy = self.kind.proxy(Some(fault));
        let url = proxy.url(&sandbox.url());
        let args = [self.args, &BOUNDS].concat();
        let run = ended(start_at(&sandbox, &url, &args), &what);
        let has_struck = proxy.has_struck();
        drop(proxy);
        assert!(matches!(run.code, Some(0 | 1 | 5)), "{what}: {run:#?}");
        if run.code == Some(0) {
            assert_eq!(end_state(&sandbox), self.expected, "{what}: {run:#?}");
        }
        assert_honest(&sandbox, &run, &what);
        let mended = run_at(&sandbox, &sandbox.url(), self.args);
        assert_eq!(mended.code, Some(0), "{what}: {run:#?}, then {mended:#?}");
        assert_eq!(end_state(&sandbox), self.expected, "{what}: {run:#?}");
        has_struck
    }

    fn sweep(&self, name: &str) {
        let all = self.faults();
        let total = all.len();
        let faults = match std::env::var("RUNNER_CUT") {
            // One alone, as a failure names it: `ToClient 1101 Stall`.
            Ok(wanted) => all
                .into_iter()
                .filter(|Fault { direction, after_messages, action }| {
                    format!("{direction:?} {after_messages} {action:?}") == wanted
                })
                .collect(),
            Err(_) => sampled(all, ONE_IN),
        };
        let (next, struck) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                        struck.fetch_add(usize::from(self.survives(*fault)), Ordering::Relaxed);
                    }
                });
            }
        });
        let struck = struck.into_inner();
        println!("{name}: {} of {total} cuts, {struck} struck, all mended", faults.len());
        assert!(struck * 10 >= faults.len() * 8, "{name}: only {struck} of {}", faults.len());
    }
}

/// Checks that the message says of the alteration that failed what is recorded.
fn assert_honest(sandbox: &Sandbox, run: &Run, what: &str) {
    let Some(id) = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("error: acme/story ")?.split_once(" failed ("))
        .map(|(id, _)| id)
    else {
        return;
    };
    let says_nothing = run.stderr.lines().any(|line| {
        line.trim_start().starts_with("changed:")
            && (line.contains("nothing was altered") || line.contains("nothing of"))
    });
    let is_applied = sandbox.state().iter().any(|row| *row == format!("acme/story {id} applied"));
    let goes_down =
        ["failed (down)", "failed (before-down)"].iter().any(|it| run.stderr.contains(it));
    if says_nothing {
        assert_eq!(is_applied, goes_down, "{what}: {run:#?}");
    }
}

fn deploy(kind: Kind) {
    let start = || {
        let sandbox = kind.sandbox();
        plugin(&sandbox, kind);
        sandbox
    };
    let whole = start();
    whole.ok(&["deploy", "plugins"]);
    let expected = end_state(&whole);
    Journey { kind, args: &["deploy", "plugins"], start: &start, expected }
        .sweep(&format!("deploy on {kind:?}"));
}

fn rollback(kind: Kind) {
    let start = || {
        let sandbox = kind.sandbox();
        plugin(&sandbox, kind);
        sandbox.ok(&["deploy", "plugins"]);
        sandbox
    };
    let whole = start();
    let args = ["rollback", "--plugin", "acme/story", "--to", "1.0.0"];
    whole.ok(&args);
    let expected = end_state(&whole);
    Journey { kind, args: &args, start: &start, expected }.sweep(&format!("rollback on {kind:?}"));
}

#[test]
fn deploy_on_postgres() {
    deploy(Kind::Postgres);
}

#[test]
fn deploy_on_mariadb() {
    deploy(Kind::Mariadb);
}

#[test]
fn rollback_on_postgres() {
    rollback(Kind::Postgres);
}

#[test]
fn rollback_on_mariadb() {
    rollback(Kind::Mariadb);
}
