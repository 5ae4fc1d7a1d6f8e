//! Files that are no components, or not whole ones; folders that hold none; paths that lead
//! nowhere. No database is created for any of them, and none is altered.

use crate::{
    polite,
    samples::{FIRST, component, emptied, shop},
    support::{Sandbox, guest},
    transcript::{Transcript, tree},
};
use insta::assert_snapshot;
use std::{fs, os::unix::fs::symlink, process::Command};

/// Where a file has to lie to be known by its name.
const NAMED: &str = "plugins/acme/shop/1.0.0-1700000000-x.wasm";

#[test]
fn not_components() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    let cut = &component()[..1_000];
    let table: &[(&str, &[u8])] = &[
        ("an empty file", b""),
        ("text", b"CREATE TABLE x (id INTEGER);\n"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
        ("a program", b"\x7fELF\x02\x01\x01\0\0\0"),
        ("noise", b"\x80\x81\x82\x83\x84\x85\x86\x87\x88"),
        ("a header cut short", b"\0asm\x0d\0"),
        ("a core module", b"\0asm\x01\0\0\0"),
        ("an unknown version", b"\0asm\x63\0\x01\0"),
        ("cut short", cut),
        ("an empty component", b"\0asm\x0d\0\x01\0"),
    ];
    for (what, bytes) in table {
        seen.note(what);
        sandbox.write(NAMED, bytes);
        seen.refused_saying(1, &["deploy", "plugins"], &["1.0.0-1700000000-x"]);
    }
    assert_snapshot!(seen);
}

#[test]
fn every_length_of_a_component_that_was_cut() {
    let sandbox = Sandbox::new();
    let whole = component();
    let mut seen = Transcript::of(&sandbox);
    for length in (0..whole.len()).step_by(97) {
        sandbox.write(NAMED, &whole[..length]);
        seen.refused_saying(1, &["deploy", "plugins"], &["1.0.0-1700000000-x"]);
    }
}

/// Flips bits all over a component. A flip may hit what nobody reads, or the text of the SQL: then
/// it deploys. Else it is refused, and nothing is altered. It never panics.
#[test]
fn flipped_bits() {
    let sandbox = Sandbox::new();
    let whole = component();
    let mut refused = 0;
    for at in (0..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        sandbox.write(NAMED, &bytes);
        let _ = fs::remove_file(sandbox.database());
        let run = sandbox.runner(&["deploy", "plugins", "--no-cache"]);
        polite_code(at, &run, &[0, 1]);
        if run.code == Some(1) {
            refused += 1;
            assert!(run.stderr.contains("changed: nothing was altered"), "byte {at}: {run:#?}");
            assert!(run.stderr.contains("  next: "), "byte {at}: {run:#?}");
            // If it came as far as the hook, the database is there, with nothing of the hook's.
            if sandbox.database().exists() {
                assert_eq!(sandbox.dump(), "", "byte {at}: {run:#?}");
            }
        }
        polite_code(at, &sandbox.runner(&["inspect", NAMED]), &[0, 1]);
    }
    assert!(refused > 10, "only {refused} flips were noticed");
}

fn polite_code(at: usize, run: &crate::support::Run, codes: &[i32]) {
    polite::check(run);
    assert!(codes.iter().any(|code| run.code == Some(*code)), "byte {at}: {run:#?}");
}

#[test]
fn a_damaged_file_beside_applied_ones() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let mut seen = Transcript::of(&sandbox);
    let whole = fs::read(sandbox.path().join(FIRST)).expect("a component");
    sandbox.write(FIRST, &whole[..whole.len() / 2]);
    for verb in ["deploy", "check", "plan", "status"] {
        seen.refused_saying(1, &[verb, "plugins"], &["create-customers.wasm"]);
    }
    assert_snapshot!(seen);
}

#[test]
fn too_large() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["deploy", "plugins", "--max-component", "1KiB"]);
    // Nobody waits until 100 GB are read.
    let huge = fs::File::create(sandbox.path().join("huge.wasm")).expect("a file");
    huge.set_len(100 << 30).expect("a sparse file");
    drop(huge);
    let run = seen.run(&["deploy", "huge.wasm"]);
    assert_eq!(run.code, Some(1));
    let run = seen.run(&["inspect", "huge.wasm"]);
    assert_eq!(run.code, Some(1));
    let run = seen.run(&["pack", "huge.wasm", "--out", "out"]);
    assert_eq!(run.code, Some(1));
    assert!(!sandbox.database().exists() && !sandbox.path().join("out").exists());
    assert_snapshot!(seen);
}

