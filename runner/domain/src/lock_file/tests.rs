//! Lock files and files as tables: what is pinned, what is there, and what is said.

use super::*;
use crate::alteration::{ComponentFile, Declaration, Manifest, Permission};

/// Builds `path plugin id contents [entropy]` lines into a catalog, one component each.
fn files(lines: &[&str]) -> Catalog {
    let components = lines.iter().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [path, plugin, id, contents] = words[..4] else { panic!("{line}") };
        let mut declaration = Declaration::new(id.parse().unwrap());
        match words[4..] {
            ["entropy"] => drop(declaration.permissions.insert(Permission::Entropy)),
            ["makes", name] => declaration.creates = Some([name.to_owned()].into()),
            _ => {}
        }
        let manifest = Manifest::new(plugin.parse().unwrap(), vec![declaration]);
        let component_bytes = contents.len() as u64;
        let checksum = Checksum::of(contents.as_bytes());
        ComponentFile { component_bytes, ..ComponentFile::released(path, checksum, manifest) }
    });
    Catalog::new(components).unwrap()
}

fn locked(lines: &[&str]) -> LockFile {
    LockFile::of(&files(lines), |_| "plugins".to_owned())
}

/// The differences as `problem plugin id`.
fn said(lock: &LockFile, lines: &[&str]) -> Vec<String> {
    let lock = Pins { path: "runner.lock".into(), file: lock.clone() };
    let shown = |it: &LockDifference| {
        let problem = serde_json::to_value(it.problem).unwrap();
        format!("{} {} {}", problem.as_str().unwrap(), it.plugin, it.id)
    };
    lock.differences(&files(lines)).iter().map(shown).collect()
}

const A: &str = "p/a.wasm acme/shop 1.0.0-1-a one";
const B: &str = "p/b.wasm acme/shop 1.0.0-2-b two";
const C: &str = "q/c.wasm globex/crm 2.0.0-3-c three";

#[test]
fn differences() {
    let table: [(&str, &[&str], &[&str]); 15] = [
        ("as it was", &[A, B, C], &[]),
        ("moved as a whole", &["x/y/a.wasm acme/shop 1.0.0-1-a one", B, C], &[]),
        (
            "other bytes",
            &["p/a.wasm acme/shop 1.0.0-1-a on3", B, C],
            &["changed acme/shop 1.0.0-1-a"],
        ),
        (
            "other size",
            &["p/a.wasm acme/shop 1.0.0-1-a ones", B, C],
            &["changed acme/shop 1.0.0-1-a"],
        ),
        (
            "swapped contents",
            &["p/a.wasm acme/shop 1.0.0-1-a two", "p/b.wasm acme/shop 1.0.0-2-b one", C],
            &["changed acme/shop 1.0.0-1-a", "changed acme/shop 1.0.0-2-b"],
        ),
        (
            "swapped files",
            &["p/b.wasm acme/shop 1.0.0-1-a one", "p/a.wasm acme/shop 1.0.0-2-b two", C],
            &["renamed acme/shop 1.0.0-1-a", "renamed acme/shop 1.0.0-2-b"],
        ),
        (
            "another file name",
            &["p/z.wasm acme/shop 1.0.0-1-a one", B, C],
            &["renamed acme/shop 1.0.0-1-a"],
        ),
        (
            "another id",
            &["p/a.wasm acme/shop 1.0.0-1-z one", B, C],
            &["renamed acme/shop 1.0.0-1-z"],
        ),
        ("another plugin", &["p/a.wasm evil/x 1.0.0-1-a one", B, C], &["renamed evil/x 1.0.0-1-a"]),
        ("gone", &[B, C], &["missing acme/shop 1.0.0-1-a"]),
        ("a whole plugin gone", &[A, B], &["missing globex/crm 2.0.0-3-c"]),
        (
            "one more",
            &[A, B, C, "e/e.wasm acme/shop 9.0.0-9-e evil"],
            &["unlisted acme/shop 9.0.0-9-e"],
        ),
        (
            "another vendor",
            &[A, B, C, "e/e.wasm evil/x 9.0.0-9-e evil"],
            &["unlisted evil/x 9.0.0-9-e"],
        ),
        (
            "a copy under another id",
            &[A, B, C, "e/a.wasm acme/shop 9.0.0-9-e one"],
            &["unlisted acme/shop 9.0.0-9-e"],
        ),
        (
            "asks for more",
            &["p/a.wasm acme/shop 1.0.0-1-a one entropy", B, C],
            &["permission acme/shop 1.0.0-1-a"],
        ),
    ];
    let lock = locked(&[A, B, C]);
    for (name, lines, expected) in table {
        assert_eq!(said(&lock, lines), expected, "{name}");
    }
    assert_eq!(said(&LockFile::default(), &[A, C]).len(), 2, "an empty one has nothing");
}

