//! At a terminal the runner asks; anywhere else it needs a yes beforehand, and writes no colours.

use crate::{
    polite,
    samples::shop,
    support::{
        Run, Sandbox,
        servers::{Postgres, Role},
    },
};
use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

/// Runs `runner deploy plugins …` at a terminal of its own and types `answer` at the question.
/// The output is what the terminal got, without a distinction of streams.
pub fn at_terminal(sandbox: &Sandbox, more: &str, no_color: bool, answer: &str) -> Run {
    typed(sandbox, &format!("deploy plugins {more}"), no_color, answer)
}

/// The same for any `words` behind `runner`.
pub fn typed(sandbox: &Sandbox, words: &str, no_color: bool, answer: &str) -> Run {
    at_terminal_of(sandbox, words, no_color, answer, None)
}

/// Runs `runner` without colours at a terminal of so many columns.
fn in_columns(sandbox: &Sandbox, words: &str, columns: usize) -> Run {
    at_terminal_of(sandbox, words, true, "", Some(columns))
}

fn at_terminal_of(
    sandbox: &Sandbox,
    words: &str,
    no_color: bool,
    answer: &str,
    columns: Option<usize>,
) -> Run {
    let runner = sandbox.command(&[]);
    let mut command = Command::new("script");
    let size = columns.map(|columns| format!("stty cols {columns}; ")).unwrap_or_default();
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{size}'{}' {words}", runner.get_program().display()))
        .arg("/dev/null")
        .current_dir(sandbox.path())
        .env_clear()
        .env("TERM", "xterm")
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env_remove("RUNNER_YES");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = command.spawn().expect("script of util-linux starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut seen = Vec::new();
    let mut byte = [0];
    let asked = |seen: &[u8]| String::from_utf8_lossy(seen).contains("Go on? [");
    while !asked(&seen) && stdout.read(&mut byte).expect("output") > 0 {
        seen.push(byte[0]);
    }
    // The terminal stays open until the runner has ended; it may have ended unasked.
    let _ = stdin.write_all(answer.as_bytes());
    stdout.read_to_end(&mut seen).expect("output");
    let code = child.wait().expect("it ends").code();
    Run { code, stdout: String::from_utf8(seen).expect("UTF-8"), stderr: String::new() }
}

#[test]
fn the_answer_no_alters_nothing() {
    for answer in ["n\n", "\n", "no\n", "what?\n"] {
        let sandbox = shop();
        let run = at_terminal(&sandbox, "", false, answer);
        assert_eq!(run.code, Some(1), "{answer:?}: {run:#?}");
        assert!(run.stdout.contains("3 alterations to apply"), "{run:#?}");
        assert!(run.stdout.contains("nothing was altered"), "{run:#?}");
        assert!(!sandbox.database().exists(), "{answer:?} created a database");
    }
}

#[test]
fn the_answer_yes_applies() {
    for answer in ["y\n", "YES\n"] {
        let sandbox = shop();
        let run = at_terminal(&sandbox, "", false, answer);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.contains("Applied 3 alterations"), "{run:#?}");
        assert_eq!(sandbox.state().len(), 3);
    }
}

#[test]
fn nothing_is_asked_with_yes_or_in_a_dry_run() {
    for more in ["--yes", "--dry-run"] {
        let run = at_terminal(&shop(), more, false, "");
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(!run.stdout.contains("Go on?"), "{run:#?}");
    }
}