/// What compiling may cost is bounded, too; nothing is altered by then.
#[test]
fn too_much_to_compile() {
    let sandbox = Sandbox::new();
    sandbox.write("guest.wasm", fs::read(guest("hostile")).expect("a module"));
    sandbox.ok(&["pack", "guest.wasm", "--out", "plugins"]);
    for (bound, words) in [
        ("--max-code=8B", "bytes of code; at most 8 are compiled"),
        ("--compile-timeout=0s", "it was not compiled in 0 ms"),
    ] {
        let run = polite::run(&sandbox, &["deploy", "plugins", "--no-cache", bound]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let flag = bound.split('=').next().unwrap_or_default();
        for words in
            [words, "error: hostile/guests 1.0.0-1700000000-trap", "changed: nothing", flag]
        {
            assert!(run.stderr.contains(words), "{words}: {run:#?}");
        }
        assert_eq!(sandbox.runner(&["check", "plugins"]).code, Some(3), "{bound}");
    }
}

#[test]
fn folders_without_components() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    seen.note("No such folder.");
    for verb in ["deploy", "plan", "check", "status"] {
        seen.refused(1, &[verb, "plugins"]);
    }
    seen.note("An empty folder.");
    emptied(&sandbox, "plugins");
    seen.refused(1, &["deploy", "plugins"]);
    seen.note("A folder with SQL in it, which was never packed.");
    sandbox.write("plugins/acme/shop/1.0.0-1700000000-x.up.sql", "SELECT 1;");
    seen.refused(1, &["deploy", "plugins"]);
    seen.note("A folder that is called as a component.");
    emptied(&sandbox, "plugins/x.wasm");
    seen.refused(1, &["deploy", "plugins"]);
    seen.note("One of two folders is empty.");
    sandbox.write(NAMED, component());
    emptied(&sandbox, "more");
    seen.refused(1, &["deploy", "plugins", "more"]);
    assert_snapshot!(seen);
}

#[test]
fn unreadable() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    let folder = sandbox.path().join("plugins");
    fs::create_dir(&folder).expect("a folder");
    seen.note("A link that leads nowhere.");
    symlink("nowhere", folder.join("x.wasm")).expect("a link");
    seen.refused_saying(1, &["deploy", "plugins"], &["plugins/x.wasm"]);
    fs::remove_file(folder.join("x.wasm")).expect("a link");
    seen.note("A link to itself.");
    symlink("x.wasm", folder.join("x.wasm")).expect("a link");
    seen.refused_saying(1, &["deploy", "plugins"], &["plugins/x.wasm"]);
    fs::remove_file(folder.join("x.wasm")).expect("a link");
    seen.note("A file below a file.");
    sandbox.write("file", "x");
    seen.refused_saying(1, &["deploy", "file/x.wasm"], &["file/x.wasm"]);
    seen.note("A pipe, which nobody writes to.");
    let made = Command::new("mkfifo").arg(folder.join("x.wasm")).status().expect("mkfifo");
    assert!(made.success());
    // Its bytes cannot be compared: reading them would wait as well.
    let run = seen.run(&["deploy", "plugins"]);
    assert_eq!(run.code, Some(1));
    assert!(!sandbox.database().exists());
    assert_snapshot!(seen);
}

/// Whoever runs as root may read everything; there the rule has nothing to refuse.
#[test]
fn no_permission_to_read() {
    let sandbox = shop();
    let path = sandbox.path().join(FIRST);
    let mut permissions = fs::metadata(&path).expect("a file").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0);
    fs::set_permissions(&path, permissions).expect("it is ours");
    let run = sandbox.runner(&["deploy", "plugins"]);
    polite::check(&run);
    if rustix::process::geteuid().is_root() {
        assert_eq!(run.code, Some(0), "{run:#?}");
    } else {
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("create-customers.wasm: cannot be read"), "{run:#?}");
        assert!(run.stderr.contains("make it readable"), "{run:#?}");
        assert!(!sandbox.database().exists());
    }
}

#[test]
fn the_same_alteration_in_two_files() {
    let sandbox = shop();
    let copy = sandbox.path().join("plugins/acme/shop/copy.wasm");
    fs::copy(sandbox.path().join(FIRST), copy).expect("a copy");
    let mut seen = Transcript::of(&sandbox);
    seen.refused_saying(1, &["deploy", "plugins"], &["create-customers.wasm", "copy.wasm"]);
    seen.refused(1, &["deploy", "plugins", "--format", "json"]);
    assert_snapshot!(seen);
}

#[test]
fn names_that_identify_nothing() {
    let sandbox = Sandbox::new();
    let mut seen = Transcript::of(&sandbox);
    let long = format!("plugins/acme/shop/1-{}.wasm", "é".repeat(115));
    for name in [
        "plugins/acme/shop/x.wasm",
        "plugins/acme/shop/1.0.0-x.wasm",
        "plugins/acme/shop/1.0.0-1700000000-a b.wasm",
        "plugins/Acme Inc/shop/1.0.0-1700000000-x.wasm",
        "plugins/acme/shop/1.0.0-1700000000-\u{1b}[31m\u{202e}x.wasm",
        &long,
    ] {
        emptied(&sandbox, "plugins");
        sandbox.write(name, b"\0asm\x0d\0\x01\0");
        seen.refused(1, &["deploy", "plugins"]);
    }
    assert_snapshot!(seen);
}

#[test]
fn nothing_is_written_where_nothing_is_to_be_done() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let before = tree(sandbox.path());
    for args in [
        &["deploy", "plugins"][..],
        &["deploy", "plugins", "--dry-run"],
        &["check", "plugins"],
        &["status"],
    ] {
        sandbox.ok(args);
        assert!(tree(sandbox.path()) == before, "{args:?} wrote something");
    }
}
