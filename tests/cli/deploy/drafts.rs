//! Drafts: refused without a word for them, applied with it, and taken down where they have changed.

use crate::{
    polite::run,
    samples::{emptied, replacing},
    support::{
        Sandbox, finish,
        servers::{Mariadb, Postgres},
    },
    terminal::at_terminal,
    transcript::Transcript,
    wasm,
};
use insta::assert_snapshot;
use serde_json::Value;
use std::fs;

const A: &str = "1.0.0-1700000000-a";
const B: &str = "1.1.0-1700000100-b";
const C: &str = "1.1.0-1700000200-c";
const ALLOW: &str = "--allow-drafts";

/// An alteration with its `up` and `down`.
type Sql<'a> = (&'a str, &'a str, &'a str);

const SQL_A: Sql<'_> = (A, "CREATE TABLE a (x INT);\n", "DROP TABLE a;\n");
const SQL_B: Sql<'_> = (B, "CREATE TABLE b (x INT);\n", "DROP TABLE b;\n");
/// What became of it.
const SQL_B2: Sql<'_> = (B, "CREATE TABLE b (x INT, y INT);\n", "DROP TABLE b;\n");
const SQL_C: Sql<'_> = (C, "ALTER TABLE b ADD z INT;\n", "ALTER TABLE b DROP COLUMN z;\n");