#[test]
fn a_permission_that_was_taken_out_of_the_lock_file() {
    let asks = "p/a.wasm acme/shop 1.0.0-1-a one entropy";
    let mut lock = locked(&[asks, B]);
    assert_eq!(said(&lock, &[asks, B]), [""; 0]);
    let shop = lock.plugins.values_mut().next().unwrap();
    shop.permissions.clear();
    assert_eq!(said(&lock, &[asks, B]), ["permission acme/shop 1.0.0-1-a"]);
}

#[test]
fn a_table_that_the_lock_file_does_not_have() {
    let makes = "p/a.wasm acme/shop 1.0.0-1-a one makes orders";
    let mut lock = locked(&[makes, B]);
    assert_eq!(said(&lock, &[makes, B]), [""; 0]);
    let shop: &mut LockedPlugin = lock.plugins.values_mut().next().unwrap();
    shop.creates = Some(["others".to_owned()].into());
    assert_eq!(said(&lock, &[makes, B]), ["creates acme/shop 1.0.0-1-a"]);
    let [change] = &changes(&lock, &locked(&[makes, B]))[..] else { panic!("one plugin") };
    assert_eq!(change.creates_gained, ["orders".to_owned()].into());
    assert_eq!(change.creates_lost, ["others".to_owned()].into());
    // Written before lock files had any.
    let shop: &mut LockedPlugin = lock.plugins.values_mut().next().unwrap();
    shop.creates = None;
    assert_eq!(said(&lock, &[makes, B]), [""; 0]);
}

#[test]
fn a_difference_says_both_sides() {
    let lock = Pins { path: "ops/runner.lock".into(), file: locked(&[A, B]) };
    let found = files(&["p/a.wasm acme/shop 1.0.0-1-a other", "p/n.wasm acme/shop 1.0.0-5-n n"]);
    let said: Vec<String> = lock.differences(&found).iter().map(ToString::to_string).collect();
    let (one, other) = (Checksum::of(b"one").short(), Checksum::of(b"other").short());
    let (two, new) = (Checksum::of(b"two").short(), Checksum::of(b"n").short());
    let expected = [
        format!(
            "acme/shop 1.0.0-1-a is not what ops/runner.lock has: p/a.wasm is component {other}, 5 bytes; the lock file has component {one}, 3 bytes"
        ),
        format!(
            "acme/shop 1.0.0-2-b is in ops/runner.lock, but its file b.wasm is missing: component {two}, 3 bytes"
        ),
        format!(
            "acme/shop 1.0.0-5-n is not in ops/runner.lock: p/n.wasm is component {new}, 1 byte"
        ),
    ];
    assert_eq!(said, expected);
}

#[test]
fn an_update_of_one_plugin_changes_no_other() {
    let (shop, crm) = ("acme/shop".parse().unwrap(), "globex/crm".parse().unwrap());
    let before = locked(&[A, B, C]);
    let now = locked(&[
        "p/a.wasm acme/shop 1.0.0-1-a new entropy",
        "p/n.wasm acme/shop 1.0.0-5-n n",
        "q/c.wasm globex/crm 2.0.0-3-c evil",
    ]);
    let after = before.with([&shop], &now);
    assert_eq!(after.plugins[&crm], before.plugins[&crm]);
    let [change] = &changes(&before, &after)[..] else { panic!("one plugin") };
    let ids = |ids: Vec<&AlterationId>| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(change.added.keys().collect()), ["1.0.0-5-n"]);
    assert_eq!(ids(change.removed.keys().collect()), ["1.0.0-2-b"]);
    assert_eq!(ids(change.changed.keys().collect()), ["1.0.0-1-a"]);
    assert_eq!(change.permissions_gained, [Permission::Entropy].into());
    assert!(change.permissions_lost.is_empty() && change.source.is_none());
    // Without files of it, a plugin is taken out.
    let gone = before.with([&crm], &locked(&[A, B]));
    assert_eq!(gone.plugins.keys().collect::<Vec<_>>(), [&shop]);
    let [change] = &changes(&before, &gone)[..] else { panic!("one plugin") };
    assert_eq!(change.source, Some(Moved { from: Some("plugins".to_owned()), to: None }));
    assert!(changes(&before, &before).is_empty());
}
