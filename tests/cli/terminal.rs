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
    let runner = sandbox.command(&[]);
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("'{}' {words}", runner.get_program().display()))
        .arg("/dev/null")
        .current_dir(sandbox.path())
        .env_clear()
        .env("TERM", "xterm")
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
