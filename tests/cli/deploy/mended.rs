//! A file that its vendor mends when it has stopped half-way.

use crate::{
    polite::run,
    stopped::{code, journaled, json, pack},
    support::{
        Sandbox, finish,
        servers::{Mariadb, Postgres},
    },
    wasm,
};

/// A file of goose without a transaction.
fn goose(sandbox: &Sandbox, folder: &str, second: &str) {
    let _ = std::fs::remove_dir_all(sandbox.path().join("goose"));
    let table = "-- +goose Up\nCREATE TABLE t (id int, n text);\n-- +goose Down\nDROP TABLE t;\n";
    sandbox.write("goose/1_a.sql", table);
    let text = format!(
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY a1 ON t (id);\n{second}\n\
         -- +goose Down\nDROP INDEX CONCURRENTLY a1;\nDROP INDEX CONCURRENTLY a2;\n"
    );
    sandbox.write("goose/2_b.sql", text);
    let out = format!("{folder}/acme/app");
    sandbox.ok(&["pack", "goose", "--from", "goose", "--plugin", "acme/app", "--out", &out]);
}

#[test]
fn a_mended_file_goes_on_behind_what_took_effect() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    goose(&sandbox, "one", "CREATE INDEX CONCURRENTLY a2 ON t (name);");
    goose(&sandbox, "two", "CREATE INDEX CONCURRENTLY a2 ON t (n);");
    let failed = run(&sandbox, &["deploy", "one"]);
    code(
        &failed,
        1,
        &["also in a corrected file", "took effect: CREATE INDEX CONCURRENTLY a1 ON t (id)"],
    );
    let first = sandbox.rows("SELECT 'a1'::regclass::oid");
    let goes_on = "resumes in the corrected file after 1 statement";
    code(&run(&sandbox, &["plan", "two"]), 0, &[goes_on]);
    let plan = json(&run(&sandbox, &["plan", "two", "--format", "json"]));
    let reason = serde_json::json!({ "kind": "mended", "statements": 1 });
    assert_eq!(plan["steps"][0]["reason"], reason, "{plan:#}");
    // A failure needs a person, as ever, and that person is told to deploy.
    let check = run(&sandbox, &["check", "two"]);
    code(&check, 4, &["`: it resumes in the corrected file"]);
    let status = run(&sandbox, &["status", "two"]);
    code(&status, 0, &["was begun with other contents", "it resumes in the corrected file"]);
    let deployed = run(&sandbox, &["deploy", "two"]);
    code(&deployed, 0, &[goes_on, "Applied 1 alteration"]);
    for run in [&failed, &check, &status, &deployed] {
        assert!(!run.stderr.contains("was changed after it was applied"), "{run:#?}");
    }
    assert_eq!(sandbox.rows("SELECT 'a1'::regclass::oid"), first, "it was made once");
    let indexes = "SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1";
    assert_eq!(sandbox.rows(indexes), ["a1", "a2"]);
    // From here on it is the mended file that was applied.
    code(&run(&sandbox, &["check", "two"]), 0, &[]);
    let history = "SELECT event FROM alteration_history WHERE id LIKE '2%' ORDER BY sequence";
    assert_eq!(sandbox.rows(history), ["started", "failed", "mended", "started", "done"]);
    let bytes = "SELECT count(*) FROM alteration_archive a JOIN alteration_state s
         ON a.component_checksum = s.component_checksum WHERE s.id LIKE '2%'";
    assert_eq!(sandbox.rows(bytes), ["1"]);
    sandbox.ok(&["rollback", "--steps", "1"]);
    assert!(sandbox.rows(indexes).is_empty());
}