/// Packs `alterations` into `plugins/<plugin>`; those whose ids are among `drafts` are drafts.
fn pack(sandbox: &Sandbox, plugin: &str, alterations: &[Sql<'_>], drafts: &[&str]) {
    sandbox.sql_plugin(plugin, alterations);
    mark(sandbox, plugin, drafts);
}

/// Makes drafts of packed alterations.
fn mark(sandbox: &Sandbox, plugin: &str, drafts: &[&str]) {
    for id in drafts {
        let path = sandbox.path().join(format!("plugins/{plugin}/{id}.wasm"));
        let bytes = fs::read(&path).expect("it was packed");
        fs::write(&path, wasm::with_section(&bytes, "runner:draft", b"")).expect("it is marked");
    }
}

fn json(sandbox: &Sandbox, code: i32, args: &[&str]) -> Value {
    let run = run(sandbox, &[args, &["--format", "json"]].concat());
    assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// The steps of a plan or a report, as `down id`.
fn steps(document: &Value) -> Vec<String> {
    let of = |step: &Value, field: &str| step[field].as_str().expect("text").to_owned();
    let steps = document["steps"].as_array().expect("steps").iter();
    steps.map(|step| format!("{} {}", of(step, "direction"), of(step, "id"))).collect()
}

/// Each verb refuses with one finding, and nothing is altered.
fn refused(sandbox: &Sandbox, kind: &str, id: &str) {
    let before = (sandbox.dump(), sandbox.state());
    let document = json(sandbox, 4, &["deploy", "plugins"]);
    assert_eq!(document["error"]["changed"], "nothing was altered");
    assert_eq!(document["error"]["alteration"], format!("acme/shop {id}"));
    for findings in [
        &document["error"]["findings"],
        &json(sandbox, 4, &["check", "plugins"])["findings"],
        &json(sandbox, 4, &["plan", "plugins"])["findings"],
    ] {
        assert_eq!(findings[0]["kind"], kind, "{findings}");
        assert_eq!(findings[0]["key"]["id"], id, "{findings}");
    }
    let text = run(sandbox, &["deploy", "plugins"]).stderr;
    assert!(text.contains(id) && text.contains(ALLOW), "{text}");
    assert_eq!((sandbox.dump(), sandbox.state()), before);
}

/// `id draft` of each row.
fn marks(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT concat_ws(' ', id, draft) FROM alteration_state ORDER BY id")
}

/// From the first refusal to the release, on any database.
fn life(sandbox: &Sandbox) {
    pack(sandbox, "acme/shop", &[SQL_A], &[]);
    sandbox.ok(&["deploy", "plugins"]);
    pack(sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[B, C]);
    refused(sandbox, "draft", B);
    assert_eq!(json(sandbox, 3, &["check", "plugins", ALLOW])["undeployed"][0]["draft"], true);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    sandbox.ok(&["check", "plugins"]);
    assert_eq!(marks(sandbox), [format!("{A} 0"), format!("{B} 1"), format!("{C} 1")]);
    let status = json(sandbox, 0, &["status"]);
    let drafts: Vec<&Value> = status["alterations"].as_array().expect("rows").iter().collect();
    assert_eq!(drafts[0]["draft"], Value::Null);
    assert_eq!((&drafts[1]["draft"], &drafts[2]["draft"]), (&true.into(), &true.into()));

    pack(sandbox, "acme/shop", &[SQL_A, SQL_B2, SQL_C], &[B, C]);
    refused(sandbox, "draft-changed", B);
    let again = [format!("down {C}"), format!("down {B}"), format!("up {B}"), format!("up {C}")];
    assert_eq!(steps(&json(sandbox, 0, &["plan", "plugins", ALLOW])), again);
    let undeployed = &json(sandbox, 3, &["check", "plugins", ALLOW])["undeployed"];
    assert_eq!(undeployed.as_array().expect("rows").len(), 2);
    let report = json(sandbox, 0, &["deploy", "plugins", ALLOW]);
    assert_eq!((steps(&report), &report["outcome"]), (again.to_vec(), &"applied".into()));
    assert_eq!(marks(sandbox), [format!("{A} 0"), format!("{B} 1"), format!("{C} 1")]);
    sandbox.sql("INSERT INTO b (x, y, z) VALUES (1, 2, 3)");

    // Released otherwise: refused, and with the word for it what was released is there.
    pack(sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[]);
    refused(sandbox, "draft-changed", B);
    assert_eq!(steps(&json(sandbox, 0, &["deploy", "plugins", ALLOW])), again);
    assert_eq!(marks(sandbox), [format!("{A} 0"), format!("{B} 0"), format!("{C} 0")]);
    let dump = sandbox.dump();
    sandbox.ok(&["rollback", "--plugin", "acme/shop", "--to", "none"]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.dump(), dump, "as if there had never been another one");
}

#[test]
fn from_draft_to_release_on_sqlite() {
    life(&Sandbox::new());
}

#[test]
fn from_draft_to_release_on_postgresql() {
    life(&Sandbox::on(Postgres::shared().database()));
}

#[test]
fn from_draft_to_release_on_mariadb() {
    life(&Sandbox::on(Mariadb::shared().database()));
}

/// Everything that is recorded of alterations, with the marks of drafts, and every attempt.
fn records(sandbox: &Sandbox) -> Vec<String> {
    let history = "SELECT concat_ws(' ', sequence, plugin, id, event) FROM alteration_history ORDER BY sequence";
    [sandbox.state(), marks(sandbox), sandbox.rows(history)].concat()
}

/// Released as they were applied: from then on they are releases, and a changed one is no draft.
fn released(sandbox: &Sandbox) {
    pack(sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[B, C]);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    sandbox.sql("INSERT INTO b (x, z) VALUES (1, 3)");
    pack(sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[]);
    let (before, dump) = (records(sandbox), sandbox.dump());
    assert_eq!(json(sandbox, 0, &["check", "plugins"])["deployed"], true);
    let keys = serde_json::json!([
        { "plugin": "acme/shop", "id": B },
        { "plugin": "acme/shop", "id": C },
    ]);
    assert_eq!(json(sandbox, 0, &["plan", "plugins"])["released"], keys);
    let status = json(sandbox, 0, &["status", "plugins"]);
    assert!(!status.to_string().contains("draft"), "{status}");
    let tried = json(sandbox, 0, &["deploy", "plugins", "--dry-run"]);
    assert_eq!((&tried["outcome"], &tried["released"]), (&"up-to-date".into(), &Value::Null));
    assert_eq!(records(sandbox), before, "nothing of that writes");

    // Nothing runs, so that nobody is asked.
    let args = ["deploy", "plugins", "--format", "json"];
    let deployed = finish(sandbox.command(&args).env_remove("RUNNER_YES"));
    assert_eq!(deployed.code, Some(0), "{deployed:#?}");
    let report: Value = serde_json::from_str(&deployed.stdout).expect("JSON");
    assert_eq!((&report["outcome"], &report["released"]), (&"up-to-date".into(), &keys));
    assert_eq!(marks(sandbox), [format!("{A} 0"), format!("{B} 0"), format!("{C} 0")]);
    let status = json(sandbox, 0, &["status"]);
    assert!(!status.to_string().contains("draft"), "{status}");
    let events = "SELECT id FROM alteration_history WHERE event = 'released' ORDER BY sequence";
    assert_eq!(sandbox.rows(events), [B, C]);
    let after = records(sandbox);
    let again = json(sandbox, 0, &["deploy", "plugins"]);
    assert_eq!((&again["outcome"], &again["released"]), (&"up-to-date".into(), &Value::Null));
    assert_eq!((records(sandbox), sandbox.dump()), (after.clone(), dump.clone()));

    // Shipped otherwise, as a release or as a draft: it was changed, and no flag for drafts takes it down.
    for drafts in [&[][..], &[B, C]] {
        pack(sandbox, "acme/shop", &[SQL_A, SQL_B2, SQL_C], drafts);
        for allow in [&[][..], &[ALLOW]] {
            for verb in ["check", "plan", "deploy"] {
                let document = json(sandbox, 4, &[&[verb, "plugins"], allow].concat());
                let findings = match verb {
                    "deploy" => &document["error"]["findings"],
                    _ => &document["findings"],
                };
                assert_eq!(findings[0]["kind"], "changed", "{verb}: {findings}");
                assert_eq!(findings[0]["key"]["id"], B, "{verb}: {findings}");
            }
        }
        let mut command = sandbox.command(&["deploy", "plugins", "--yes"]);
        let refused = finish(command.env("RUNNER_ALLOW_DRAFTS", "1"));
        assert_eq!(refused.code, Some(4), "{refused:#?}");
        assert!(!refused.stderr.contains("draft"), "{refused:#?}");
    }
    assert_eq!((records(sandbox), sandbox.dump()), (after, dump));
    // What goes down is what was applied.
    sandbox.ok(&["rollback", "--plugin", "acme/shop", "--to", "none"]);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
}

#[test]
fn released_as_applied_on_sqlite() {
    released(&Sandbox::new());
}

#[test]
fn released_as_applied_on_postgresql() {
    released(&Sandbox::on(Postgres::shared().database()));
}

#[test]
fn released_as_applied_on_mariadb() {
    released(&Sandbox::on(Mariadb::shared().database()));
}

/// Also where something else runs, whatever becomes of it, and however far the deploy goes.
#[test]
fn released_beside_other_work() {
    let sandbox = Sandbox::new();
    let one = |draft: &[&str]| pack(&sandbox, "acme/shop", &[SQL_A], draft);
    one(&[A]);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    one(&[]);
    sandbox.write("copy.db", fs::read(sandbox.path().join("app.db")).expect("a database"));
    pack(&sandbox, "acme/other", &[SQL_B], &[]);
    let on_copy = ["deploy", "plugins", "--rehearse-on", "sqlite:copy.db"];
    assert_eq!(json(&sandbox, 0, &on_copy)["released"], Value::Null);
    assert_eq!(json(&sandbox, 0, &["deploy", "plugins", "--dry-run"])["released"], Value::Null);
    assert_eq!(marks(&sandbox), [format!("{A} 1")]);
    let fails = (B, "INSERT INTO nowhere VALUES (1);\n", "SELECT 1;\n");
    pack(&sandbox, "acme/other", &[fails], &[]);
    let failed = run(&sandbox, &["deploy", "plugins", "--target", "acme/other@latest"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    let told = format!("acme/shop {A} is released now\n");
    assert_eq!(failed.stdout.matches(&told).count(), 1, "{failed:#?}");
    assert_eq!(marks(&sandbox), [format!("{A} 0"), format!("{B} 0")]);
}

/// What was begun as a draft and released meanwhile is a release once it has ended.
#[test]
fn released_while_it_was_unfinished() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    let up = "CREATE TABLE c (x INT);\nINSERT INTO later VALUES (1);\n";
    let half = [(C, up, "DROP TABLE c;\n")];
    pack(&sandbox, "acme/shop", &half, &[C]);
    let failed = run(&sandbox, &["deploy", "plugins", ALLOW]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    sandbox.sql("CREATE TABLE later (x INT)");
    pack(&sandbox, "acme/shop", &half, &[]);
    assert_eq!(marks(&sandbox), [format!("{C} 1")]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(marks(&sandbox), [format!("{C} 0")]);
}

/// `acme/notes` is applied as two drafts, and its files are those of `acme/memos` now.
fn renamed(alterations: &[Sql<'_>]) -> Sandbox {
    let sandbox = Sandbox::new();
    pack(&sandbox, "acme/notes", &[SQL_B, SQL_C], &[B, C]);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    emptied(&sandbox, "plugins");
    replacing(&sandbox, "acme/memos", "acme/notes", alterations);
    sandbox
}

const RENAME: [&str; 2] = ["--accept-rename", "acme/notes=acme/memos"];

/// A draft that was changed and renamed at once: its records are taken over, and then it goes down and up again.
#[test]
fn renamed_and_changed() {
    let again = [format!("down {C}"), format!("down {B}"), format!("up {B}"), format!("up {C}")];
    let taken = serde_json::json!([{ "from": "acme/notes", "to": "acme/memos", "applied": 2 }]);
    // Changed drafts, or the release of something else.
    for drafts in [&[B, C][..], &[B], &[]] {
        let sandbox = renamed(&[SQL_B2, SQL_C]);
        mark(&sandbox, "acme/memos", drafts);
        let deploy = [&["deploy", "plugins", ALLOW, "--yes"], &RENAME[..]].concat();
        let (before, dump) = (records(&sandbox), sandbox.dump());
        let planned = json(&sandbox, 0, &[&["plan", "plugins", ALLOW], &RENAME[..]].concat());
        assert_eq!(steps(&planned), again);
        let tried = json(&sandbox, 0, &[&deploy[..], &["--dry-run"]].concat());
        assert_eq!((steps(&tried), &tried["taken_over"]), (again.to_vec(), &taken));
        assert_eq!((records(&sandbox), sandbox.dump()), (before, dump));
        let done = json(&sandbox, 0, &deploy);
        assert_eq!((steps(&done), &done["taken_over"]), (again.to_vec(), &taken));
        let applied = |id| format!("acme/memos {id} applied");
        assert_eq!(sandbox.state(), [applied(B), applied(C)]);
        let is_draft = |id| format!("{id} {}", u8::from(drafts.contains(&id)));
        assert_eq!(marks(&sandbox), [is_draft(B), is_draft(C)]);
        sandbox.sql("INSERT INTO b (x, y, z) VALUES (1, 2, 3)");
        assert_eq!(json(&sandbox, 0, &["deploy", "plugins", ALLOW])["outcome"], "up-to-date");
    }
}

/// Agreed to at the question, and not by the flag.
#[test]
fn renamed_and_changed_at_a_terminal() {
    let sandbox = renamed(&[SQL_B2, SQL_C]);
    mark(&sandbox, "acme/memos", &[B, C]);
    let asked = at_terminal(&sandbox, ALLOW, true, "rename\ny\n");
    assert_eq!(asked.code, Some(0), "{asked:#?}");
    sandbox.sql("INSERT INTO b (x, y, z) VALUES (1, 2, 3)");
    assert!(sandbox.state().iter().all(|row| row.starts_with("acme/memos ")));
}

/// The release under another name is the same code: what is there stays, and is a release.
#[test]
fn renamed_and_released() {
    let sandbox = renamed(&[SQL_B, SQL_C]);
    sandbox.sql("INSERT INTO b (x, z) VALUES (1, 3)");
    let report = json(&sandbox, 0, &[&["deploy", "plugins", "--yes"], &RENAME[..]].concat());
    assert_eq!(report["outcome"], "taken-over");
    assert_eq!(report["released"].as_array().expect("keys").len(), 2);
    assert_eq!(marks(&sandbox), [format!("{B} 0"), format!("{C} 0")]);
    assert_eq!(sandbox.rows("SELECT z FROM b"), ["3"]);
}

#[test]
fn what_is_said() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[B, C]);
    let mut said = Transcript::of(&sandbox);
    said.refused(4, &["deploy", "plugins"]);
    said.run(&["check", "plugins"]);
    said.run(&["plan", "plugins", ALLOW]);
    said.run(&["deploy", "plugins", ALLOW]);
    said.run(&["status"]);
    said.note("The first of them is changed.");
    pack(&sandbox, "acme/shop", &[SQL_A, SQL_B2, SQL_C], &[B, C]);
    said.refused(4, &["deploy", "plugins"]);
    said.run(&["check", "plugins"]);
    said.run(&["check", "plugins", ALLOW]);
    said.run(&["deploy", "plugins", ALLOW, "--dry-run"]);
    said.run(&["deploy", "plugins", ALLOW]);
    said.note("The second is released, and cannot go.");
    pack(&sandbox, "acme/shop", &[SQL_A, SQL_B2, SQL_C], &[B]);
    said.run(&["rollback", "--steps", "1"]);
    said.run(&["deploy", "plugins", ALLOW]);
    pack(&sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[B]);
    said.refused(4, &["deploy", "plugins", ALLOW]);
    said.note("A baseline records what is released.");
    sandbox.ok(&["rollback", "--steps", "9"]);
    said.refused(4, &["baseline", "plugins", "--to", "acme/shop@latest"]);
    said.note("Released as they are.");
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    pack(&sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[]);
    said.run(&["plan", "plugins"]);
    said.run(&["deploy", "plugins"]);
    said.run(&["deploy", "plugins"]);
    assert_snapshot!(said);
}

#[test]
fn the_environment_allows_them_too() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "acme/shop", &[SQL_A], &[A]);
    for (value, code) in [("0", 4), ("", 4), ("1", 0)] {
        let mut command = sandbox.command(&["deploy", "plugins"]);
        assert_eq!(finish(command.env("RUNNER_ALLOW_DRAFTS", value)).code, Some(code), "{value:?}");
    }
}

#[test]
fn without_a_yes_nothing_is_taken_down() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "acme/shop", &[SQL_B], &[B]);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    pack(&sandbox, "acme/shop", &[SQL_B2], &[B]);
    let before = sandbox.dump();
    let run = finish(sandbox.command(&["deploy", "plugins", ALLOW]).env_remove("RUNNER_YES"));
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("1 draft to take down, with what it made"), "{run:#?}");
    assert_eq!(sandbox.dump(), before);
}

