//! Lock files that are none, or that somebody else could have written: nothing runs, and nothing is connected to.

use super::{LOCK, edit, locked, read, write_own};
use crate::{support::Sandbox, transcript::Transcript};
use insta::assert_snapshot;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
};

type Attack = (&'static str, fn(&Sandbox), &'static str);

fn path(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path().join(LOCK)
}

fn append(sandbox: &Sandbox, bytes: &[u8]) {
    let text = [read(sandbox, LOCK).as_bytes(), bytes].concat();
    write_own(sandbox, LOCK, text);
}

fn mode(sandbox: &Sandbox, mode: u32) {
    fs::set_permissions(path(sandbox), Permissions::from_mode(mode)).expect("permissions");
}

const ATTACKS: [Attack; 22] = [
    (
        "cut short within a line",
        |it| {
            let text = read(it, LOCK);
            write_own(it, LOCK, &text[..text.len() - 20]);
        },
        "runner.lock, line ",
    ),
    ("empty", |it| write_own(it, LOCK, ""), "missing field `version`"),
    ("of another format", |it| edit(it, "version = 1", "version = 2"), "has the format version 2"),
    ("a key that is not known", |it| append(it, b"[keys]\n"), "unknown field `keys`"),
    (
        "two tables of a plugin",
        |it| append(it, b"[plugins.\"acme/shop\"]\nsource = \"evil\"\n"),
        "duplicate key",
    ),
    (
        "a path as a file",
        |it| edit(it, "file = \"", "file = \"../../evil/"),
        "is a path, where a name is expected",
    ),
    (
        "an absolute source",
        |it| edit(it, "source = \"plugins\"", "source = \"/etc\""),
        "no path relative to the lock file",
    ),
    (
        "a plugin's name that climbs",
        |it| edit(it, "[plugins.\"acme/shop\"]", "[plugins.\"../shop\"]"),
        "not a plugin name",
    ),
    ("NUL", |it| append(it, b"# \0\n"), "runner.lock, line "),
    ("an escape sequence", |it| append(it, b"# \x1b[2J\n"), "runner.lock, line "),
    (
        "an escape sequence in a name",
        |it| edit(it, "source = \"plugins\"", "source = \"plugins\\u001b[2J\""),
        "control or invisible characters",
    ),
    (
        "text that runs backwards",
        |it| edit(it, "source = \"plugins\"", "source = \"plugins\\u202e\""),
        "control or invisible characters",
    ),
    ("not UTF-8", |it| append(it, b"# \xff\xfe\n"), "not UTF-8"),
    ("left by a merge", |it| append(it, b"<<<<<<< HEAD\n"), "left by a merge"),
    (
        "huge",
        |it| fs::File::create(path(it)).and_then(|file| file.set_len(1 << 40)).expect("a file"),
        "more than 16777216 bytes",
    ),
    ("writable for its group", |it| mode(it, 0o664), "its group may write to it"),
    ("writable for everybody", |it| mode(it, 0o666), "everybody may write to it"),
    (
        "a link",
        |it| {
            fs::rename(path(it), it.path().join("kept")).expect("a file");
            symlink("kept", path(it)).expect("a link");
        },
        "a symbolic link",
    ),
    (
        "a link that leads nowhere",
        |it| {
            fs::remove_file(path(it)).expect("a file");
            symlink("nowhere", path(it)).expect("a link");
        },
        "a symbolic link",
    ),
    (
        "a folder",
        |it| {
            fs::remove_file(path(it)).expect("a file");
            fs::create_dir(path(it)).expect("a folder");
        },
        "not a regular file",
    ),
    (
        "a pipe",
        |it| {
            fs::remove_file(path(it)).expect("a file");
            let made = Command::new("mkfifo").arg(path(it)).status().expect("mkfifo");
            assert!(made.success());
        },
        "not a regular file",
    ),
    (
        "of another user",
        |it| {
            // Only an administrator can give a file away; others see the next best.
            if std::os::unix::fs::chown(path(it), Some(1234), None).is_err() {
                mode(it, 0o666);
            }
        },
        "could pin what you would not",
    ),
];

