//! `inspect`: what a file says of itself, and what it says of files that say nothing.

mod listing;

use crate::{
    deploy::dialects::{INDEX, pack},
    polite::run,
    samples::{FIRST, component, shop},
    support::Sandbox,
    transcript::Transcript,
    wasm::{self, IDLE, WIT, with_manifest, with_section},
};
use insta::assert_snapshot;
use miniz_oxide::deflate::compress_to_vec_zlib;

#[test]
fn components() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["inspect", FIRST]);
    seen.run(&["inspect", FIRST, "--format", "json"]);
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    sandbox.write("idle.wasm", &idle);
    assert_eq!(seen.run(&["inspect", "idle.wasm"]).code, Some(0));
    let manifest = r#"{"manifest":1,"plugin":"a/b","requires":{"a/c":">=1"},"dialects":["sqlite"],"alterations":[{"id":"1-x","permissions":["entropy"],"irreversible":true,"lock_timeout_ms":500,"statement_timeout_ms":60000,"foreign_keys":"enforced"}]}"#;
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
fn what_its_maker_says_of_it() {
    let sandbox = Sandbox::new();
    let mut bytes = wasm::encode(WIT, "hooks-only", IDLE);
    let packages = br#"{"packages":[{"name":"serde","version":"1.0.2","source":"registry"},{"name":"notes","version":"0.1.0","source":"local","root":true}]}"#;
    let bill = br#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"left-pad","version":"1.3.0"}]}"#;
    for (name, contents) in [
        ("description", b"Notes for everybody".as_slice()),
        ("version", b"0.1.0"),
        ("revision", b"9ef06e3"),
        ("authors", b"Ada <ada@example.com>"),
        ("licenses", b"Apache-2.0 OR MIT"),
        ("source", b"https://example.com/notes.git"),
        ("homepage", b"https://example.com/notes"),
        (".dep-v0", &compress_to_vec_zlib(packages, 6)),
        ("sbom", bill),
    ] {
        bytes = with_section(&bytes, name, contents);
    }
    sandbox.write("signed.wasm", &bytes);
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["inspect", "signed.wasm"]);
    seen.run(&["inspect", "signed.wasm", "--format", "json"]);
    assert_snapshot!(seen);
}

/// Every byte of such sections is a stranger's.
#[test]
fn hostile_sections() {
    let sandbox = Sandbox::new();
    let idle = wasm::encode(WIT, "hooks-only", IDLE);
    let bomb = compress_to_vec_zlib(&vec![b' '; 8 << 20], 9);
    let deep = "[".repeat(1 << 16);
    let table: [(&str, &[u8]); 9] = [
        ("licenses", b"\x1b]0;owned\x07MIT\nchecksum     0000"),
        ("licenses", b"\xff\xfe"),
        ("source", &[b'x'; 1 << 16]),
        ("authors", b""),
        (".dep-v0", &bomb),
        (".dep-v0", b"not compressed"),
        ("sbom", deep.as_bytes()),
        ("sbom", b"{\"bomFormat\":\"\x1b[31mred\"}"),
        ("sbom", br#"{"bomFormat":"\u001b[31mred","components":[{"name":"a"}]}"#),
    ];
    let mut bytes = idle;
    for (name, contents) in table {
        bytes = with_section(&bytes, name, contents);
    }
    for number in 0..2_000 {
        bytes = with_section(&bytes, "description", format!("number {number}").as_bytes());
    }
    for _ in 0..100 {
        bytes = with_section(&bytes, ".dep-v0", &bomb);
    }
    sandbox.write("hostile.wasm", &bytes);
    let text = sandbox.ok(&["inspect", "hostile.wasm"]).stdout;
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    assert!(text.len() < 100_000, "a flood of {} bytes", text.len());
    let line = "licence      \\u{1b}]0;owned\\u{7}MIT\\nchecksum     0000\n";
    assert!(text.contains(line), "{}", &text[..2_000]);
    let bills: Vec<&str> = text.lines().filter(|line| line.starts_with("sbom")).collect();
    assert_eq!(
        bills,
        [
            "sbom         0 packages, unknown, in the section .dep-v0",
            "sbom         0 packages, unknown, in the section sbom",
            "sbom         1 package, \\u{1b}[31mred, in the section sbom",
        ]
    );
    let json = sandbox.ok(&["inspect", "hostile.wasm", "--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    // Of the thousand that are looked at, three say nothing.
    assert_eq!(json["about"].as_array().map(Vec::len), Some(997));
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

#[test]
fn inspecting_says_what_each_database_gets() {
    let sandbox = Sandbox::new();
    pack(&sandbox, &INDEX);
    let file = "plugins/1.0.0-2-i.wasm";
    let text = run(&sandbox, &["inspect", file]).stdout;
    for line in [
        "  up for sqlite: 24 bytes",
        "  up for mysql, mariadb: 40 bytes",
        "  before-up for postgresql: 37 bytes",
        "  before-down for postgresql: 26 bytes",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    let json = run(&sandbox, &["inspect", file, "--format", "json"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let texts = document["sql"].as_array().expect("a list");
    assert_eq!(texts.len(), 6);
    assert_eq!(texts[1]["dialects"], serde_json::json!(["mysql", "mariadb"]));
    let plain = run(&sandbox, &["inspect", "plugins/1.0.0-1-a.wasm", "--format", "json"]).stdout;
    assert!(!plain.contains("\"sql\""), "{plain}");
}