#[test]
fn on_mysql_and_mariadb_any_file_goes_on() {
    for database in journaled() {
        let sandbox = Sandbox::on(database);
        let first =
            "SET time_zone = '+00:00';\nCREATE TABLE a (x INT);\nINSERT INTO a VALUES (1);\n";
        pack(&sandbox, "one", &[("up", &format!("{first}ALTER TABLE a DROP COLUMN nope;\n"))]);
        let mended =
            format!("{first}ALTER TABLE a ADD COLUMN y INT;\nINSERT INTO a VALUES (2, 3);\n");
        pack(&sandbox, "two", &[("up", &mended), ("down", "DROP TABLE a;")]);
        code(&run(&sandbox, &["deploy", "one"]), 1, &["2 statements of it took effect"]);
        let deployed = run(&sandbox, &["deploy", "two"]);
        code(&deployed, 0, &["resumes in the corrected file after 2 statements"]);
        assert_eq!(
            sandbox.rows("SELECT concat(x, '-', coalesce(y, 0)) FROM a ORDER BY x"),
            ["1-0", "2-3"]
        );
        code(&run(&sandbox, &["check", "two"]), 0, &[]);
        // The first file is the changed one now.
        code(&run(&sandbox, &["check", "one"]), 4, &["was changed after it was applied"]);
        sandbox.ok(&["rollback", "--steps", "1"]);
    }
}

#[test]
fn comments_and_blanks_around_statements_may_change() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    let begun = "CREATE TABLE a (x INT);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (x INT);\nDROP TABLE nope;\n";
    pack(&sandbox, "one", &[("up", begun)]);
    let mended = "-- Mended.\n\nCREATE TABLE a (x INT);\n  INSERT INTO a VALUES (1) ;\n-- b\n\
         CREATE TABLE b (x INT);\nDROP TABLE IF EXISTS nope;\nINSERT INTO b VALUES (2);\n";
    pack(&sandbox, "two", &[("up", mended)]);
    // Within a statement each byte counts.
    pack(&sandbox, "other", &[("up", &mended.replace("TABLE a", "TABLE  a"))]);
    code(&run(&sandbox, &["deploy", "one"]), 1, &["3 statements of it took effect"]);
    code(&run(&sandbox, &["plan", "other"]), 4, &["was begun with other contents"]);
    code(&run(&sandbox, &["deploy", "two"]), 0, &["after 3 statements"]);
    assert_eq!(sandbox.rows("SELECT concat((SELECT x FROM a), (SELECT x FROM b))"), ["12"]);
}

#[test]
fn a_mended_file_that_fails_again_is_mended_again() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    let texts = [
        "CREATE TABLE a (x INT);\nALTER TABLE a DROP nope;\n",
        "CREATE TABLE a (x INT);\nCREATE TABLE b (x INT);\nALTER TABLE b DROP nope;\n",
        "CREATE TABLE a (x INT);\nCREATE TABLE b (x INT);\nCREATE TABLE c (x INT);\n",
        // Shorter than what took effect.
        "CREATE TABLE a (x INT);\n",
    ];
    for (at, text) in texts.iter().enumerate() {
        pack(&sandbox, &format!("{at}"), &[("up", text)]);
    }
    code(&run(&sandbox, &["deploy", "0"]), 1, &["1 statement of it took effect"]);
    code(&run(&sandbox, &["deploy", "1"]), 1, &["2 statements of it took effect"]);
    for args in [&["deploy", "3"][..], &["deploy", "3", "--changed", "allow"], &["plan", "0"]] {
        code(&run(&sandbox, args), 4, &["was begun with other contents and has not ended"]);
    }
    code(&run(&sandbox, &["deploy", "2"]), 0, &["after 2 statements"]);
}

#[test]
fn what_comes_before_it_stays_as_it_is() {
    for sandbox in [Sandbox::new(), Sandbox::on(Postgres::shared().database())] {
        let before = ("before-up", "CREATE TABLE a (x INTEGER);");
        pack(&sandbox, "one", &[before, ("up", "INSERT INTO a (wrong) VALUES (1);")]);
        pack(&sandbox, "two", &[before, ("up", "INSERT INTO a (x) VALUES (1);")]);
        code(&run(&sandbox, &["deploy", "one"]), 1, &["was begun and has not ended: "]);
        code(&run(&sandbox, &["deploy", "two"]), 0, &["resumes in the corrected file"]);
        assert_eq!(sandbox.rows("SELECT x FROM a"), ["1"]);
    }
}