#[test]
fn a_lock_file_that_cannot_be_relied_on() {
    for (name, attack, expected) in ATTACKS {
        let sandbox = locked();
        attack(&sandbox);
        for args in [
            &["deploy", "plugins", "--yes"][..],
            &["check", "plugins", "--format", "json"],
            &["plan", "plugins"],
            &["test", "plugins"],
            &["lock", "plugins", "--yes"],
            &["lock", "--update", "acme/shop", "plugins", "--yes"],
        ] {
            let run = sandbox.runner(args);
            crate::polite::check(&run);
            assert_eq!(run.code, Some(1), "{name}, {args:?}: {run:#?}");
            assert!(run.stderr.contains(expected), "{name}, {args:?}: {run:#?}");
            assert!(run.stderr.contains("changed: nothing was altered"), "{name}: {run:#?}");
        }
        assert!(!sandbox.database().exists(), "{name}");
    }
}

/// An editor on another system leaves these.
#[test]
fn line_ends_and_byte_order_marks_are_no_difference() {
    let sandbox = locked();
    let text = read(&sandbox, LOCK).replace('\n', "\r\n");
    write_own(&sandbox, LOCK, format!("\u{feff}{text}"));
    assert_eq!(sandbox.runner(&["check", "plugins"]).code, Some(3));
    let run = sandbox.ok(&["lock", "plugins"]);
    assert!(run.stdout.contains("is up to date"), "{run:#?}");
    sandbox.ok(&["deploy", "plugins"]);
}

/// A vendor's folder may hold any file.
#[test]
fn a_lock_file_that_came_with_the_plugins() {
    let sandbox = locked();
    fs::rename(path(&sandbox), sandbox.path().join("plugins/runner.lock")).expect("a file");
    let mut seen = Transcript::of(&sandbox);
    let inside = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.current_dir(sandbox.path().join("plugins"));
        command
    };
    for args in [&["deploy", "."][..], &["deploy", "acme", "globex"], &["lock", "."]] {
        let expected = if args[1] == "acme" { 0 } else { 1 };
        let run = seen.command(args, &mut inside(args));
        assert_eq!(run.code, Some(expected), "{args:?}: {run:#?}");
    }
    let named = ["plan", ".", "--lock-file", "runner.lock"];
    assert_eq!(seen.command(&named, &mut inside(&named)).code, Some(0));
    assert_snapshot!(seen);
}

/// A name that is not there is no reason to go on without.
#[test]
fn a_lock_file_that_is_named_and_not_there() {
    let sandbox = locked();
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["deploy", "plugins", "--lock-file", "ops/runner.lock"]);
    seen.refused(1, &["lock", "--update", "acme/shop", "plugins", "--lock-file", "new.lock"]);
    let run = seen.run(&["lock", "--update", "acme/none", "plugins"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert_snapshot!(seen);
}

/// It is beside the runner.toml that was named, and a link that was named is followed.
#[test]
fn where_it_is_looked_for() {
    let sandbox = locked();
    write_own(&sandbox, "ops/runner.toml", "");
    let found = |args: &[&str]| {
        let run = sandbox.runner(&[&["plan", "plugins"], args].concat());
        assert_eq!(run.code, Some(0), "{run:#?}");
        let told = run.stderr.lines().find(|line| line.starts_with("Components are pinned"));
        told.unwrap_or("no lock file").to_owned()
    };
    assert_eq!(found(&[]), "Components are pinned by runner.lock");
    assert_eq!(found(&["--config", "ops/runner.toml"]), "no lock file");
    sandbox.ok(&["lock", "plugins", "--config", "ops/runner.toml"]);
    assert!(read(&sandbox, "ops/runner.lock").contains("source = \"../plugins\""));
    assert_eq!(found(&["--config", "ops/runner.toml"]), "Components are pinned by ops/runner.lock");
    symlink("ops/runner.lock", sandbox.path().join("link.lock")).expect("a link");
    assert_eq!(found(&["--lock-file", "link.lock"]), "Components are pinned by link.lock");
    let run = sandbox.runner(&["lock", "plugins", "--lock-file", "link.lock"]);
    assert_eq!(run.code, Some(1), "nothing is written through it: {run:#?}");
    assert!(run.stderr.contains("link.lock: a symbolic link"), "{run:#?}");
}

/// A whole checkout somewhere else is the same checkout.
#[test]
fn a_checkout_that_was_moved() {
    let sandbox = locked();
    fs::create_dir_all(sandbox.path().join("ci/build")).expect("a folder");
    for name in ["plugins", LOCK] {
        let to = sandbox.path().join("ci/build").join(name);
        fs::rename(sandbox.path().join(name), to).expect("a move");
    }
    let named = ["--lock-file", "ci/build/runner.lock"];
    sandbox.ok(&[&["deploy", "ci/build/plugins"][..], &named].concat());
}
