//! Runs the binary at a terminal, where an answer is typed, and without one, where the environment may say yes.

use crate::{
    polite,
    support::{Run, Sandbox, finish},
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
    at_terminal_of(sandbox, words, no_color, (answer, &|| ()), None)
}

/// The same without colours, where `meanwhile` happens between question and answer.
pub fn typed_after(sandbox: &Sandbox, words: &str, answer: &str, meanwhile: &dyn Fn()) -> Run {
    at_terminal_of(sandbox, words, true, (answer, meanwhile), None)
}

/// Runs `runner` without colours at a terminal of so many columns.
fn in_columns(sandbox: &Sandbox, words: &str, columns: usize) -> Run {
    at_terminal_of(sandbox, words, true, ("", &|| ()), Some(columns))
}

fn at_terminal_of(
    sandbox: &Sandbox,
    words: &str,
    no_color: bool,
    (answer, meanwhile): (&str, &dyn Fn()),
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
    meanwhile();
    // The terminal stays open until the runner has ended; it may have ended unasked.
    let _ = stdin.write_all(answer.as_bytes());
    stdout.read_to_end(&mut seen).expect("output");
    let code = child.wait().expect("it ends").code();
    Run { code, stdout: String::from_utf8(seen).expect("UTF-8"), stderr: String::new() }
}

/// Runs without a terminal, with `yes` in RUNNER_YES, or without that variable.
pub fn answered(sandbox: &Sandbox, args: &[&str], yes: Option<&str>) -> Run {
    let mut command = sandbox.command(args);
    match yes {
        Some(yes) => command.env("RUNNER_YES", yes),
        None => command.env_remove("RUNNER_YES"),
    };
    let run = finish(&mut command);
    polite::check(&run);
    run
}

/// Returns the command that a refusal ends with.
pub fn next_command(run: &Run) -> &str {
    let command = run.stderr.lines().find_map(|line| line.strip_prefix("      runner "));
    command.unwrap_or_else(|| panic!("no command: {run:#?}"))
}

/// Types what was shown, in a shell.
pub fn paste(sandbox: &Sandbox, command: &str) -> Run {
    let runner = sandbox.command(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("'{}' {command}", runner.get_program().display())]);
    shell.current_dir(sandbox.path()).env_clear();
    shell.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    finish(shell.env_remove("RUNNER_YES"))
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
