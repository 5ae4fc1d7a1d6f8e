//! The stories of examples/authoring-* and examples/logto: a README whose commands are run, and whose outputs are compared.
//!
//! A command is an indented line that starts with `$`; what is indented below it is what it shows, errors
//! included. Durations, sizes and stamps may differ. With RUNNER_UPDATE_STORIES=1 what is shown is written anew, for
//! whoever reads the difference.

use crate::{Sandbox, root};
use std::{fs, path::PathBuf, process::Command};

/// Runs the story of one folder of examples, from its first command to its last.
pub fn run(example: &str) {
    run_in(&Sandbox::new(), example, &[]);
}

/// The same in a folder that has something in it, with what else the author has set.
pub fn run_in(sandbox: &Sandbox, example: &str, environment: &[(String, String)]) {
    let path = root().join("examples").join(example).join("README.md");
    let text = fs::read_to_string(&path).expect("a README");
    let mut folder = sandbox.path().to_owned();
    let mut differences = String::new();
    let mut outputs = Vec::new();
    for (command, expected) in commands(&text) {
        let output = shell(sandbox, &mut folder, command, environment);
        outputs.push(output.clone());
        if masked(&output) != masked(&expected) {
            differences += &format!("$ {command}\n{output}--- instead of\n{expected}\n");
        }
    }
    if std::env::var_os("RUNNER_UPDATE_STORIES").is_some() {
        fs::write(&path, rewritten(&text, &outputs)).expect("written");
        return;
    }
    assert!(differences.is_empty(), "{}:\n{differences}", path.display());
}

/// The text with other outputs below its commands.
fn rewritten(text: &str, outputs: &[String]) -> String {
    let mut rewritten = String::new();
    let mut outputs = outputs.iter();
    let mut is_output = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let next_is_output = || {
            lines.clone().next().is_some_and(|l| l.starts_with("    ") && !l.starts_with("    $"))
        };
        if line.starts_with("    $ ") {
            rewritten += &format!("{line}\n");
            for shown in outputs.next().into_iter().flat_map(|output| output.lines()) {
                rewritten += format!("    {shown}").trim_end();
                rewritten.push('\n');
            }
            is_output = true;
        } else if !is_output || !(line.starts_with("    ") || line.is_empty() && next_is_output()) {
            is_output = false;
            rewritten += &format!("{line}\n");
        }
    }
    rewritten
}

/// Each command with the lines that it is said to show.
fn commands(text: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("    $ ") {
            commands.push((command, String::new()));
        } else if let (Some((_, shown)), Some(line)) =
            (commands.last_mut(), line.strip_prefix("    "))
        {
            *shown += &format!("{line}\n");
        } else if let Some((_, shown)) = commands.last_mut()
            && line.is_empty()
            && !shown.is_empty()
            && lines.peek().is_some_and(|l| l.starts_with("    ") && !l.starts_with("    $"))
        {
            shown.push('\n');
        }
    }
    assert!(!commands.is_empty(), "a README without commands");
    commands
}

/// Runs a command in `folder`, which it may change, and returns what it shows.
fn shell(
    sandbox: &Sandbox,
    folder: &mut PathBuf,
    line: &str,
    environment: &[(String, String)],
) -> String {
    let runner = sandbox.command(&[]);
    let programs = PathBuf::from(runner.get_program()).parent().expect("a folder").to_owned();
    let set = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    let path = set.unwrap_or_else(|| std::env::var("PATH").unwrap_or_default());
    let ended_in = sandbox.path().join("ended-in");
    let script = format!("{{ {line}\n}} 2>&1; pwd >'{}'", ended_in.display());
    let mut command = Command::new("bash");
    // What a shell of the author's has; the runner's own settings are the sandbox's.
    command.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.env("PATH", format!("{}:{path}", programs.display()));
    command.env_remove("DATABASE_URL").args(["-c", &script]).current_dir(&*folder);
    let output = command.output().expect("a shell");
    *folder = fs::read_to_string(ended_in).expect("where it ended").trim_end().into();
    String::from_utf8(output.stdout).expect("text")
}

/// Returns whether a line only tells that something takes long, as it does on a slow machine.
fn is_heartbeat(line: &str) -> bool {
    let seconds = line.trim_start().strip_suffix(" s…").and_then(|line| line.rsplit_once(": "));
    seconds.is_some_and(|(_, seconds)| seconds.parse::<u32>().is_ok())
}

/// The text without the numbers that no two runs share.
fn masked(text: &str) -> String {
    let lines = text.lines().filter(|line| !is_heartbeat(line));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let mut masked = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let length = from.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(from.len());
        let (number, after) = from.split_at(length);
        // A loaded machine takes seconds for what takes another milliseconds.
        let duration = [" ms", " s", "s"].iter().find_map(|unit| after.strip_prefix(unit));
        let duration = duration.filter(|rest| !rest.starts_with(char::is_alphanumeric));
        masked += before;
        masked += match duration {
            Some(_) => "TIME",
            None if after.starts_with(" bytes") || number.len() >= 9 => "N",
            None => number,
        };
        rest = duration.unwrap_or(after);
    }
    masked + rest
}

#[test]
fn only_what_differs_from_run_to_run_is_masked() {
    let text = "0.1.0-1795386367-create-tags.wasm  19849069 bytes\nBuilding Python: 10 s…\n2 statements, 1.5 s, 12 ms\nin 0.001s\n";
    let expected = "0.1.0-N-create-tags.wasm  N bytes\n2 statements, TIME, TIME\nin TIME\n";
    assert_eq!(masked(text), expected);
}

#[test]
fn a_command_has_the_lines_below_it() {
    let text =
        "Words.\n\n    $ one\n    a\n\n    b\n\nMore words.\n\n    $ two\n    $ three\n    c\n";
    let expected =
        [("one", "a\n\nb\n"), ("two", ""), ("three", "c\n")].map(|(c, s)| (c, s.to_owned()));
    assert_eq!(commands(text), expected);
}

#[test]
fn outputs_are_written_below_their_commands() {
    let text =
        "Words.\n\n    $ one\n    old\n\n    old\n\nMore.\n\n    $ two\n    $ three\n    old\n";
    let outputs = ["a\n\nb\n", "", "c\n"].map(str::to_owned);
    let expected =
        "Words.\n\n    $ one\n    a\n\n    b\n\nMore.\n\n    $ two\n    $ three\n    c\n";
    assert_eq!(rewritten(text, &outputs), expected);
}
