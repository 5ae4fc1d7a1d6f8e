//! Files that are not what was pinned, by mistake or on purpose: each verb that plans refuses, names all of them, and
//! alters nothing.

use super::{LOCK, code, edit, findings, locked, read, write_own};
use crate::{
    samples::{CRM, FIRST, SHOP},
    support::Sandbox,
    terminal::typed_after,
    transcript::{Transcript, tree},
};
use insta::assert_snapshot;
use std::{fs, os::unix::fs::symlink};

const SECOND: &str = "plugins/acme/shop/1.0.0-1700000100-first-customers.wasm";
const THIRD: &str = "plugins/acme/shop/1.1.0-1700000200-create-orders.wasm";
const NOTES: &str = "plugins/globex/crm/2.0.0-1700000300-create-notes.wasm";
const NEWER: (&str, &str, &str) =
    ("9.9.9-1900000000-more", "CREATE TABLE more (id INTEGER);\n", "DROP TABLE more;\n");

fn rename(sandbox: &Sandbox, from: &str, to: &str) {
    let to = sandbox.path().join(to);
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    fs::rename(sandbox.path().join(from), to).expect("a file");
}

fn remove(sandbox: &Sandbox, name: &str) {
    fs::remove_file(sandbox.path().join(name)).expect("a file");
}

/// Packs a plugin into `folder`, and leaves nothing else behind.
fn pack(sandbox: &Sandbox, plugin: &str, folder: &str, one: (&str, &str, &str)) {
    let (id, up, down) = one;
    sandbox.write(&format!("sources/{id}.up.sql"), up);
    sandbox.write(&format!("sources/{id}.down.sql"), down);
    sandbox.ok(&["pack", "sources", "--plugin", plugin, "--out", folder, "--replace"]);
    fs::remove_dir_all(sandbox.path().join("sources")).expect("a folder");
}

fn swap(sandbox: &Sandbox, one: &str, other: &str) {
    rename(sandbox, one, "kept");
    rename(sandbox, other, one);
    rename(sandbox, "kept", other);
}

/// Takes lines with `word` out of the lock file.
fn without_lines(sandbox: &Sandbox, word: &str) {
    let text = read(sandbox, LOCK);
    let lines = text.lines().filter(|line| !line.contains(word)).collect::<Vec<_>>();
    write_own(sandbox, LOCK, lines.join("\n"));
}