#[test]
fn where_nothing_took_effect_the_file_is_taken_as_it_is() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    pack(&sandbox, "one", &[("up", "CREATE TABLE a (x INT);\n")]);
    pack(
        &sandbox,
        "two",
        &[("up", "CREATE TABLE b (x INT);\n"), ("before-up", "CREATE TABLE c (x INT);")],
    );
    // Killed behind its claim.
    let trace = sandbox.path().join("trace");
    let rehearsal = Sandbox::on(Mariadb::shared().database());
    pack(&rehearsal, "one", &[("up", "CREATE TABLE a (x INT);\n")]);
    finish(rehearsal.command(&["deploy", "one"]).env("RUNNER_CRASH_TRACE", &trace));
    let trace = std::fs::read_to_string(trace).expect("a trace");
    let line = trace.lines().find(|line| line.ends_with(" after the run was begun"));
    let at = line.and_then(|line| line.split(' ').next()).expect("the point is passed");
    let killed = finish(sandbox.command(&["deploy", "one"]).env("RUNNER_CRASH_AT", at));
    assert_eq!(killed.code, None, "{killed:#?}");
    assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_run"), ["1"]);
    code(&run(&sandbox, &["status", "two"]), 0, &["it starts from the beginning"]);
    code(&run(&sandbox, &["deploy", "two"]), 0, &["not applied yet", "Applied 1 alteration"]);
    let tables = "SELECT table_name FROM information_schema.tables
         WHERE table_schema = database() AND table_name IN ('a', 'b', 'c') ORDER BY 1";
    assert_eq!(sandbox.rows(tables), ["b", "c"]);
}

/// Code whose `up` runs `sql`.
fn code_plugin(sandbox: &Sandbox, folder: &str, sql: &str) {
    let manifest = br#"{"manifest":1,"plugin":"acme/app","alterations":[{"id":"2-b"}]}"#;
    let component = wasm::with_manifest(&wasm::running(sql), manifest);
    sandbox.write(&format!("{folder}/2-b.wasm"), component);
}

#[test]
fn of_code_the_operator_decides_and_a_wrong_guess_stops() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    code_plugin(&sandbox, "one", "CREATE TABLE a (x INT); ALTER TABLE a DROP nope");
    code_plugin(&sandbox, "two", "CREATE TABLE a (x INT); ALTER TABLE a ADD y INT");
    code_plugin(&sandbox, "other", "CREATE TABLE b (x INT)");
    code(&run(&sandbox, &["deploy", "one"]), 1, &["1 statement of it took effect"]);
    let advice = "try the new file with `runner deploy --changed allow two`";
    let refused = ["was begun with other contents and has not ended", advice];
    code(&run(&sandbox, &["deploy", "two"]), 4, &refused);
    code(
        &run(&sandbox, &["deploy", "other", "--changed", "allow"]),
        4,
        &["does not do what it did before"],
    );
    let tables = "SELECT count(*) FROM information_schema.tables
         WHERE table_schema = database() AND table_name = 'b'";
    assert_eq!(sandbox.rows(tables), ["0"], "it stopped before it altered anything");
    code(&run(&sandbox, &["deploy", "two", "--changed", "allow"]), 0, &["after 1 statement"]);
    code(&run(&sandbox, &["check", "two"]), 0, &[]);
}

/// Commands stand on their own lines, each once, and advice is said once, of however many.
#[test]
fn advice_is_said_once() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    pack(&sandbox, "one", &[("up", "CREATE TABLE a (x INT);\nDROP TABLE nope;\n")]);
    pack(&sandbox, "two", &[("up", "CREATE TABLE a (y INT);\n")]);
    assert_eq!(run(&sandbox, &["deploy", "one"]).code, Some(1));
    for args in [["plan", "two"], ["deploy", "two"], ["check", "two"], ["status", "two"]] {
        let told = run(&sandbox, &args);
        let text = format!("{}{}", told.stdout, told.stderr);
        assert_eq!(text.matches("runner resolve").count(), 1, "{text}");
    }
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/app", &[("1-a", "CREATE TABLE a (x);", "DROP TABLE a;")]);
    sandbox.ok(&["deploy", "plugins"]);
    for id in ["7-x", "8-y", "9-z"] {
        sandbox.write(&format!("more/{id}.up.sql"), "SELECT 1;\n");
        sandbox.write(&format!("more/{id}.down.sql"), "SELECT 1;\n");
    }
    sandbox.ok(&["pack", "more", "--plugin", "acme/app", "--out", "with"]);
    let refused = run(&sandbox, &["rollback", "--steps", "1", "--with", "with"]);
    code(&refused, 1, &["  also: "]);
    assert_eq!(refused.stderr.matches("correct `--with`").count(), 1, "{refused:#?}");
}
