//! Manifests that cannot be right: refused with the file's name, before anything is altered.

use crate::{
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT, with_manifest},
};
use insta::assert_snapshot;

const FILE: &str = "plugins/odd.wasm";

fn one(alteration: &str) -> String {
    format!(r#"{{"manifest":1,"plugin":"acme/shop","alterations":[{alteration}]}}"#)
}

#[test]
fn refused() {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let sum = "a".repeat(64);
    let table = [
        ("not JSON", "plugin = acme/shop".to_owned()),
        ("cut short", r#"{"manifest":1,"plugin":"acme/sh"#.to_owned()),
        ("empty", String::new()),
        ("a list", "[]".to_owned()),
        ("a later format", r#"{"manifest":2,"novelty":true}"#.to_owned()),
        ("an unknown field", one(r#"{"id":"1.0.0-1-x","root":true}"#)),
        ("a field twice", r#"{"manifest":1,"plugin":"a/b","plugin":"c/d","alterations":[]}"#.to_owned()),
        ("a plugin without vendor", r#"{"manifest":1,"plugin":"shop","alterations":[]}"#.to_owned()),
        ("an id with a path in it", one(r#"{"id":"../../etc/passwd"}"#)),
        ("no alteration", one("")),
        ("an id twice", one(&format!(r#"{{"id":"1-x","checksum":"{sum}"}},{{"id":"1-x","checksum":"{sum}"}}"#))),
        ("no checksums", one(r#"{"id":"1-x"},{"id":"2-x"}"#)),
        ("a checksum too many", one(&format!(r#"{{"id":"1-x","checksum":"{sum}"}}"#))),
        ("a checksum that is none", one(r#"{"id":"1-x","checksum":"abc"},{"id":"2-x","checksum":"abc"}"#)),
        ("an unknown permission", one(r#"{"id":"1-x","permissions":["network"]}"#)),
        ("a long description", one(&format!(r#"{{"id":"1-x","description":"{}"}}"#, "x".repeat(501)))),
        ("itself required", r#"{"manifest":1,"plugin":"a/b","requires":{"a/b":"*"},"alterations":[{"id":"1-x"}]}"#.to_owned()),
        ("no version required", r#"{"manifest":1,"plugin":"a/b","requires":{"a/c":"newest"},"alterations":[{"id":"1-x"}]}"#.to_owned()),
        ("an unknown dialect", r#"{"manifest":1,"plugin":"a/b","dialects":["oracle"],"alterations":[{"id":"1-x"}]}"#.to_owned()),
        ("nested a thousand deep", format!(r#"{{"manifest":{}1"#, "[".repeat(1_000))),
        ("4 MiB and more", " ".repeat((4 << 20) + 1)),
    ];
    let mut seen = Transcript::of(&sandbox);
    for (what, manifest) in table {
        seen.note(what);
        sandbox.write(FILE, with_manifest(&idle, manifest.as_bytes()));
        seen.refused_saying(1, &["deploy", "plugins"], &["odd.wasm"]);
    }
    seen.note("not UTF-8");
    sandbox.write(FILE, with_manifest(&idle, b"{\"manifest\":1,\"plugin\":\"\xff\"}"));
    seen.refused_saying(1, &["deploy", "plugins"], &["odd.wasm"]);
    seen.note("two of them");
    let manifest = one(r#"{"id":"1.0.0-1-x"}"#);
    let twice = with_manifest(&with_manifest(&idle, manifest.as_bytes()), manifest.as_bytes());
    sandbox.write(FILE, twice);
    seen.refused_saying(1, &["deploy", "plugins"], &["odd.wasm"]);
    assert_snapshot!(seen);
}

/// That the others were refused for what is wrong with them.
#[test]
fn a_right_one_deploys() {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let manifest = one(r#"{"id":"1.0.0-1700000000-x","description":"Does nothing."}"#);
    sandbox.write(FILE, with_manifest(&idle, manifest.as_bytes()));
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.state(), ["acme/shop 1.0.0-1700000000-x applied"]);
}

#[test]
fn another_dialect() {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let manifest =
        r#"{"manifest":1,"plugin":"a/b","dialects":["postgresql"],"alterations":[{"id":"1-x"}]}"#;
    sandbox.write(FILE, with_manifest(&idle, manifest.as_bytes()));
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["deploy", "plugins"]);
    assert_snapshot!(seen);
}

#[test]
fn a_permission_has_to_be_granted() {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let manifest = one(r#"{"id":"1.0.0-1700000000-x","permissions":["entropy"]}"#);
    sandbox.write(FILE, with_manifest(&idle, manifest.as_bytes()));
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["deploy", "plugins"]);
    seen.refused(1, &["deploy", "plugins", "--grant", "globex/crm:entropy"]);
    seen.refused(1, &["deploy", "plugins", "--format", "json"]);
    assert_eq!(seen.run(&["deploy", "plugins", "--grant", "acme/shop:entropy"]).code, Some(0));
    assert_snapshot!(seen);
}
