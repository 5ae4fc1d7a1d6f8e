//! Histories of MySQL and MariaDB as their own tools run them: idioms that a resumed hook could not repeat, and dumps.

mod cut_off;
mod dumps;
mod idioms;

use crate::{
    polite::run,
    support::{
        Run, Sandbox,
        servers::{Mariadb, Mysql},
    },
};

const ID: &str = "1.0.0-1-a";

/// Makes a sandbox on each server; MySQL unless the run goes without.
fn places() -> Vec<fn() -> Sandbox> {
    let mariadb: fn() -> Sandbox = || Sandbox::on(Mariadb::shared().database());
    let mysql: fn() -> Sandbox = || Sandbox::on(Mysql::shared().expect("it is there").database());
    if Mysql::is_left_out() { vec![mariadb] } else { vec![mariadb, mysql] }
}

/// Puts an alteration with `up` and no way back into a sandbox.
fn app(sandbox: Sandbox, up: &str) -> Sandbox {
    sandbox.sql_plugin("acme/app", &[(ID, up, "")]);
    sandbox
}

/// Deploys what is in the sandbox, which ends with `code`.
fn deploy(sandbox: &Sandbox, code: i32) -> Run {
    let deployed = run(sandbox, &["deploy", "plugins"]);
    assert_eq!(deployed.code, Some(code), "{deployed:#?}");
    deployed
}

/// Returns the line from which on a plan says that its step cannot be resumed.
fn noted(planned: &Run) -> Option<usize> {
    let plan: serde_json::Value = serde_json::from_str(&planned.stdout).expect("JSON");
    let findings = plan["findings"].as_array().expect("a list");
    let note = findings.iter().find(|finding| finding["kind"] == "not-resumable")?;
    note["line"].as_u64()?.try_into().ok()
}

#[test]
fn a_transaction_that_is_left_open_is_an_error() {
    for make in places() {
        let up = "CREATE TABLE t (a int);\nSET autocommit = 0;\nINSERT INTO t VALUES (1);\n";
        let sandbox = app(make(), up);
        let failed = deploy(&sandbox, 1);
        assert!(failed.stderr.contains("left a transaction open"), "{failed:#?}");
        assert!(sandbox.rows("SELECT a FROM t").is_empty());
    }
}

#[test]
fn a_statement_of_a_stretch_is_ended_in_time() {
    for make in places() {
        let up = "CREATE TABLE t (a int);\nSET @a = (SELECT 1);\nINSERT INTO t SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c;\n";
        let sandbox = app(make(), up);
        let ended = run(&sandbox, &["deploy", "plugins", "--statement-timeout", "500ms"]);
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        assert!(ended.stderr.contains("took longer than 500 ms"), "{ended:#?}");
        let sessions = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
        while sandbox.rows(sessions) != ["0"] {}
    }
}