#[test]
fn a_test_takes_drafts() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "acme/shop", &[SQL_A, SQL_B], &[A, B]);
    let tested = run(&sandbox, &["test", "plugins"]);
    assert_eq!(tested.code, Some(0), "{tested:#?}");
}

/// All of it runs, and none of it stays.
fn rehearsed(sandbox: &Sandbox) {
    pack(sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[B, C]);
    sandbox.ok(&["deploy", "plugins", ALLOW]);
    pack(sandbox, "acme/shop", &[SQL_A, SQL_B2, SQL_C], &[B, C]);
    let before = (sandbox.dump(), sandbox.state());
    let report = json(sandbox, 0, &["deploy", "plugins", ALLOW, "--dry-run"]);
    assert_eq!(report["outcome"], "rehearsed");
    let again = [format!("down {C}"), format!("down {B}"), format!("up {B}"), format!("up {C}")];
    assert_eq!(steps(&report), again);
    assert_eq!((sandbox.dump(), sandbox.state()), before);
}

#[test]
fn a_rehearsal_on_sqlite() {
    rehearsed(&Sandbox::new());
}

#[test]
fn a_rehearsal_on_postgresql() {
    rehearsed(&Sandbox::on(Postgres::shared().database()));
}

/// What comes to light before anything is altered leaves the draft where it is.
#[test]
fn nothing_goes_down_for_what_cannot_go_up() {
    for sandbox in [Sandbox::new(), Sandbox::on(Mariadb::shared().database())] {
        pack(&sandbox, "acme/shop", &[SQL_B, SQL_C], &[B, C]);
        sandbox.ok(&["deploy", "plugins", ALLOW]);
        let before = (sandbox.dump(), sandbox.state());
        let refused = (B, "CREATE TABLE b (x INT);\nCOMMIT;\n", "");
        pack(&sandbox, "acme/shop", &[refused, SQL_C], &[B, C]);
        for verb in ["deploy", "plan", "check"] {
            let run = run(&sandbox, &[verb, "plugins", ALLOW]);
            assert_eq!(run.code, Some(1), "{run:#?}");
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains("COMMIT"), "{told}");
        }
        assert_eq!((sandbox.dump(), sandbox.state()), before);

        // A component that this runner cannot link; the alteration after the draft, not the draft itself.
        pack(&sandbox, "acme/shop", &[SQL_B2, SQL_C], &[B, C]);
        let path = format!("plugins/acme/shop/{C}.wasm");
        let manifest =
            format!(r#"{{"manifest":1,"plugin":"acme/shop","alterations":[{{"id":"{C}"}}]}}"#);
        let broken = wasm::from_text("(component (import \"acme:other/thing\" (func)))");
        let broken = wasm::with_manifest(&broken, manifest.as_bytes());
        sandbox.write(&path, wasm::with_section(&broken, "runner:draft", b""));
        let document = json(&sandbox, 1, &["deploy", "plugins", ALLOW]);
        assert_eq!(document["error"]["changed"], "nothing was altered");
        assert_eq!((sandbox.dump(), sandbox.state()), before);
    }
}

