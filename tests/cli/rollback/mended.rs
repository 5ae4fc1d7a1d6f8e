//! A way back that does not work, or stopped half-way, and the component with a mended one.

use crate::{
    polite::run,
    stopped::{code, journaled, json, pack},
    support::{Run, Sandbox, servers::Mariadb},
    terminal::answered,
    transcript::Transcript,
    wasm,
};
use insta::assert_snapshot;

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
    let asked = answered(&sandbox, &args, None);
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
        code(
            &run(&sandbox, &["rollback", "--steps", "1"]),
            1,
            &["resumes an unfinished attempt", "none"],
        );
        code(&run(&sandbox, &with("mended/2-b.wasm")), 0, &goes_on);
        assert_eq!(sandbox.state(), ["acme/app 2-b reverted"]);
    }
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
