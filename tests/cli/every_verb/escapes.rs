//! What a stranger wrote reaches the terminal without a character that the terminal would act on.
//!
//! `polite::check` looks at every run of every test; here are the runs with something to find.

use crate::{
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT, with_manifest},
};
use insta::assert_snapshot;

/// Clears the screen, sets the title, turns the direction, and ends the line early.
const EVIL: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}drawkcab\u{2066}\u{200b}\u{feff}\r\u{8}\u{7f}";

fn both_formats(seen: &mut Transcript<'_>, args: &[&str]) {
    seen.run(args);
    let run = seen.run(&[args, &["--format", "json"]].concat());
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&run.stdout);
    assert!(parsed.is_ok(), "{args:?} gave no JSON document: {run:#?}");
}

#[test]
fn in_a_description() {
    let sandbox = Sandbox::new();
    let manifest = serde_json::json!({
        "manifest": 1, "plugin": "acme/shop",
        "alterations": [{ "id": "1.0.0-1700000000-x", "description": EVIL }],
    });
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    sandbox.write("plugins/x.wasm", with_manifest(&idle, manifest.to_string().as_bytes()));
    let mut seen = Transcript::of(&sandbox);
    both_formats(&mut seen, &["plan", "plugins"]);
    both_formats(&mut seen, &["inspect", "plugins/x.wasm"]);
    let run = seen.run(&["plan", "plugins", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(plan["steps"][0]["description"], EVIL, "JSON gives back what was written");
    seen.run(&["deploy", "plugins"]);
    assert_snapshot!(seen);
}

#[test]
fn in_a_manifest_that_is_refused() {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let mut seen = Transcript::of(&sandbox);
    for manifest in [
        serde_json::json!({ "manifest": 1, "plugin": EVIL, "alterations": [] }),
        serde_json::json!({ "manifest": 1, "plugin": "a/b", "alterations": [{ "id": EVIL }] }),
        serde_json::json!({ "manifest": 1, "plugin": "a/b", "alterations": [], EVIL: 1 }),
        serde_json::json!({ "manifest": 1, "plugin": "a/b", "requires": { "a/c": EVIL }, "alterations": [] }),
        serde_json::json!({ "manifest": 1, "plugin": "a/b", "dialects": [EVIL], "alterations": [] }),
    ] {
        sandbox.write("plugins/x.wasm", with_manifest(&idle, manifest.to_string().as_bytes()));
        seen.refused(1, &["deploy", "plugins"]);
        seen.refused(1, &["deploy", "plugins", "--format", "json"]);
        both_formats(&mut seen, &["inspect", "plugins/x.wasm"]);
    }
    assert_snapshot!(seen);
}

#[test]
fn in_names_of_files_and_folders() {
    let sandbox = Sandbox::new();
    let evil = EVIL.replace('/', "");
    let mut seen = Transcript::of(&sandbox);
    let path = format!("{evil}/x.wasm");
    sandbox.write(&path, "text");
    seen.refused(1, &["deploy", &evil]);
    seen.refused(1, &["deploy", &evil, "--format", "json"]);
    seen.refused(1, &["deploy", &format!("{evil}/none")]);
    seen.run(&["inspect", &path]);
    seen.run(&["pack", &path, "--out", "out"]);
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1700000000-x", "SELECT 1;", "SELECT 1;")]);
    let url = format!("sqlite:{evil}.db");
    for args in [
        &["check", "plugins", "--database", &url][..],
        &["deploy", "plugins", "--database", &url],
        &["check", "plugins", "--database", &url],
    ] {
        both_formats(&mut seen, args);
    }
    let out = format!("{evil}/out");
    both_formats(&mut seen, &["pack", "sources/acme/shop", "--out", &out]);
    assert_snapshot!(seen);
}

#[test]
fn in_sql() {
    let sandbox = Sandbox::new();
    // A line that ends with CR alone is refused before.
    let comment = EVIL.replace('\r', "");
    let fine = format!("SELECT '{EVIL}';\n-- {comment}\nCREATE TABLE t (id INTEGER);");
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1700000000-x", &fine, "SELECT 1;")]);
    let mut seen = Transcript::of(&sandbox);
    both_formats(&mut seen, &["deploy", "plugins", "--dry-run"]);
    seen.run(&["deploy", "plugins", "--verbose"]);
    let broken =
        format!("SELECT '{EVIL}';\n-- {comment}\nSELECT * FROM \"{EVIL}\";\n-- {comment}\n");
    sandbox.sql_plugin("globex/crm", &[("1.0.0-1700000000-x", &broken, "SELECT 1;")]);
    both_formats(&mut seen, &["deploy", "plugins", "--verbose"]);
    both_formats(&mut seen, &["status", "plugins"]);
    both_formats(&mut seen, &["check", "plugins"]);
    both_formats(&mut seen, &["plan", "plugins"]);
    assert_snapshot!(seen);
}

#[test]
fn in_names_of_imports_and_producers() {
    let sandbox = Sandbox::new();
    // Names of imports are checked by the format itself; those of a core module are free.
    let module = wasm::from_text(&format!(
        "(module (import \"{0}\" \"{0}\" (func)) (export \"{0}\" (func 0)))",
        EVIL.chars().map(|c| format!("\\u{{{:x}}}", c as u32)).collect::<String>()
    ));
    sandbox.write("x.wasm", module);
    let mut seen = Transcript::of(&sandbox);
    both_formats(&mut seen, &["inspect", "x.wasm"]);
    both_formats(&mut seen, &["pack", "x.wasm", "--out", "out"]);
    assert_snapshot!(seen);
}

#[test]
fn in_the_state() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1700000000-x", "SELECT 1;", "SELECT 1;")]);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.sql(&format!(
        "UPDATE alteration_state SET applied_at = '{EVIL}', applied_by = '{EVIL}', error = '{EVIL}', status = 'failed'"
    ));
    let mut seen = Transcript::of(&sandbox);
    both_formats(&mut seen, &["status"]);
    both_formats(&mut seen, &["check", "plugins"]);
    assert_snapshot!(seen);
}

/// A guest that logs it at every level, and over several lines.
#[test]
fn in_what_a_guest_logs() {
    let sandbox = Sandbox::new();
    let text = format!("{EVIL}\nerror: forged");
    let bytes: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let calls: String = (0..4)
        .map(|level| {
            format!("(call $log (i32.const {level}) (i32.const 2048) (i32.const {}))", text.len())
        })
        .collect();
    let core = IDLE
        .replace(
            "#up\") (param i32 i32) (result i32) i32.const 0",
            &format!("#up\") (param i32 i32) (result i32) {calls} i32.const 0"),
        )
        .replace("(memory", "(import \"runner:alteration/log@0.1.0\" \"log\" (func $log (param i32 i32 i32)))\n(memory");
    let core = format!("{core} (data (i32.const 2048) \"{bytes}\")");
    let wit = WIT.replace(
        "world hooks-only {",
        "world logging { import log; export hooks; }\nworld hooks-only {",
    );
    sandbox
        .write("plugins/acme/shop/1.0.0-1700000000-x.wasm", wasm::encode(&wit, "logging", &core));
    let mut seen = Transcript::of(&sandbox);
    both_formats(&mut seen, &["deploy", "plugins", "--verbose", "--dry-run"]);
    assert_eq!(seen.run(&["deploy", "plugins", "--verbose"]).code, Some(0));
    assert_snapshot!(seen);
}
