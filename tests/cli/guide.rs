//! The guide's commands, run as they stand on a real server.
//!
//! In a block of the kind `console`, `$ ` begins a command; each line behind it has to be in what the command prints, in
//! any order, and `exit N` is its exit code, which else is 0.

use crate::{
    polite, replaces,
    support::{Sandbox, finish, root, servers::Postgres},
};
use std::{fs, process::Command};

struct Step<'a> {
    command: &'a str,
    prints: Vec<&'a str>,
    code: i32,
}

/// The commands of each block of a page.
fn blocks(page: &str) -> Vec<Vec<Step<'_>>> {
    let mut blocks = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("a block ends");
        let mut steps: Vec<Step<'_>> = Vec::new();
        for line in block.lines() {
            match (line.strip_prefix("$ "), line.strip_prefix("exit "), steps.last_mut()) {
                (Some(command), _, _) => steps.push(Step { command, prints: Vec::new(), code: 0 }),
                (None, Some(code), Some(step)) => step.code = code.parse().expect("a number"),
                (None, None, Some(step)) => step.prints.push(line),
                (None, _, None) => panic!("a block begins with a command: {line}"),
            }
        }
        blocks.push(steps);
    }
    blocks
}

#[test]
fn servers() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let up = "CREATE TABLE events (at timestamptz NOT NULL);";
    sandbox.sql_plugin("acme/app", &[("1.0.0-1718000000-create-events", up, "DROP TABLE events;")]);
    execute("servers.md", 4, &sandbox);
}

#[test]
fn ends() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    replaces::renamed(&sandbox);
    execute("ends.md", 2, &sandbox);
}

/// Runs the commands of a page, which has at least so many blocks.
fn execute(page: &str, blocks_min: usize, sandbox: &Sandbox) {
    let page = root().join("runner/guide/src").join(page);
    let page = fs::read_to_string(page).expect("a page");
    let blocks = blocks(&page);
    assert!(blocks.len() >= blocks_min, "the page has {} blocks", blocks.len());
    let binary = sandbox.command(&[]).get_program().to_owned();
    for step in blocks.iter().flatten() {
        // As a person types it; only the program is the one that was built.
        let words = step.command.strip_prefix("runner ").expect("a command of the runner");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("\"$RUNNER\" {words}")]).current_dir(sandbox.path());
        for (name, value) in sandbox.command(&[]).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("RUNNER", &binary).env_remove("RUNNER_YES").stdin(std::process::Stdio::null());
        let run = finish(&mut command);
        polite::check(&run);
        assert_eq!(run.code, Some(step.code), "{}: {run:#?}", step.command);
        // Columns are as wide as their cells.
        let all = format!("{}{}", run.stdout, run.stderr);
        let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in &step.prints {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(all.contains(&line), "{} lacks `{line}`: {run:#?}", step.command);
        }
    }
}
