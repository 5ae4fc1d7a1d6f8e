//! Without a terminal `deploy` and `rollback` do nothing unless they were told yes.

use crate::{
    polite,
    samples::shop,
    support::{Run, Sandbox, finish},
};
use std::process::Command;

/// Runs with `yes` as the variable, or without it.
fn run(sandbox: &Sandbox, args: &[&str], yes: Option<&str>) -> Run {
    let mut command = sandbox.command(args);
    match yes {
        Some(yes) => command.env("RUNNER_YES", yes),
        None => command.env_remove("RUNNER_YES"),
    };
    let run = finish(&mut command);
    polite::check(&run);
    run
}

fn next_command(run: &Run) -> &str {
    let command = run.stderr.lines().find_map(|line| line.strip_prefix("      runner "));
    command.unwrap_or_else(|| panic!("no command: {run:#?}"))
}

/// Types what was shown, in a shell.
fn paste(sandbox: &Sandbox, command: &str) -> Run {
    let runner = sandbox.command(&[]);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("'{}' {command}", runner.get_program().display())]);
    shell.current_dir(sandbox.path()).env_clear();
    shell.envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    finish(shell.env_remove("RUNNER_YES"))
}

#[test]
fn a_deploy_is_refused_and_its_message_leads_on() {
    let sandbox = shop();
    let refused = run(&sandbox, &["deploy", "plugins"], None);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("sqlite:app.db: 3 alterations to apply"), "{refused:#?}");
    let told = "error: 3 alterations would be applied, and there is no terminal to ask at\n  \
                changed: nothing was altered\n  \
                next: if that is right, add `--yes` or set RUNNER_YES=1:\n      \
                runner deploy --yes plugins\n";
    assert!(refused.stderr.ends_with(told), "{refused:#?}");
    assert_eq!(refused.stdout, "");
    assert!(!sandbox.database().exists(), "not even the database was made");
    let pasted = paste(&sandbox, next_command(&refused));
    assert_eq!(pasted.code, Some(0), "{pasted:#?}");
    assert_eq!(sandbox.state().len(), 3);
    // There is nothing to ask about any more.
    assert_eq!(run(&sandbox, &["deploy", "plugins"], None).code, Some(0));
}

#[test]
fn a_rollback_is_refused_and_drops_nothing() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let before = sandbox.dump();
    let args = ["rollback", "--plugin", "acme/shop", "--to", "none", "--database", "sqlite:app.db"];
    let refused = run(&sandbox, &args, None);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    assert!(refused.stderr.contains("error: 3 alterations would be rolled back"), "{refused:#?}");
    assert_eq!(sandbox.dump(), before);
    assert_eq!(run(&sandbox, &["rollback", "--steps", "1", "--dry-run"], None).code, Some(0));
    let pasted = paste(&sandbox, next_command(&refused));
    assert_eq!(pasted.code, Some(0), "{pasted:#?}");
    assert_eq!(run(&sandbox, &["rollback", "--steps", "1"], None).code, Some(0), "nothing to do");
}

#[test]
fn what_needs_no_yes() {
    let sandbox = shop();
    for args in [&["deploy", "plugins", "--dry-run"][..], &["plan", "plugins"]] {
        assert_eq!(run(&sandbox, args, None).code, Some(0), "{args:?}");
    }
    assert_eq!(run(&sandbox, &["deploy", "plugins", "--yes"], None).code, Some(0));
}

#[test]
fn values_of_the_variable() {
    let table = [
        ("1", Some(0)),
        ("true", Some(0)),
        ("YES", Some(0)),
        ("", Some(2)),
        ("0", Some(2)),
        ("false", Some(2)),
        ("No", Some(2)),
        ("perhaps", Some(2)),
    ];
    for (value, code) in table {
        let sandbox = shop();
        let deployed = run(&sandbox, &["deploy", "plugins"], Some(value));
        assert_eq!(deployed.code, code, "{value:?}: {deployed:#?}");
        assert_eq!(sandbox.database().exists(), code == Some(0), "{value:?}");
    }
    // A flag says yes whatever the variable says.
    assert_eq!(run(&shop(), &["deploy", "plugins", "--yes"], Some("0")).code, Some(0));
}

#[test]
fn programs_are_told_too() {
    let refused = run(&shop(), &["deploy", "plugins", "--format", "json"], None);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    let document: serde_json::Value = serde_json::from_str(&refused.stdout).expect("JSON");
    assert_eq!(document["error"]["exit_code"], 2);
    let command = "runner deploy --yes plugins --format json";
    assert_eq!(document["error"]["commands"], serde_json::json!([command]));
}