/// A yes is not enough for a plugin that would run as a superuser.
#[test]
fn the_answer_trust_trusts_for_this_run() {
    let server = Postgres::own();
    let admin = |sql: &str| server.client().sql(Role::Administrator, "postgres", sql);
    let password = polite::PASSWORD;
    admin(&format!("CREATE ROLE boss SUPERUSER LOGIN PASSWORD '{password}';"));
    admin("CREATE DATABASE app;");
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (x INT);", "DROP TABLE a;")]);
    let more = format!("--database postgres://boss:{password}@127.0.0.1:{}/app", server.port());
    let careful =
        "Careful: the user `boss` is a superuser: acme/shop could run programs on the server.";
    for (answer, words) in [
        ("y\n", &["if you trust the code", "--trust acme/shop"][..]),
        ("n\n", &["the answer was no"]),
        ("\n", &["the answer was no"]),
    ] {
        let run = at_terminal(&sandbox, &more, false, answer);
        assert_eq!(run.code, Some(1), "{answer:?}: {run:#?}");
        for word in [careful, "nothing was altered"].iter().chain(words) {
            assert!(run.stdout.contains(word), "{answer:?}, {word:?}: {run:#?}");
        }
    }
    let run = at_terminal(&sandbox, &more, false, "Trust\n");
    assert_eq!(run.code, Some(0), "{run:#?}");
    // Nothing of it stays.
    let args = ["rollback", "--steps", "1"];
    let again = sandbox.runner(&[&args[..], &more.split(' ').collect::<Vec<_>>()].concat());
    assert_eq!(again.code, Some(1), "{again:#?}");
    // Where everybody is trusted, the word is no answer.
    let run = at_terminal(&shop(), "", false, "trust\n");
    assert_eq!(run.code, Some(1), "{run:#?}");
}

#[test]
fn an_interrupt_is_an_answer() {
    let sandbox = shop();
    let run = at_terminal(&sandbox, "", false, "\u{3}");
    assert_eq!(run.code, Some(130), "{run:#?}");
    assert!(run.stdout.contains("nothing was altered"), "{run:#?}");
    assert!(!sandbox.database().exists());
}

#[test]
fn colours_are_for_terminals() {
    let coloured = at_terminal(&shop(), "", false, "n\n");
    assert!(coloured.stdout.contains("\u{1b}[1m\u{1b}[31merror:"), "{coloured:#?}");
    let plain = at_terminal(&shop(), "", true, "n\n");
    assert!(!plain.stdout.contains("\u{1b}[31m"), "{plain:#?}");
    let sandbox = shop();
    for args in
        [&["deploy", "plugins"][..], &["deploy", "none"], &["status", "plugins"], &["--help"]]
    {
        // Holds no escape, whatever the terminal's name.
        let run = crate::support::finish(sandbox.command(args).env("TERM", "xterm-256color"));
        polite::check(&run);
    }
}

/// Long messages are broken at the terminal's width, and what a person copies is in one piece.
#[test]
fn messages_fit_the_terminal() {
    let sandbox = Sandbox::new();
    let name = "1.0.0-1718000000-create-customers-with-a-name-that-is-longer-than-a-line.down.sql";
    for folder in ["first", "second"] {
        sandbox.write(&format!("sql/{folder}/{name}"), "DROP TABLE a;");
        sandbox.write(&format!("sql/{folder}-{name}"), "DROP TABLE a;");
    }
    let pack = "pack sql --plugin acme/shop --out out";
    let whole = typed(&sandbox, pack, true, "");
    assert_eq!(whole.code, Some(1), "{whole:#?}");
    for columns in [60, 80] {
        let sized = in_columns(&sandbox, pack, columns);
        assert_eq!(sized.code, Some(1), "{sized:#?}");
        let longest = "sql/second-:".len() + name.len();
        for line in sized.stdout.lines().map(str::trim_end) {
            let is_one = line.trim_start().split(' ').count() == 1;
            assert!(
                line.len() <= columns || is_one && line.trim().len() <= longest,
                "{line:?}: {sized:#?}"
            );
        }
        assert!(sized.stdout.contains(&format!("sql/first-{name}")), "{sized:#?}");
        assert!(sized.stdout.contains("`--replace`"), "{sized:#?}");
        // The same words, and the lines that continue others are indented.
        let words =
            |run: &Run| run.stdout.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&sized), words(&whole));
        let is_message = |line: &str| line.starts_with("error:") || line.starts_with("  ");
        assert!(sized.stdout.lines().all(is_message), "{sized:#?}");
        assert!(sized.stdout.lines().count() > whole.stdout.lines().count(), "{sized:#?}");
    }
}
