//! What the text of a statement shows to be refused is told before anything is altered.

use crate::{
    polite::run,
    samples::A,
    support::{
        Sandbox,
        servers::{Mariadb, Postgres},
    },
    transcript::Transcript,
};
use insta::assert_snapshot;

/// `second` has a statement that is refused, in its line 4: nothing is altered, and each verb says so.
fn refused_before(sandbox: &Sandbox, second: &str, reason: &str) {
    let second = ("1.0.0-2-b", second, "DROP TABLE b;\n");
    let before = sandbox.dump();
    sandbox.sql_plugin("acme/shop", &[A, second]);
    let told =
        format!("acme/shop 1.0.0-2-b cannot run here: statement 3 of its up, in line 4: {reason}");
    let mut verbs =
        vec![vec!["deploy", "plugins"], vec!["plan", "plugins"], vec!["check", "plugins"]];
    if !sandbox.url().starts_with("mysql") && !sandbox.url().starts_with("mariadb") {
        verbs.push(vec!["deploy", "plugins", "--dry-run"]);
    }
    for args in verbs {
        let run = run(sandbox, &args);
        assert_eq!(run.code, Some(1), "{args:?}: {run:#?}");
        assert!(format!("{}{}", run.stdout, run.stderr).contains(&told), "{args:?}: {run:#?}");
        assert_eq!(sandbox.dump(), before, "{args:?} altered something");
    }
    let run = run(sandbox, &["deploy", "plugins", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(document["error"]["changed"], "nothing was altered");
    let finding = &document["error"]["findings"][0];
    assert_eq!(finding["kind"], "refused");
    assert_eq!((finding["statement"].as_u64(), finding["line"].as_u64()), (Some(3), Some(4)));
}

#[test]
fn on_sqlite() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin(
        "acme/shop",
        &[A, ("1.0.0-2-b", "CREATE TABLE b (x);\nPRAGMA writable_schema = ON;\n", "")],
    );
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["deploy", "plugins"]);
    seen.refused(1, &["deploy", "plugins", "--dry-run"]);
    for verb in ["plan", "check"] {
        assert_eq!(seen.run(&[verb, "plugins"]).code, Some(1));
        assert!(!sandbox.database().exists(), "{verb} made a database");
    }
    seen.note("Up to there it goes.");
    sandbox.sql_plugin("acme/more", &[A]);
    assert_eq!(seen.run(&["deploy", "plugins", "--target", "acme/more@latest"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn on_postgresql() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let up = "CREATE TABLE b (x int);\nINSERT INTO b VALUES (1);\n\nCOMMIT;\nSELECT 1;\n";
    refused_before(&sandbox, up, "COMMIT is refused");
}

#[test]
fn on_mariadb_where_each_statement_before_it_would_stay() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    let up = "CREATE TABLE b (x INT);\nCREATE TABLE c (x INT);\n\nKILL 1;\nSELECT 1;\n";
    refused_before(&sandbox, up, "KILL is refused");
    for (statement, reason) in [
        ("/*!50003 SELECT GET_LOCK('a', 1) */;", "GET_LOCK is refused"),
        ("FLUSH TABLES WITH READ LOCK;", "FLUSH TABLES WITH READ LOCK is refused"),
        ("USE other;", "USE is refused"),
        ("SET NAMES latin1;", "another character set"),
        ("SET sql_mode = CONCAT(@@sql_mode, ',ANSI');", "setting sql_mode is refused: a computed"),
        ("SET GLOBAL event_scheduler = 1;", "SET GLOBAL is refused"),
        ("COMMIT;", "COMMIT is refused"),
    ] {
        let up = format!("CREATE TABLE b (x INT);\nCREATE TABLE c (x INT);\n\n{statement}\n");
        refused_before(&sandbox, &up, reason);
    }
    // The client's own command is read as the client reads it.
    let up = "DELIMITER //\nCREATE TABLE b (x INT)//\nCREATE TABLE c (x INT)//\nKILL 1//\n";
    refused_before(&sandbox, up, "KILL is refused");
}

#[test]
fn what_is_before_and_what_is_stepped() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let source = sandbox.path().join("sources");
    for (hook, sql, reason) in [
        ("before-up", "CREATE TEMP TABLE t (x int)", "a temporary table is refused"),
        ("step", "DELETE FROM a; DELETE FROM a", "expected one statement, found several"),
        ("step", "ROLLBACK", "ROLLBACK is refused"),
    ] {
        let _ = std::fs::remove_dir_all(&source);
        sandbox.write("sources/1-a.up.sql", "CREATE TABLE a (x int)");
        sandbox.write(&format!("sources/1-a.{hook}.sql"), sql);
        let pack = ["pack", "sources", "--plugin", "acme/shop", "--out", "plugins", "--replace"];
        sandbox.ok(&pack);
        let run = run(&sandbox, &["deploy", "plugins"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told = format!("statement 1 of its {hook}, in line 1: {reason}");
        assert!(run.stderr.contains(&told), "{told}: {run:#?}");
        assert!(sandbox.rows("SELECT 1 FROM pg_tables WHERE tablename = 'a'").is_empty());
    }
}

#[test]
fn a_statement_that_is_too_long_is_told_beforehand_and_by_its_flag() {
    let sandbox = Sandbox::new();
    let long = format!("CREATE TABLE b (x\n-- {}\n);\n", "x".repeat(2_000));
    sandbox.sql_plugin("acme/shop", &[A, ("1.0.0-2-b", &long, "")]);
    let refused = run(&sandbox, &["deploy", "plugins", "--max-sql", "1KB"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("raise the bound with `--max-sql`"), "{refused:#?}");
    assert!(refused.stderr.contains("nothing was altered"), "{refused:#?}");
    assert!(!sandbox.database().exists());
    assert_eq!(run(&sandbox, &["plan", "plugins"]).code, Some(0), "it knows no bound");
    sandbox.ok(&["deploy", "plugins"]);
}
