//! `inspect`: what a file says of itself, and what it says of files that say nothing.

use crate::{
    samples::{FIRST, component, shop},
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT, with_manifest},
};
use insta::assert_snapshot;

#[test]
fn components() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["inspect", FIRST]);
    seen.run(&["inspect", FIRST, "--format", "json"]);
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    sandbox.write("idle.wasm", &idle);
    assert_eq!(seen.run(&["inspect", "idle.wasm"]).code, Some(0));
    let manifest = r#"{"manifest":1,"plugin":"a/b","requires":{"a/c":">=1"},"dialects":["sqlite"],"alterations":[{"id":"1-x","permissions":["entropy"],"irreversible":true}]}"#;
    sandbox.write("full.wasm", with_manifest(&idle, manifest.as_bytes()));
    seen.run(&["inspect", "full.wasm"]);
    seen.run(&["inspect", "full.wasm", "--format", "json"]);
    sandbox.write("odd.wasm", with_manifest(&idle, b"{}"));
    seen.run(&["inspect", "odd.wasm"]);
    sandbox.write("module.wasm", b"\0asm\x01\0\0\0");
    seen.run(&["inspect", "module.wasm"]);
    assert_snapshot!(seen);
}

#[test]
fn bad_files() {
    let sandbox = Sandbox::new();
    sandbox.write("text.wasm", "hello");
    sandbox.write("empty.wasm", "");
    sandbox.write("cut.wasm", &component()[..900]);
    let mut broken = component();
    broken[20] ^= 0x40;
    sandbox.write("broken.wasm", broken);
    std::fs::create_dir(sandbox.path().join("folder.wasm")).expect("a folder");
    let mut seen = Transcript::of(&sandbox);
    for file in ["none.wasm", "folder.wasm", "text.wasm", "empty.wasm", "cut.wasm", "broken.wasm"] {
        let run = seen.run(&["inspect", file]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(file) && run.stderr.contains("  next: "), "{run:#?}");
        let run = seen.run(&["inspect", file, "--format", "json"]);
        assert!(serde_json::from_str::<serde_json::Value>(&run.stdout).is_ok(), "{run:#?}");
    }
    assert_snapshot!(seen);
}
