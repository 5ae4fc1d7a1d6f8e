//! Writing and updating a lock file: what is shown, asked and written.

use super::{LOCK, code, findings, locked, read};
use crate::{
    samples::{CRM, NEWEST, SHOP, shop_and_crm},
    support::Sandbox,
    terminal::{answered, next_command, paste, typed, typed_after},
    transcript::{Transcript, tree},
};
use insta::assert_snapshot;
use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
};

/// The shop in its next version, and the CRM otherwise than before.
fn next_version(sandbox: &Sandbox) {
    sandbox.sql_plugin("acme/shop", &[SHOP[0], SHOP[1], SHOP[2], NEWEST]);
    let notes = format!("plugins/globex/crm/{}.wasm", CRM[0].0);
    sandbox.write(&notes, code("globex/crm", CRM[0].0, "\"entropy\""));
    let _ = fs::remove_dir_all(sandbox.path().join("sources"));
}

#[test]
fn from_nothing_to_an_update() {
    let sandbox = shop_and_crm();
    let _ = fs::remove_dir_all(sandbox.path().join("sources"));
    let mut seen = Transcript::of(&sandbox);
    assert_eq!(seen.run(&["lock", "plugins"]).code, Some(0));
    seen.note(&format!("{LOCK}:\n{}", crate::redact::redact(&sandbox, &read(&sandbox, LOCK))));
    assert_eq!(seen.run(&["lock", "plugins"]).code, Some(0));
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(0));
    next_version(&sandbox);
    let refused = seen.refused(4, &["deploy", "plugins"]);
    seen.note("the command that it ends with, without a yes");
    let next = "lock --update acme/shop plugins".to_owned();
    assert!(refused.stderr.contains(&format!("      runner {next}\n")), "{refused:#?}");
    let unasked = paste(&sandbox, &next);
    assert_eq!(unasked.code, Some(2), "{unasked:#?}");
    seen.add(&format!("runner {next}"), &unasked);
    let before = read(&sandbox, LOCK);
    let yes = paste(&sandbox, next_command(&unasked));
    seen.add(&format!("runner {}", next_command(&unasked)), &yes);
    assert_eq!(yes.code, Some(0), "{yes:#?}");
    let crm =
        |text: &str| text.split_once("[plugins.\"globex/crm\"]").map(|(_, crm)| crm.to_owned());
    assert_eq!(crm(&read(&sandbox, LOCK)), crm(&before), "only one entry changes");
    let refused = seen.run(&["check", "plugins"]);
    assert_eq!(refused.code, Some(4));
    assert!(refused.stderr.contains("globex/crm"), "{refused:#?}");
    let json = ["lock", "--update", "globex/crm", "plugins", "--yes", "--format", "json"];
    assert_eq!(seen.run(&json).code, Some(0));
    assert_eq!(seen.run(&["check", "plugins", "--changed", "allow"]).code, Some(3));
    assert_snapshot!(seen);
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let sandbox = locked();
    let first = read(&sandbox, LOCK);
    fs::remove_file(sandbox.path().join(LOCK)).expect("a file");
    sandbox.ok(&["lock", "./plugins/../plugins/globex", "plugins/acme/shop"]);
    let parts = read(&sandbox, LOCK);
    assert_eq!(
        parts.replace("plugins/globex", "plugins").replace("plugins/acme/shop", "plugins"),
        first
    );
    fs::remove_file(sandbox.path().join(LOCK)).expect("a file");
    sandbox.ok(&["lock", "plugins"]);
    assert_eq!(read(&sandbox, LOCK), first);
}

#[test]
fn a_plugin_that_is_gone_is_taken_out() {
    let sandbox = locked();
    fs::remove_dir_all(sandbox.path().join("plugins/globex")).expect("a folder");
    let mut seen = Transcript::of(&sandbox);
    let run = seen.run(&["lock", "--update", "acme/shop", "plugins"]);
    assert!(run.stdout.contains("up to date"), "another plugin's matter: {run:#?}");
    seen.refused(4, &["deploy", "plugins"]);
    assert_eq!(seen.run(&["lock", "--update", "globex/crm", "plugins"]).code, Some(0));
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn a_terminal_is_asked() {
    for (answer, code) in [("n\n", 1), ("\n", 1), ("update\n", 1), ("y\n", 0), ("YES\n", 0)] {
        let sandbox = locked();
        next_version(&sandbox);
        let before = tree(sandbox.path());
        let run = typed(&sandbox, "lock plugins", true, answer);
        assert_eq!(run.code, Some(code), "{answer:?}: {run:#?}");
        for words in [
            "+ 1.2.0-1700000400-create-bills",
            "~ 2.0.0-1700000300-create-notes",
            "+ permission entropy",
            "Write this to runner.lock? Go on? [y/N]",
        ] {
            assert!(run.stdout.contains(words), "{words}: {run:#?}");
        }
        assert_eq!(tree(sandbox.path()) == before, code == 1, "{run:#?}");
        assert_eq!(sandbox.runner(&["check", "plugins"]).code, Some(if code == 0 { 3 } else { 4 }));
    }
}

#[test]
fn nothing_is_asked_where_there_was_none() {
    let sandbox = shop_and_crm();
    let run = answered(&sandbox, &["lock", "plugins"], None);
    assert_eq!(run.code, Some(0), "{run:#?}");
    next_version(&sandbox);
    let before = tree(sandbox.path());
    for format in ["text", "json"] {
        let run = answered(&sandbox, &["lock", "plugins", "--format", format], None);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("changed: nothing was written"), "{run:#?}");
    }
    assert!(tree(sandbox.path()) == before);
}

/// Somebody else may update it while a person reads the difference.
#[test]
fn a_lock_file_that_changes_while_a_person_is_asked() {
    let sandbox = locked();
    next_version(&sandbox);
    let run = typed_after(&sandbox, "lock plugins", "y\n", &|| {
        sandbox.ok(&["lock", "--update", "acme/shop", "plugins"]);
    });
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("was changed while this was waiting"), "{run:#?}");
    let run = sandbox.runner(&["check", "plugins", "--format", "json"]);
    assert_eq!(findings(&run).len(), 2, "what the other one wrote stays: {run:#?}");
    // One that becomes a link is not written through.
    let sandbox = locked();
    next_version(&sandbox);
    let run = typed_after(&sandbox, "lock plugins", "y\n", &|| {
        let path = sandbox.path().join(LOCK);
        fs::rename(&path, sandbox.path().join("kept")).expect("a file");
        symlink("kept", path).expect("a link");
    });
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("a symbolic link"), "{run:#?}");
    assert!(!read(&sandbox, "kept").contains("create-bills"));
}

#[test]
fn permissions_of_the_file_stay() {
    let sandbox = locked();
    let path = sandbox.path().join(LOCK);
    assert_eq!(path.metadata().expect("a file").mode() & 0o022, 0);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
    next_version(&sandbox);
    sandbox.ok(&["lock", "plugins"]);
    assert_eq!(path.metadata().expect("a file").mode() & 0o777, 0o600);
}

/// What could not be read again is not written.
#[test]
fn names_that_no_lock_file_can_hold() {
    let sandbox = locked();
    fs::remove_file(sandbox.path().join(LOCK)).expect("a file");
    sandbox.write("plugins/new\nline.wasm", code("acme/line", "1-x", ""));
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["lock", "plugins"]);
    assert!(!sandbox.path().join(LOCK).exists());
    assert_snapshot!(seen);
}