type Attack = (&'static str, fn(&Sandbox), &'static [&'static str]);

/// What is done, and every problem that is named: in JSON as `problem plugin id`.
const ATTACKS: [Attack; 22] = [
    (
        "two components swapped",
        |it| swap(it, FIRST, SECOND),
        &[
            "renamed acme/shop 1.0.0-1700000000-create-customers",
            "renamed acme/shop 1.0.0-1700000100-first-customers",
        ],
    ),
    (
        "a file renamed",
        |it| rename(it, FIRST, "plugins/acme/shop/renamed.wasm"),
        &["renamed acme/shop 1.0.0-1700000000-create-customers"],
    ),
    (
        "other bytes under the same id",
        |it| pack(it, "acme/shop", "plugins/acme/shop", (SHOP[1].0, "SELECT 1;", "SELECT 2;")),
        &["changed acme/shop 1.0.0-1700000100-first-customers"],
    ),
    (
        "code instead of SQL",
        |it| write_own(it, THIRD, code("acme/shop", SHOP[2].0, "")),
        &["changed acme/shop 1.1.0-1700000200-create-orders"],
    ),
    (
        "the name taken over by another folder",
        |it| {
            fs::remove_dir_all(it.path().join("plugins/acme")).expect("a folder");
            pack(it, "acme/shop", "plugins/evil", (SHOP[0].0, "SELECT 1;", "SELECT 2;"));
        },
        &[
            "changed acme/shop 1.0.0-1700000000-create-customers",
            "missing acme/shop 1.0.0-1700000100-first-customers",
            "missing acme/shop 1.1.0-1700000200-create-orders",
        ],
    ),
    (
        "one more of that name in another folder",
        |it| pack(it, "acme/shop", "plugins/evil", NEWER),
        &["unlisted acme/shop 9.9.9-1900000000-more"],
    ),
    (
        "one more in the plugin's own folder",
        |it| pack(it, "acme/shop", "plugins/acme/shop", NEWER),
        &["unlisted acme/shop 9.9.9-1900000000-more"],
    ),
    (
        "one more that is older than all",
        |it| pack(it, "acme/shop", "plugins/acme/shop", ("0.0.1-1-old", "SELECT 1;", "SELECT 1;")),
        &["unlisted acme/shop 0.0.1-1-old"],
    ),
    (
        "another plugin",
        |it| pack(it, "evil/x", "plugins/evil/x", NEWER),
        &["unlisted evil/x 9.9.9-1900000000-more"],
    ),
    (
        "a component taken away",
        |it| remove(it, THIRD),
        &["missing acme/shop 1.1.0-1700000200-create-orders"],
    ),
    (
        "the only component of a plugin taken away",
        |it| remove(it, NOTES),
        &["missing globex/crm 2.0.0-1700000300-create-notes"],
    ),
    (
        "a component hidden from the search",
        |it| rename(it, NOTES, "plugins/globex/.crm/x.wasm"),
        &["missing globex/crm 2.0.0-1700000300-create-notes"],
    ),
    (
        "a plugin under another name",
        |it| {
            remove(it, NOTES);
            pack(it, "globex/crn", "plugins/globex/crm", CRM[0]);
        },
        &[
            "missing globex/crm 2.0.0-1700000300-create-notes",
            "unlisted globex/crn 2.0.0-1700000300-create-notes",
        ],
    ),
    (
        "a permission more",
        |it| write_own(it, NOTES, code("globex/crm", CRM[0].0, "\"entropy\"")),
        &[
            "changed globex/crm 2.0.0-1700000300-create-notes",
            "permission globex/crm 2.0.0-1700000300-create-notes",
        ],
    ),
    (
        "a link to another component",
        |it| {
            rename(it, FIRST, "elsewhere.wasm");
            symlink(it.path().join("elsewhere.wasm"), it.path().join(FIRST)).expect("a link");
        },
        &["renamed acme/shop 1.0.0-1700000000-create-customers"],
    ),
    (
        "a checksum of the lock file edited",
        |it| edit(it, "component_checksum = \"", "component_checksum = \"0"),
        &[],
    ),
    (
        "a size of the lock file edited",
        |it| edit(it, "size = ", "size = 1"),
        &["changed acme/shop 1.0.0-1700000000-create-customers"],
    ),
    (
        "an alteration taken out of the lock file",
        |it| without_lines(it, "first-customers"),
        &["unlisted acme/shop 1.0.0-1700000100-first-customers"],
    ),
    (
        "the end of the lock file lost, at a line's end",
        |it| {
            let text = read(it, LOCK);
            let (kept, _) = text.split_once("\n[plugins.\"globex/crm\"]").expect("a table");
            write_own(it, LOCK, kept);
        },
        &["unlisted globex/crm 2.0.0-1700000300-create-notes"],
    ),
    (
        "everything lost but the version",
        |it| write_own(it, LOCK, "version = 1\n"),
        &[
            "unlisted acme/shop 1.0.0-1700000000-create-customers",
            "unlisted acme/shop 1.0.0-1700000100-first-customers",
            "unlisted acme/shop 1.1.0-1700000200-create-orders",
            "unlisted globex/crm 2.0.0-1700000300-create-notes",
        ],
    ),
    (
        "a path to another folder as the source",
        |it| {
            edit(it, "source = \"plugins\"", "source = \"../../../etc\"");
            remove(it, NOTES);
        },
        &["missing globex/crm 2.0.0-1700000300-create-notes"],
    ),
    (
        "alterations of two plugins exchanged in the lock file",
        |it| {
            edit(it, "[plugins.\"acme/shop\"]", "[plugins.\"a/a\"]");
            edit(it, "[plugins.\"acme/shop\".", "[plugins.\"a/a\".");
        },
        &[
            "renamed acme/shop 1.0.0-1700000000-create-customers",
            "renamed acme/shop 1.0.0-1700000100-first-customers",
            "renamed acme/shop 1.1.0-1700000200-create-orders",
        ],
    ),
];

#[test]
fn each_verb_refuses_what_is_not_pinned() {
    for (name, attack, expected) in ATTACKS {
        let sandbox = locked();
        attack(&sandbox);
        let before = tree(sandbox.path());
        let code = if expected.is_empty() { 1 } else { 4 };
        let expected: Vec<String> =
            expected.iter().map(|problem| format!("not-as-locked {problem}")).collect();
        for verb in ["deploy", "check", "plan", "test"] {
            let run = sandbox.runner(&[verb, "plugins", "--format", "json"]);
            assert_eq!(run.code, Some(code), "{name}, {verb}: {run:#?}");
            let mut found = findings(&run);
            found.retain(|finding| finding.starts_with("not-as-locked"));
            assert_eq!(found, expected, "{name}, {verb}");
        }
        assert!(tree(sandbox.path()) == before, "{name} altered something");
    }
}

/// No flag that allows something else allows this too.
#[test]
fn nothing_else_that_is_allowed_allows_it() {
    let sandbox = locked();
    pack(&sandbox, "acme/shop", "plugins/evil", NEWER);
    let allowed =
        ["--other-folder", "--changed", "--missing", "--out-of-order"].map(|flag| [flag, "allow"]);
    let allowed = allowed.concat();
    let args = [&["deploy", "plugins", "--allow-drafts", "--trust", "*"][..], &allowed].concat();
    Transcript::of(&sandbox).refused(4, &args);
    let target = ["deploy", "plugins", "--target", "globex/crm@latest"];
    Transcript::of(&sandbox).refused(4, &target);
    // What a baseline adopts is there.
    sandbox.write("app.db", "");
    for args in [
        &["deploy", "plugins", "--dry-run"][..],
        &["baseline", "plugins", "--to", "acme/shop@latest"],
    ] {
        let run = sandbox.runner(args);
        assert_eq!(run.code, Some(4), "{args:?}: {run:#?}");
    }
}

/// Every problem at once, with both sides and a command to paste.
#[test]
fn what_is_said() {
    let sandbox = locked();
    rename(&sandbox, FIRST, "plugins/acme/shop/renamed.wasm");
    remove(&sandbox, THIRD);
    write_own(&sandbox, NOTES, code("globex/crm", CRM[0].0, "\"entropy\""));
    pack(&sandbox, "evil/x", "plugins/evil/x", NEWER);
    let mut seen = Transcript::of(&sandbox);
    seen.refused(4, &["deploy", "plugins"]);
    seen.refused(4, &["deploy", "plugins", "--format", "json"]);
    for verb in ["plan", "check"] {
        assert_eq!(seen.run(&[verb, "plugins"]).code, Some(4));
    }
    seen.refused(4, &["test", "plugins"]);
    assert_snapshot!(seen);
}

/// Some of the folders, or more of them, are not what was pinned either.
#[test]
fn other_folders_than_those_that_were_pinned() {
    let sandbox = locked();
    Transcript::of(&sandbox).refused_saying(4, &["deploy", "plugins/acme"], &["its file 2.0.0-"]);
    pack(&sandbox, "evil/x", "more", NEWER);
    let run = Transcript::of(&sandbox).refused(4, &["deploy", "plugins", "more"]);
    assert!(run.stderr.contains("evil/x 9.9.9-1900000000-more is not in runner.lock"), "{run:#?}");
}

/// What a person said yes to is what was read before the question, whatever happens to the files until the answer.
#[test]
fn files_and_lock_file_exchanged_while_a_person_is_asked() {
    let sandbox = locked();
    let pinned = read(&sandbox, LOCK);
    let run = typed_after(&sandbox, "deploy plugins", "y\n", &|| {
        pack(&sandbox, "acme/shop", "plugins/acme/shop", (SHOP[0].0, "SELECT 1;", "SELECT 2;"));
        sandbox.ok(&["lock", "plugins"]);
    });
    assert_ne!(read(&sandbox, LOCK), pinned, "the exchange took place");
    assert_eq!(run.code, Some(0), "{run:#?}");
    let deployed = sandbox.rows("SELECT component_checksum FROM alteration_state ORDER BY 1");
    assert_eq!(deployed.len(), 4);
    assert!(deployed.iter().all(|checksum| pinned.contains(checksum)), "{deployed:?}");
}

/// A rollback runs what is recorded.
#[test]
fn a_rollback_needs_no_lock_file() {
    let sandbox = locked();
    sandbox.ok(&["deploy", "plugins"]);
    fs::remove_dir_all(sandbox.path().join("plugins")).expect("a folder");
    write_own(&sandbox, LOCK, "version = 2\n");
    sandbox.ok(&["rollback", "--steps", "4"]);
    assert!(sandbox.state().iter().all(|row| row.ends_with(" reverted")));
}
