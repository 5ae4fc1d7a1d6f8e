//! `check`: a role that may only look; and `--until-deployed`, an application's start that waits for whoever deploys.

use crate::{
    polite::{PASSWORD, told},
    support::{Sandbox, finish, servers::Postgres},
};
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

/// A role of the application that only checks is no member of the one that deploys.
#[test]
fn another_role_may_look() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", "CREATE TABLE t (n int);", "")]);
    sandbox.ok(&["deploy", "plugins"]);
    let server = sandbox.server();
    let app = format!("app_{}", server.name());
    server.admin_sql(&format!("CREATE ROLE {app} LOGIN PASSWORD '{PASSWORD}';"));
    let (_, host) = server.url().rsplit_once('@').expect("a user");
    let url = format!("postgres://{app}:{PASSWORD}@{host}");
    let check = ["check", "plugins", "--database", &url];
    told(&sandbox, &check, 1, &["GRANT SELECT ON"]);
    server.sql(&format!(
        "GRANT SELECT ON alteration_ledger, alteration_state, alteration_run, alteration_history,
         alteration_archive, alteration_journal TO {app}"
    ));
    told(&sandbox, &check, 0, &[]);
    server.admin_sql(&format!("DROP OWNED BY {app}; DROP ROLE {app};"));
}
