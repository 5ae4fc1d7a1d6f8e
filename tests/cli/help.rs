//! Help, completions and the manual: all made from the commands' definitions.

use crate::{
    polite::{self, PASSWORD},
    support::{Sandbox, finish},
    transcript::Transcript,
};
use insta::assert_snapshot;

const VERBS: [&str; 20] = [
    "deploy",
    "check",
    "plan",
    "status",
    "rollback",
    "baseline",
    "confine",
    "setup",
    "resolve",
    "new",
    "add",
    "build",
    "dev",
    "release",
    "test",
    "pack",
    "inspect",
    "lock",
    "completions",
    "man",
];

#[test]
fn of_every_verb() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["--help"]);
    for verb in VERBS {
        let args = [verb, "--help"];
        let mut command = sandbox.command(&args);
        command.env("DATABASE_URL", format!("postgres://app:{PASSWORD}@localhost/app"));
        let run = seen.command(&args, &mut command);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("Example"), "{verb} has no example: {run:#?}");
        assert!(!run.stdout.contains("localhost"), "{verb} shows DATABASE_URL: {run:#?}");
    }
    assert_snapshot!(seen);
}

#[test]
fn the_version_is_the_package_s() {
    let run = Sandbox::new().ok(&["--version"]);
    assert_eq!(run.stdout, format!("runner {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_every_verb() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = sandbox.ok(&["completions", shell]);
        assert_eq!(run.stderr, "");
        for verb in VERBS {
            assert!(run.stdout.contains(verb), "{shell} does not know {verb}");
        }
    }
    let script = sandbox.write("completions", sandbox.ok(&["completions", "bash"]).stdout);
    let parsed = finish(std::process::Command::new("bash").arg("-n").arg(script));
    assert_eq!((parsed.code, &*parsed.stderr), (Some(0), ""), "bash cannot parse it");
}

#[test]
fn the_manual_knows_every_verb() {
    let sandbox = Sandbox::new();
    let page = sandbox.ok(&["man"]).stdout;
    sandbox.ok(&["man", "--out", "pages"]);
    for verb in VERBS {
        assert!(page.contains(verb), "the manual does not know {verb}");
        let page = sandbox.path().join(format!("pages/runner-{verb}.1"));
        assert!(page.exists(), "{} is missing", page.display());
    }
    assert!(page.contains("130 interrupted"), "the manual does not list the exit codes");
}

#[test]
fn a_manual_that_cannot_be_written() {
    let sandbox = Sandbox::new();
    sandbox.write("pages", "a file");
    let mut seen = Transcript::of(&sandbox);
    let run = seen.run(&["man", "--out", "pages"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(seen);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["completions", "bash"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the runner starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
    polite::check(&sandbox.ok(&["man"]));
}
