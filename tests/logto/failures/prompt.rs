//! A script that asks a person: without one, the original waits for ever.

use super::{Twins, arguments, assert_said, ok, runner};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

/// Logto's own, that asks, as one of the newest release.
const ASKS: &str = "1.44.0-1790000000-remove-demo-app";
const LOGTOS: &str = "1.0.0_rc.1-1676906977-remove-demo-app.js";

#[test]
fn a_question_that_nobody_answers() {
    let twins = Twins::seeded(|_, _| ());
    let script = fs::read_to_string(twins.original.scripts().join(LOGTOS)).expect("Logto's script");
    twins.ship(&[(ASKS, &script)]);
    twins.baseline("1.43.0");
    let apps = "SELECT count(*) FROM applications WHERE id = 'demo-app'";
    twins.sql(
        "INSERT INTO applications (tenant_id, id, secret, name, description, type, oidc_client_metadata)
         VALUES ('default', 'demo-app', 's', 'Demo', '', 'SPA', '{}')",
    );

    // A pipeline's input that is open, and the variable by which Logto knows one is not set.
    let mut command =
        twins.original.command(&twins.theirs, &["db", "alteration", "deploy", "latest"]);
    command.env_remove("CI").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().expect("a process");
    let asked = BufReader::new(process.stdout.take().expect("a pipe"))
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("will be removed"));
    assert!(asked);
    std::thread::sleep(Duration::from_secs(5));
    assert!(process.try_wait().expect("a process").is_none(), "it does not wait");
    process.kill().expect("it runs");
    process.wait().expect("it ends");

    // The runner's input is open too.
    let mut command = twins.ours.command(&arguments(&["deploy", "plugins", "--grant", "entropy"]));
    let deploy = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = deploy.spawn().expect("a process");
    let _input = process.stdin.take();
    let output = process.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    for text in [ASKS, "--set logto/core:confirm=yes", "will be removed", "nothing was altered"] {
        assert!(said.contains(text), "`{text}` was not said: {said}");
    }
    assert_eq!(twins.ours.rows(apps), ["1"]);

    let no = runner(
        &twins.ours,
        &["deploy", "plugins", "--grant", "entropy", "--set", "logto/core:confirm=no"],
    );
    assert_said(&no, 1, &["User cancelled alteration", "nothing was altered"]);
    ok(
        &twins.ours,
        &["deploy", "plugins", "--grant", "entropy", "--set", "logto/core:confirm=yes"],
    );
    assert_eq!(twins.ours.rows(apps), ["0"]);
}
