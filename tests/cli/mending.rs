//! What a person does when something is broken: a file that its vendor mends half-way, a way back that does not work, a
//! record that is wrong.

use crate::{
    polite,
    support::{
        Run, Sandbox, finish,
        servers::{Database, Mariadb, Mysql, Postgres},
    },
    transcript::Transcript,
    wasm,
};
use insta::assert_snapshot;
use serde_json::Value;

fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = sandbox.runner(args);
    polite::check(&run);
    run
}

/// The same where nobody said yes.
fn unasked(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = finish(sandbox.command(args).env_remove("RUNNER_YES"));
    polite::check(&run);
    run
}

fn code(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{run:#?}");
    let text = format!("{}{}", run.stdout, run.stderr);
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {run:#?}");
    }
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

/// Packs `2-b` of acme/app from `(hook, text)` into `folder`; the folder of its SQL is new each time.
fn pack(sandbox: &Sandbox, folder: &str, files: &[(&str, &str)]) {
    let _ = std::fs::remove_dir_all(sandbox.path().join("sources"));
    for (hook, sql) in files {
        sandbox.write(&format!("sources/2-b.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources", "--plugin", "acme/app", "--out", folder, "--replace"]);
}

/// A database on each server whose schema changes commit by themselves.
fn journaled() -> impl Iterator<Item = Database> {
    let mysql = Mysql::shared().map(Mysql::database);
    std::iter::once(Mariadb::shared().database()).chain(mysql)
}

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
    code(&check, 4, &["run `runner deploy`: it resumes in the corrected file"]);
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
        code(&run(&sandbox, &["deploy", "one"]), 1, &["is begun"]);
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
    let advice = "try the new file with `--changed allow`";
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

const UP: (&str, &str) = ("up", "CREATE TABLE a (x INTEGER);\nCREATE TABLE b (x INTEGER);\n");

/// A plugin whose way back is broken, applied, and a component with a mended one.
fn broken_down() -> Sandbox {
    let sandbox = Sandbox::new();
    pack(&sandbox, "one", &[UP, ("down", "DROP TABLE a;\nDROP TABLE nope;\n")]);
    pack(&sandbox, "mended", &[UP, ("down", "DROP TABLE a;\nDROP TABLE b;\n")]);
    sandbox.ok(&["deploy", "one"]);
    sandbox
}

#[test]
fn a_mended_way_back() {
    let sandbox = broken_down();
    let mut seen = Transcript::of(&sandbox);
    assert_eq!(seen.run(&["rollback", "--steps", "1"]).code, Some(1));
    let args = ["rollback", "--steps", "1", "--with", "mended/2-b.wasm"];
    let asked = unasked(&sandbox, &args);
    seen.add("runner rollback --steps 1 --with mended/2-b.wasm, without a yes", &asked);
    code(&asked, 2, &["-DROP TABLE nope;", "+DROP TABLE b;"]);
    assert_eq!(sandbox.state(), ["acme/app 2-b applied"]);
    assert_eq!(seen.run(&args).code, Some(0));
    assert_snapshot!(seen);
    assert_eq!(
        sandbox.rows("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b')"),
        [] as [&str; 0]
    );
    // History names the component that ran, which the archive keeps; the row says what was applied.
    let ran = "SELECT count(*) FROM alteration_history h JOIN alteration_archive a
         ON a.component_checksum = h.component_checksum JOIN alteration_state s ON s.id = h.id
         WHERE h.direction = 'down' AND h.event = 'done' AND h.component_checksum <> s.component_checksum";
    assert_eq!(sandbox.rows(ran), ["1"]);
    // The old file is still what can be applied again.
    code(&run(&sandbox, &["deploy", "one"]), 0, &["was rolled back"]);
}

#[test]
fn a_mended_way_back_as_json() {
    let sandbox = broken_down();
    let args = ["rollback", "--steps", "1", "--with", "mended/2-b.wasm", "--format", "json"];
    let document = json(&run(&sandbox, &args));
    let sql = serde_json::json!([{
        "hook": "down",
        "lines": [" DROP TABLE a;", "-DROP TABLE nope;", "+DROP TABLE b;"],
    }]);
    assert_eq!(document["replaced"][0]["sql"], sql, "{document:#}");
    assert_eq!(document["replaced"][0]["id"], "2-b");
}

#[test]
fn a_way_back_that_there_was_none_of() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "one", &[UP]);
    pack(&sandbox, "mended", &[UP, ("down", "DROP TABLE a;\nDROP TABLE b;\n")]);
    sandbox.ok(&["deploy", "one"]);
    let refused = ["is irreversible", "--with FILE"];
    code(&run(&sandbox, &["rollback", "--steps", "1"]), 4, &refused);
    code(&run(&sandbox, &["rollback", "--steps", "1", "--with", "one/2-b.wasm"]), 4, &refused);
    let dry = ["rollback", "--steps", "1", "--with", "mended/2-b.wasm", "--dry-run"];
    code(&run(&sandbox, &dry), 0, &["all of it was rolled back"]);
    code(&run(&sandbox, &dry[..5]), 0, &["+DROP TABLE a;", "Rolled back 1 alteration"]);
}

#[test]
fn components_that_cannot_be_meant() {
    let sandbox = broken_down();
    let manifest = |plugin: &str, id: &str, more: &str| {
        let manifest = format!(
            r#"{{"manifest":1,"plugin":"{plugin}","alterations":[{{"id":"{id}"{more}}}]}}"#
        );
        wasm::with_manifest(&wasm::running("SELECT 1"), manifest.as_bytes())
    };
    sandbox.write("other.wasm", manifest("acme/app", "3-c", ""));
    sandbox.write("stranger.wasm", manifest("acme/toys", "2-b", ""));
    sandbox.write("asks.wasm", manifest("acme/app", "2-b", r#","permissions":["entropy"]"#));
    let mut seen = Transcript::of(&sandbox);
    for (code, file) in
        [(1, "other.wasm"), (1, "stranger.wasm"), (1, "asks.wasm"), (1, "nowhere.wasm")]
    {
        seen.refused(code, &["rollback", "--steps", "1", "--with", file]);
    }
    assert_snapshot!(seen);
    // What it asks for can be granted now; code cannot be compared.
    let granted =
        ["rollback", "--steps", "1", "--with", "asks.wasm", "--grant", "acme/app:entropy"];
    code(&run(&sandbox, &granted), 0, &["it is not SQL", "Rolled back 1 alteration"]);
}

#[test]
fn a_way_back_that_was_begun_goes_on_in_a_mended_component() {
    for database in journaled() {
        let sandbox = Sandbox::on(database);
        let files = [
            ("one", "DROP TABLE a;\nDROP TABLE nope;\n"),
            ("other", "DROP TABLE b;\n"),
            ("worse", "DROP TABLE a;\nDROP TABLE none;\n"),
            ("mended", "DROP TABLE a;\nDROP TABLE b;\n"),
        ];
        for (folder, down) in files {
            pack(&sandbox, folder, &[UP, ("down", down)]);
        }
        sandbox.ok(&["deploy", "one"]);
        code(
            &run(&sandbox, &["rollback", "--steps", "1"]),
            1,
            &["took effect: DROP TABLE a", "--with FILE"],
        );
        let with = |file| ["rollback", "--steps", "1", "--with", file];
        let refused = [
            "the rollback of acme/app 2-b was begun with other contents",
            "took effect: DROP TABLE a",
        ];
        code(&run(&sandbox, &with("other/2-b.wasm")), 4, &refused);
        let goes_on = ["resumes in the corrected file after 1 statement"];
        code(&run(&sandbox, &with("worse/2-b.wasm")), 1, &[goes_on[0], "none"]);
        // From here on it is that one that was begun, and it is in the archive.
        code(&run(&sandbox, &["rollback", "--steps", "1"]), 1, &["was begun and goes on", "none"]);
        code(&run(&sandbox, &with("mended/2-b.wasm")), 0, &goes_on);
        assert_eq!(sandbox.state(), ["acme/app 2-b reverted"]);
    }
}

/// Two plugins, of which one requires the other, applied.
fn two() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/app", &[("1.0.0-1-a", "CREATE TABLE a (x);", "DROP TABLE a;")]);
    let crm = [("1.0.0-2-b", "CREATE TABLE b (x);", "DROP TABLE b;")];
    sandbox.sql_plugin_requiring("acme/crm", "\"acme/app\" = \"1\"", &crm);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox
}

#[test]
fn a_record_that_is_wrong() {
    let sandbox = two();
    sandbox.sql("DROP TABLE b; DROP TABLE a");
    let because = ["--because", "restored\u{1b}[2J from a backup"];
    let resolve = |plugin: &'static str, id: &'static str, status: &'static str| {
        [&["resolve", plugin, id, "--as", status][..], &because].concat()
    };
    let mut seen = Transcript::of(&sandbox);
    seen.refused(4, &["resolve", "acme/crm", "1.0.0-2-b", "--as", "reverted"]);
    seen.refused(4, &resolve("acme/app", "1.0.0-1-a", "reverted"));
    seen.refused(4, &resolve("acme/app", "1.0.0-1-a", "applied"));
    seen.refused(4, &resolve("acme/app", "9-never", "applied"));
    seen.refused(4, &["resolve", "acme/app", "1.0.0-1-a", "--statement", "done"]);
    let asked = unasked(&sandbox, &resolve("acme/crm", "1.0.0-2-b", "reverted"));
    assert_eq!(asked.code, Some(2), "{asked:#?}");
    seen.add("without a yes", &asked);
    assert_eq!(seen.run(&resolve("acme/crm", "1.0.0-2-b", "reverted")).code, Some(0));
    assert_eq!(seen.run(&resolve("acme/app", "1.0.0-1-a", "reverted")).code, Some(0));
    assert_eq!(seen.run(&["status"]).code, Some(0));
    let history = "SELECT direction || ' ' || event || ' ' || error FROM alteration_history
         WHERE event = 'resolved' AND plugin = 'acme/app'";
    let told = ["down resolved resolved: it is reverted, because: restored\u{1b}[2J from a backup"];
    assert_eq!(sandbox.rows(history), told);
    sandbox.ok(&["deploy", "plugins"]);
    seen.note("deployed again: what was decided is history");
    assert_eq!(seen.run(&["status"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn what_is_there_after_all_is_recorded_as_applied() {
    let sandbox = two();
    sandbox.ok(&["rollback", "--steps", "2"]);
    sandbox.sql("CREATE TABLE a (x); CREATE TABLE b (x)");
    let resolve = |plugin: &'static str, id: &'static str| {
        ["resolve", plugin, id, "--as", "applied", "--because", "made by hand", "--format", "json"]
    };
    code(&run(&sandbox, &resolve("acme/crm", "1.0.0-2-b")), 4, &["requires acme/app"]);
    let document = json(&run(&sandbox, &resolve("acme/app", "1.0.0-1-a")));
    assert_eq!(
        (&document["recorded"], &document["status"]),
        (&"reverted".into(), &"applied".into())
    );
    code(&run(&sandbox, &resolve("acme/crm", "1.0.0-2-b")), 0, &[]);
    code(&run(&sandbox, &["check", "plugins"]), 0, &[]);
    let status = json(&run(&sandbox, &["status", "--format", "json"]));
    let decided = &status["alterations"][0]["decided"];
    assert_eq!(decided["because"], "made by hand", "{status:#}");
    assert_eq!(decided["decision"], "it is applied", "{status:#}");
    // It goes down in the order in which it was recorded.
    sandbox.ok(&["rollback", "--steps", "2"]);
    assert_eq!(sandbox.state(), ["acme/app 1.0.0-1-a reverted", "acme/crm 1.0.0-2-b reverted"]);
}

#[test]
fn what_failed_at_once_is_not_in_the_archive() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "one", &[("up", "CREATE TABLE a (x); INSERT INTO a (wrong) VALUES (1);")]);
    assert_eq!(run(&sandbox, &["deploy", "one"]).code, Some(1));
    let resolve = ["resolve", "acme/app", "2-b", "--as", "applied", "--because", "by hand"];
    code(&run(&sandbox, &resolve), 4, &["runner baseline PLUGINS --to acme/app@2-b"]);
    sandbox.ok(&["baseline", "one", "--to", "acme/app@2-b"]);
}

#[test]
fn reasons_that_are_none() {
    let sandbox = two();
    let long = "x".repeat(1001);
    for because in ["", "  ", &long] {
        let args = ["resolve", "acme/crm", "1.0.0-2-b", "--as", "reverted", "--because", because];
        code(&run(&sandbox, &args), 2, &["a reason"]);
    }
    assert_eq!(sandbox.state().len(), 2);
}

/// Pastes the command of `run` that has `word`, which has to end well.
fn paste(sandbox: &Sandbox, run: &Run, word: &str) {
    let text = format!("{}{}", run.stdout, run.stderr);
    let mut commands = text.lines().filter_map(|line| line.strip_prefix("      runner "));
    let command = commands.find(|line| line.contains(word)).expect("a command");
    let words: Vec<&str> = command.split(' ').take_while(|word| *word != "--database").collect();
    sandbox.ok(&words);
}

/// What was begun is a `down`: every verb says so, and leads out of it, forwards and back.
#[test]
fn a_way_back_that_stopped_half_way_is_told_as_such() {
    let ways: [(&str, &str, &str); 3] = [
        ("CREATE TABLE nope (x INT);", "rollback ", "acme/app 2-b reverted"),
        ("CREATE TABLE a (x INT);", "--as applied", "acme/app 2-b applied"),
        ("DROP TABLE b;", "--as reverted", "acme/app 2-b reverted"),
    ];
    for (by_hand, command, state) in ways {
        let sandbox = Sandbox::on(Mariadb::shared().database());
        pack(&sandbox, "one", &[UP, ("down", "DROP TABLE a;\nDROP TABLE nope;\nDROP TABLE b;\n")]);
        sandbox.ok(&["deploy", "one"]);
        assert_eq!(run(&sandbox, &["rollback", "--steps", "1"]).code, Some(1));
        let commands = [
            "      runner rollback --plugin acme/app --steps 1",
            "      runner resolve acme/app 2-b --as applied",
            "      runner resolve acme/app 2-b --as reverted",
        ];
        let verbs: [(&[&str], i32); 6] = [
            (&["plan", "one"], 4),
            (&["deploy", "one"], 4),
            (&["check", "one"], 4),
            (&["status", "one"], 0),
            (&["resolve"], 0),
            (&["status"], 0),
        ];
        let mut last = None;
        for (args, exit) in verbs {
            let told = run(&sandbox, args);
            code(&told, exit, &commands);
            let text = format!("{}{}", told.stdout, told.stderr);
            for wrong in ["changed nothing", "deploy again", "`runner resolve"] {
                assert!(!text.contains(wrong), "{args:?}: {text}");
            }
            last = Some(told);
        }
        let status = last.expect("a run");
        code(&status, 0, &["its rollback was begun, and has not ended"]);
        let document = json(&run(&sandbox, &["status", "--format", "json"]));
        assert_eq!(document["alterations"][0]["direction"], "down", "{document:#}");
        let document = json(&run(&sandbox, &["resolve", "--format", "json"]));
        let listed = document["unfinished"][0]["commands"].as_array().expect("commands");
        assert_eq!(listed.len(), 3, "{document:#}");
        sandbox.sql(by_hand);
        paste(&sandbox, &status, command);
        assert_eq!(sandbox.state(), [state]);
    }
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