/// The message names what was taken down; the next deploy applies what is offered then.
#[test]
fn a_failure_in_the_second_half_says_what_was_taken_down() {
    for sandbox in [
        Sandbox::new(),
        Sandbox::on(Postgres::shared().database()),
        Sandbox::on(Mariadb::shared().database()),
    ] {
        pack(&sandbox, "acme/shop", &[SQL_A, SQL_B, SQL_C], &[B, C]);
        sandbox.ok(&["deploy", "plugins", ALLOW]);
        let fails = (B, "INSERT INTO nowhere VALUES (1);\n", "SELECT 1;\n");
        pack(&sandbox, "acme/shop", &[SQL_A, fails, SQL_C], &[B, C]);
        let run = run(&sandbox, &["deploy", "plugins", ALLOW]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told = format!("taken down: acme/shop {C}, acme/shop {B}");
        let unwrapped = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(&told), "{told}: {run:#?}");
        assert_eq!(
            sandbox.state(),
            [
                format!("acme/shop {A} applied"),
                format!("acme/shop {B} failed"),
                format!("acme/shop {C} reverted")
            ]
        );
        let document = json(&sandbox, 1, &["deploy", "plugins", ALLOW]);
        assert_eq!(
            document["error"]["steps"],
            Value::Null,
            "there is nothing to take down: {document}"
        );
        pack(&sandbox, "acme/shop", &[SQL_A, SQL_B2, SQL_C], &[B, C]);
        assert_eq!(
            steps(&json(&sandbox, 0, &["deploy", "plugins", ALLOW])),
            [format!("up {B}"), format!("up {C}")]
        );
    }
}

/// A mark that is none: bytes that no checksum covers are refused, wherever they come from.
#[test]
fn a_forged_mark_is_refused() {
    let sandbox = Sandbox::new();
    pack(&sandbox, "acme/shop", &[SQL_A], &[A]);
    let path = format!("plugins/acme/shop/{A}.wasm");
    let marked = fs::read(sandbox.path().join(&path)).expect("it was packed");
    for (section, why) in [(&b""[..], "more than one"), (b"x", "has contents")] {
        sandbox.write(&path, wasm::with_section(&marked, "runner:draft", section));
        let run = run(&sandbox, &["deploy", "plugins", ALLOW]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(why) && run.stderr.contains(A), "{run:#?}");
    }
}
