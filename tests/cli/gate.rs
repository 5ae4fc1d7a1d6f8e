//! `check --until-deployed`: an application's start that waits for whoever deploys.

use crate::support::{Sandbox, finish};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (x)", "DROP TABLE a")]);
    sandbox
}

#[test]
fn it_waits_until_somebody_has_deployed() {
    let sandbox = sandbox();
    let mut command = sandbox.command(&["check", "plugins", "--until-deployed", "10m"]);
    let mut check =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    let mut told = String::new();
    let mut stderr = BufReader::new(check.stderr.take().expect("a pipe"));
    stderr.read_line(&mut told).expect("a line");
    assert_eq!(told, "Waiting for 1 undeployed alteration of sqlite:app.db.\n");
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(check.wait().expect("an end").code(), Some(0));
    let mut said = String::new();
    check.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(said, "sqlite:app.db is up to date.\n");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "", "it says once what it waits for");
}

#[test]
fn it_waits_no_longer_than_it_was_told_and_not_for_what_a_person_decides() {
    let sandbox = sandbox();
    let check = |time| sandbox.runner(&["check", "plugins", "--until-deployed", time]);
    let run = check("10ms");
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stdout.contains("Deploy them with: runner deploy plugins"), "{run:#?}");

    sandbox.ok(&["deploy", "plugins"]);
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-a", "CREATE TABLE a (y)", "DROP TABLE a")]);
    // An hour is longer than the tests may take.
    assert_eq!(check("1h").code, Some(4));
    assert_eq!(
        finish(&mut sandbox.command(&["check", "plugins", "--until-deployed", "soon"])).code,
        Some(2)
    );
}
