//! Folders of histories as people have them: empty files, large files, and several problems at once.

use crate::support::{Sandbox, servers::Postgres};
use std::fmt::Write as _;

#[test]
fn empty_files_do_nothing_and_take_nothing_back() {
    let sandbox = Sandbox::new();
    for (name, text) in [
        ("1_a.up.sql", "CREATE TABLE t (id int);\n"),
        ("1_a.down.sql", ""),
        ("2_b.up.sql", ""),
        ("2_b.down.sql", ""),
        ("3_c.up.sql", "CREATE TABLE u (id int);\n"),
        ("3_c.down.sql", "DROP TABLE u;\n"),
        ("seed/users.sql", "INSERT INTO u VALUES (1);\n"),
    ] {
        sandbox.write(&format!("in/{name}"), text);
    }
    let plugin = ["--plugin", "acme/app", "--out", "plugins/acme/app"];
    let packed = sandbox.ok(&[&["pack", "in", "--from", "golang-migrate"], &plugin[..]].concat());
    for told in [
        "1-a has no way back: what was written for it does nothing.",
        "2-b has no way back: what was written for it does nothing.",
        "Passed over in/seed/users.sql: golang-migrate does not run it.",
    ] {
        assert!(packed.stderr.contains(told), "{packed:#?}");
    }
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(
        sandbox.state(),
        ["acme/app 1-a applied", "acme/app 2-b applied", "acme/app 3-c applied"]
    );
    sandbox.ok(&["rollback", "--steps", "1"]);
    let refused = sandbox.runner(&["rollback", "--steps", "1"]);
    assert_ne!(refused.code, Some(0), "there is no way back of 2-b: {refused:#?}");
    assert_eq!(sandbox.rows("SELECT name FROM sqlite_schema WHERE name IN ('t', 'u')"), ["t"]);
}

/// 17 MiB of INSERT statements of 60 kB.
fn seed() -> String {
    let mut sql = "CREATE TABLE big (id int, n text);\n".to_owned();
    let text = "some text to make it longer; it is a seed ".repeat(70);
    for i in 0..310 {
        write!(sql, "INSERT INTO big VALUES ({i}, 'x')").expect("a string grows");
        for j in 0..20 {
            write!(sql, ",({j}, 'row {j} {text}')").expect("a string grows");
        }
        sql.push_str(";\n");
    }
    assert!(sql.len() > 17 << 20, "{}", sql.len());
    sql
}

#[test]
fn a_file_may_be_larger_than_any_statement() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    sandbox.write("in/1_big.up.sql", seed());
    let args = ["pack", "in", "--from", "golang-migrate", "--plugin", "acme/app"];
    sandbox.ok(&[&args[..], &["--out", "plugins/acme/app"]].concat());
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM big"), ["6510"]);
    let deployed = sandbox.ok(&["deploy", "plugins", "--database", "sqlite:app.db"]);
    assert!(deployed.stdout.contains("311 statements"), "{deployed:#?}");
}

#[test]
fn a_large_statement_is_told_by_pack_and_names_its_flag() {
    let sandbox = Sandbox::new();
    let large = format!("SELECT 1;\nSELECT '{}';\n", "x".repeat(17 << 20));
    sandbox.write("in/1_a.up.sql", large);
    let args = ["pack", "in", "--from", "golang-migrate", "--plugin", "acme/app"];
    let packed = sandbox.ok(&[&args[..], &["--dialect", "sqlite", "--out", "plugins/a"]].concat());
    let told = "in/1_a.up.sql: line 2: this statement has 17825802 bytes: a deploy takes it with `--max-sql`";
    assert!(packed.stderr.contains(told), "{packed:#?}");
    let refused = sandbox.runner(&["deploy", "plugins"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("raise the bound with `--max-sql`"), "{refused:#?}");
    sandbox.ok(&["deploy", "plugins", "--max-sql", "20MiB"]);
}

#[test]
fn all_problems_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write("in/1_a.up.sql", "SELECT 'x;\n");
    sandbox.write("in/2_b.up.sql", "SELECT 1;\nCOMMIT;\n");
    let args = ["pack", "in", "--from", "golang-migrate", "--plugin", "acme/app", "--out", "out"];
    let refused = sandbox.runner(&args);
    assert_eq!(refused.code, Some(1));
    for told in ["error: 2 problems:", "in/1_a.up.sql: line 1: ", "in/2_b.up.sql: line 2: "] {
        assert!(refused.stderr.contains(told), "{refused:#?}");
    }
    let json = sandbox.runner(&[&args[..], &["--format", "json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let problems = document["error"]["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), 2, "{document:#}");
    assert!(problems[1].as_str().expect("a text").starts_with("in/2_b.up.sql: line 2: "));
}
