//! Foreign keys on SQLite are checked at the end of each hook, whoever made the tables, and whenever.

use crate::support::Sandbox;

/// Deploys these, each by itself; the last one must be refused for its foreign keys.
fn refused(steps: &[&str], between: &str) {
    refused_with(&[], steps, between);
}

/// The same with these flags.
fn refused_with(flags: &[&str], steps: &[&str], between: &str) {
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (0..steps.len()).map(|at| format!("1.0.0-{at}-a")).collect();
    let plugin: Vec<_> = ids.iter().zip(steps).map(|(id, up)| (id.as_str(), *up, "")).collect();
    let (last, first) = plugin.split_last().expect("a step");
    if !between.is_empty() {
        sandbox.sql_plugin("acme/shop", first);
        sandbox.ok(&[&["deploy", "plugins"], flags].concat());
        sandbox.sql(between);
    }
    sandbox.sql_plugin("acme/shop", &[first, &[*last]].concat());
    let run = sandbox.runner(&[&["deploy", "plugins"], flags].concat());
    assert_eq!(run.code, Some(1), "{steps:?}: {run:#?}");
    let told = "foreign keys are violated at the end of the hook";
    assert!(run.stderr.contains(told), "{steps:?}: {run:#?}");
    assert!(run.stderr.contains(last.0), "{steps:?}: {run:#?}");
}

const PARENT: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);";
const CHILD: &str = "CREATE TABLE Child (x REFERENCES P); INSERT INTO child VALUES (1);";

#[test]
fn what_an_earlier_step_made_is_known() {
    refused(&[PARENT, CHILD, "DELETE FROM p;"], "");
    refused(&[PARENT, CHILD, "UPDATE Child SET x = 2;"], "");
    refused(&[PARENT, CHILD, "DROP TABLE p;"], "");
    refused(
        &[PARENT, "CREATE TABLE other (x);", CHILD, "CREATE TABLE more (y);", "DELETE FROM P"],
        "",
    );
}

#[test]
fn what_an_alteration_of_a_table_makes_is_known() {
    let column =
        "CREATE TABLE c (y); ALTER TABLE c ADD COLUMN x REFERENCES p; INSERT INTO c VALUES (0, 1);";
    refused(&[PARENT, column, "DELETE FROM p;"], "");
    refused(&[PARENT, CHILD, "ALTER TABLE p RENAME TO q;", "DELETE FROM q;"], "");
    refused(&[PARENT, CHILD, "ALTER TABLE child RENAME TO d;", "DELETE FROM p;"], "");
    refused(&[PARENT, CHILD, "ALTER TABLE p RENAME TO q; DELETE FROM q;"], "");
}

#[test]
fn what_others_made_meanwhile_is_known() {
    refused(&[PARENT, "DELETE FROM p;"], CHILD);
}

#[test]
fn what_was_rolled_back_is_not() {
    let sandbox = Sandbox::new();
    let failing = format!("{CHILD} SELECT nothing FROM nowhere;");
    sandbox.sql_plugin("acme/shop", &[("1-a", PARENT, ""), ("2-b", &failing, "")]);
    assert_eq!(sandbox.runner(&["deploy", "plugins"]).code, Some(1));
    sandbox.sql_plugin("acme/shop", &[("1-a", PARENT, ""), ("2-b", "DELETE FROM p;", "")]);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox
        .sql_plugin("acme/more", &[("1-a", "INSERT INTO p VALUES (1);", ""), ("2-b", CHILD, "")]);
    sandbox.ok(&["deploy", "plugins", "--guard", "acme/more"]);
}

/// SQLite takes a key that it cannot check; only a row that lacks its parent is one too many.
#[test]
fn a_key_that_cannot_be_checked_is_no_violation() {
    let taken = [
        "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int REFERENCES t1 (id));",
        "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int REFERENCES t1 (id)); INSERT INTO t2 VALUES (7);",
        "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int REFERENCES t1 (nope));",
        "CREATE TABLE t1 (id int); CREATE TABLE t2 (id int REFERENCES t1);",
    ];
    for up in taken {
        let sandbox = Sandbox::new();
        sandbox.sql_plugin("acme/shop", &[("1.0.0-0-a", up, "")]);
        sandbox.ok(&["deploy", "plugins"]);
    }
    let beside = "CREATE TABLE t1 (id int); CREATE TABLE u (a, b, UNIQUE (a, b));";
    let both = "CREATE TABLE t2 (id int REFERENCES t1 (id), x REFERENCES P, a, b, FOREIGN KEY (b, a) REFERENCES U (B, A));";
    refused(&[PARENT, beside, both, "INSERT INTO t2 (x) VALUES (1), (2);"], "");
    refused(&[PARENT, beside, both, "INSERT INTO t2 (a, b) VALUES (1, 2);"], "");
    let gone = "CREATE TABLE t2 (id int REFERENCES t1 (id), x REFERENCES nowhere);";
    // A confined plugin may not refer to what is not there.
    refused_with(&["--guard", "*"], &[beside, gone, "INSERT INTO t2 (x) VALUES (1);"], "");
    let sandbox = Sandbox::new();
    let fine = "INSERT INTO u VALUES (1, 2); INSERT INTO t2 (id, x, a, b) VALUES (9, 1, 1, 2), (9, NULL, 5, NULL);";
    let up = format!("{PARENT}{beside}{both}{fine}");
    sandbox.sql_plugin("acme/shop", &[("1.0.0-0-a", &up, "")]);
    sandbox.ok(&["deploy", "plugins"]);
}
