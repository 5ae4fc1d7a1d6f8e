//! The states, one after the other, on an empty database for each story.

use crate::{Said, both_fail, both_refuse, emptied, plugins, read, runner, same, support::Sandbox};
use alteration_check::{Answer, Plugins};
use std::fs;

type Sql = (&'static str, &'static str, &'static str);

const A: Sql = ("1.0.0-1700000000-a", "CREATE TABLE a (x INT);\n", "DROP TABLE a;\n");
const BETWEEN: Sql = ("1.0.0-1700000050-between", "CREATE TABLE p (x INT);\n", "DROP TABLE p;\n");
const B: Sql = ("1.1.0-1700000100-b", "CREATE TABLE b (x INT);\n", "DROP TABLE b;\n");
const B_CHANGED: Sql = (B.0, "CREATE TABLE b (x INT, y INT);\n", B.2);
const B_FAILING: Sql = (B.0, "INSERT INTO nosuch VALUES (1);\n", B.2);

fn files(sandbox: &Sandbox, alterations: &[Sql]) {
    emptied(sandbox);
    if !alterations.is_empty() {
        sandbox.sql_plugin("acme/shop", alterations);
    }
}

fn deploy(sandbox: &Sandbox, alterations: &[Sql]) {
    files(sandbox, alterations);
    sandbox.ok(&["deploy", "plugins"]);
}

fn refused(sandbox: &Sandbox, args: &[&str]) {
    let run = sandbox.runner(args);
    assert_ne!(run.code, Some(0), "{args:?}: {run:#?}");
}

/// Every story, each in a sandbox of its own.
pub fn every(new: impl Fn() -> Sandbox) {
    applied(&new());
    other_files(&new());
    failed(&new());
    drafts(&new());
    renamed(&new());
    begun(&new());
    cut_off(&new());
    older_schemas(&new());
    damaged(&new());
}

fn applied(sandbox: &Sandbox) {
    // A database that is in use, and in which nothing was recorded.
    sandbox.sql("CREATE TABLE customers (id INT)");
    files(sandbox, &[A, B]);
    assert_eq!(same(sandbox, "nothing"), Said::Undeployed);
    deploy(sandbox, &[A]);
    files(sandbox, &[A, B]);
    assert_eq!(same(sandbox, "pending"), Said::Undeployed);
    let error = read(sandbox, None).expect("reads").answer(&plugins(sandbox)).expect("answers");
    assert_eq!(
        error.require_deployed().expect_err("it is pending").to_string(),
        format!(
            "Found undeployed database alterations: acme/shop {}; apply them with `runner deploy`",
            B.0
        )
    );
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(same(sandbox, "applied"), Said::Deployed);
    let names = [A.0, B.0].map(|id| format!("acme/shop/{id}.wasm"));
    let bytes =
        |name: &String| fs::read(sandbox.path().join("plugins").join(name)).expect("packed");
    let embedded = Plugins::embedded(names.iter().map(|name| (name, bytes(name)))).expect("reads");
    let answer = read(sandbox, None).expect("reads").answer(&embedded).expect("answers");
    assert_eq!(answer, Answer::Deployed, "embedded");
    sandbox.ok(&["rollback", "--steps", "1"]);
    assert_eq!(same(sandbox, "rolled back"), Said::Undeployed);
}

fn other_files(sandbox: &Sandbox) {
    deploy(sandbox, &[A, B]);
    files(sandbox, &[A, B_CHANGED]);
    assert_eq!(same(sandbox, "changed"), Said::NeedsDecision);
    files(sandbox, &[B]);
    assert_eq!(same(sandbox, "missing"), Said::NeedsDecision);
    files(sandbox, &[A]);
    assert_eq!(same(sandbox, "ahead"), Said::NeedsDecision);
    files(sandbox, &[A, BETWEEN, B]);
    assert_eq!(same(sandbox, "out of order"), Said::NeedsDecision);
    emptied(sandbox);
    sandbox.sql_plugin("acme/other", &[("1-x", "CREATE TABLE x (x INT);\n", "DROP TABLE x;\n")]);
    assert_eq!(same(sandbox, "absent"), Said::Undeployed);
    emptied(sandbox);
    sandbox.sql_plugin_requiring("acme/other", "\"acme/shop\" = \">=9\"", &[("1-x", A.1, A.2)]);
    assert_eq!(same(sandbox, "a requirement"), Said::NeedsDecision);
}

fn failed(sandbox: &Sandbox) {
    files(sandbox, &[A, B_FAILING]);
    refused(sandbox, &["deploy", "plugins"]);
    assert_eq!(same(sandbox, "failed"), Said::NeedsDecision);
}

fn drafts(sandbox: &Sandbox) {
    deploy(sandbox, &[A]);
    files(sandbox, &[A, B]);
    draft(sandbox, B.0);
    assert_eq!(same(sandbox, "a draft"), Said::NeedsDecision);
    sandbox.ok(&["deploy", "plugins", "--allow-drafts"]);
    assert_eq!(same(sandbox, "an applied draft"), Said::Deployed);
    files(sandbox, &[A, B_CHANGED]);
    draft(sandbox, B.0);
    assert_eq!(same(sandbox, "a changed draft"), Said::NeedsDecision);
}

/// Appends the empty custom section that marks a draft.
fn draft(sandbox: &Sandbox, id: &str) {
    let path = sandbox.path().join(format!("plugins/acme/shop/{id}.wasm"));
    let mut bytes = fs::read(&path).expect("it was packed");
    bytes.extend(b"\x00\x0d\x0crunner:draft");
    fs::write(&path, bytes).expect("it is marked");
}

fn renamed(sandbox: &Sandbox) {
    deploy(sandbox, &[A, B]);
    emptied(sandbox);
    let source = "sources/acme/store";
    let manifest = "plugin = \"acme/store\"\nreplaces = \"acme/shop\"\n";
    sandbox.write(&format!("{source}/alteration.toml"), manifest);
    for (id, up, down) in [A, B] {
        sandbox.write(&format!("{source}/{id}.up.sql"), up);
        sandbox.write(&format!("{source}/{id}.down.sql"), down);
    }
    sandbox.ok(&["pack", source, "--out", "plugins/acme/store"]);
    assert_eq!(same(sandbox, "renamed"), Said::NeedsDecision);
    sandbox.ok(&["deploy", "plugins", "--accept-rename", "acme/shop=acme/store"]);
    assert_eq!(same(sandbox, "taken over"), Said::Deployed);
    files(sandbox, &[A, B]);
    assert_eq!(same(sandbox, "its old files"), Said::NeedsDecision);
}

/// Packs `1-a` with these hooks.
fn hooks(sandbox: &Sandbox, texts: &[(&str, &str)]) {
    emptied(sandbox);
    let _ = fs::remove_dir_all(sandbox.path().join("sources"));
    for (hook, sql) in texts {
        sandbox.write(&format!("sources/1-a.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources", "--plugin", "acme/shop", "--out", "plugins", "--replace"]);
}

fn begun(sandbox: &Sandbox) {
    let (before, up) = (("before-up", "CREATE TABLE a (x INT);\n"), ("up", B.1));
    let (down, undone) = (("down", "DROP TABLE nosuch;\n"), ("before-down", "DROP TABLE b;\n"));
    hooks(sandbox, &[before, ("up", "INSERT INTO nosuch VALUES (1);\n"), down]);
    refused(sandbox, &["deploy", "plugins"]);
    assert_eq!(same(sandbox, "begun"), Said::NeedsDecision);
    // Only the runner compares what took effect with the file.
    hooks(sandbox, &[("before-up", "CREATE TABLE a (x INT, y INT);\n"), up, down]);
    both_refuse(sandbox, "begun otherwise");
    hooks(sandbox, &[before, up, undone, down]);
    both_refuse(sandbox, "begun and mended");
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(same(sandbox, "mended"), Said::Deployed);
    refused(sandbox, &["rollback", "--steps", "1"]);
    assert_eq!(same(sandbox, "a rollback that was begun"), Said::NeedsDecision);
}

/// Only MySQL and MariaDB run what cannot be resumed.
fn cut_off(sandbox: &Sandbox) {
    if !sandbox.url().starts_with("m") {
        return;
    }
    let sql = "CREATE TABLE a (x INT);\nSET @r := 0;\nINSERT INTO a VALUES (@r := @r + 1);\nINSERT INTO nosuch VALUES (1);\n";
    files(sandbox, &[(A.0, sql, A.2)]);
    refused(sandbox, &["deploy", "plugins"]);
    let (document, _) = runner(sandbox);
    assert_eq!(document["findings"][0]["kind"], "cut-off", "{document:#}");
    assert_eq!(same(sandbox, "cut off"), Said::NeedsDecision);
}

/// Tables as older runners made them, which a check reads and leaves as they are.
fn older_schemas(sandbox: &Sandbox) {
    deploy(sandbox, &[A]);
    files(sandbox, &[A, B]);
    let to = |version: i64| format!("UPDATE alteration_ledger SET schema_version = {version}");
    let steps: [(i64, &[&str]); 5] = [
        (5, &["DROP TABLE alteration_object", "ALTER TABLE alteration_state DROP COLUMN level"]),
        (4, &["ALTER TABLE alteration_state DROP COLUMN draft"]),
        (3, &[]),
        (
            2,
            &[
                "ALTER TABLE alteration_state DROP COLUMN settings",
                "ALTER TABLE alteration_run DROP COLUMN settings",
            ],
        ),
        (1, &["DROP TABLE alteration_run", "DROP TABLE alteration_journal"]),
    ];
    for (version, statements) in steps {
        for statement in statements {
            sandbox.sql(statement);
        }
        sandbox.sql(&to(version));
        assert_eq!(same(sandbox, &format!("schema version {version}")), Said::Undeployed);
    }
    sandbox.sql(&to(7));
    both_fail(sandbox, "version 7");
}

fn damaged(sandbox: &Sandbox) {
    deploy(sandbox, &[A]);
    sandbox.sql("UPDATE alteration_state SET checksum = 'x'");
    both_fail(sandbox, "the column checksum holds no valid value");
    sandbox.sql("DROP TABLE alteration_state");
    both_fail(sandbox, "the table alteration_state is missing");
    if sandbox.url().starts_with("postgres") {
        elsewhere(sandbox);
    }
}

/// A place that the session's current schema is not, and one that is named.
fn elsewhere(sandbox: &Sandbox) {
    sandbox.sql("DROP TABLE alteration_ledger, alteration_run, alteration_journal, alteration_history, alteration_archive");
    sandbox.sql("DROP TABLE a; CREATE SCHEMA app");
    sandbox.ok(&["deploy", "plugins", "--state-schema", "app"]);
    both_fail(sandbox, "in the schema app");
    let queries = read(sandbox, Some("app")).expect("reads");
    assert_eq!(queries.answer(&plugins(sandbox)).expect("answers"), Answer::Deployed);
    let run = sandbox.runner(&["check", "plugins", "--state-schema", "app"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
}
