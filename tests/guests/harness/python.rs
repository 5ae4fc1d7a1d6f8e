//! The guest of tests/guests-python, which uses all of the Python SDK, on every database.
//!
//! One component carries all of its alterations, because compiling one takes half a minute.

use super::support::{
    self, Run, Sandbox,
    servers::{Mariadb, Postgres},
};
use alteration_pack::section;
use std::{
    collections::BTreeSet,
    fs::{self, File},
};

const GRANT: &str = "python/guest:entropy";

/// A sandbox with the guest as its plugin. The first one compiles it; the others find it in the cache.
fn with_guest(sandbox: Sandbox) -> Sandbox {
    let module = support::guest("python");
    let manifest = fs::read(module.with_extension("json")).expect("a manifest");
    let component = fs::read(&module).expect("a component");
    let component = section::append(&component, &manifest).expect("a component");
    sandbox.write("plugins/python/guest/guest.wasm", component);
    let lock = File::create(module.with_extension("lock")).expect("a file");
    lock.lock().expect("a lock");
    let scratch = sandbox.path().join("scratch.db").display().to_string();
    let url = format!("sqlite:{scratch}");
    let target = ["--target", "python/guest@1.0.0", "--grant", GRANT];
    let warmed = [&["deploy", "plugins", "--database", &url], &target[..]].concat();
    let run = sandbox.ok(&warmed);
    assert!(run.stderr.contains("info: printed"), "{run:#?}");
    drop(lock);
    sandbox
}

fn deploy(sandbox: &Sandbox, version: &str) -> Run {
    let target = format!("python/guest@{version}");
    sandbox.runner(&["deploy", "plugins", "--target", &target, "--grant", GRANT])
}

/// All that has to work, there, back and there again.
fn tour(sandbox: Sandbox) {
    let sandbox = with_guest(sandbox);
    for _ in 0..2 {
        let run = deploy(&sandbox, "1.2.0");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let steps = sandbox.rows("SELECT count(*) FROM steps WHERE step IS NOT NULL");
        assert_eq!(steps, ["10"]);
        sandbox.ok(&["rollback", "--plugin", "python/guest", "--to", "none", "--yes"]);
        let left = sandbox.rows("SELECT count(*) FROM steps");
        assert_eq!(left, ["0"]);
        sandbox.sql("DROP TABLE steps");
        let left = sandbox.dump();
        assert!(!left.contains("CREATE TABLE"), "something stayed: {left}");
    }
}

#[test]
fn all_of_it_on_sqlite() {
    tour(Sandbox::guarded());
}

#[test]
fn all_of_it_on_postgresql() {
    tour(Sandbox::on(Postgres::shared().database()));
}

#[test]
fn all_of_it_on_mariadb() {
    tour(Sandbox::on(Mariadb::shared().database()));
}

#[test]
fn no_two_deployments_get_the_same() {
    let drawn = || {
        let sandbox = with_guest(Sandbox::guarded());
        let run = deploy(&sandbox, "1.2.0");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        sandbox.rows("SELECT source || ': ' || what FROM drawn ORDER BY source")
    };
    let (first, second) = (drawn(), drawn());
    assert!(first.len() > 10, "{first:?}");
    assert_eq!(first.len(), second.len());
    let both: BTreeSet<_> = first.iter().chain(&second).collect();
    assert_eq!(both.len(), first.len() * 2, "the same was drawn twice: {first:#?} {second:#?}");
}

#[test]
fn failures_tell_what_and_where() {
    let sandbox = with_guest(Sandbox::guarded());
    sandbox.sql("CREATE TABLE wish (how TEXT PRIMARY KEY)");
    let run = deploy(&sandbox, "1.2.0");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let place = "File \"alterations/fails.py\", line ";
    let table: &[(&str, &[&str])] = &[
        ("statement", &["(constraint)", "kind constraint", place, "db.execute(\"INSERT INTO wish"]),
        ("value", &["KeyError: 'a key'", place, "{}[\"a key\"]"]),
        ("name", &["NameError: name 'wyas' is not defined", place]),
        ("cause", &["not what was expected", "KeyError", "direct cause", place]),
        ("own", &["the accounts do not balance", place]),
        ("late", &["sqlite3", "import it at the top of a module"]),
        ("leave", &["SystemExit: 0"]),
        ("deep", &["recurs"]),
        ("memory", &["memory"]),
        ("ignored", &["went on after a failed statement"]),
        ("odd", &["half a pair: \\ud800", "\\u{1b}[31m"]),
        ("unfinished", &["unfinished"]),
        ("returned", &["`up` returned int"]),
    ];
    for (how, words) in table {
        sandbox.sql(&format!("DELETE FROM wish; INSERT INTO wish VALUES ('{how}')"));
        let before = sandbox.dump();
        let run = deploy(&sandbox, "1.3.0");
        assert_eq!(run.code, Some(1), "{how}: {run:#?}");
        for word in *words {
            assert!(run.stderr.contains(word), "{how}: no `{word}` in {}", run.stderr);
        }
        assert!(!run.stderr.contains('\u{1b}'), "{how}: a terminal escape came through");
        assert!(!run.stderr.contains("alteration_sdk/"), "{how}: {}", run.stderr);
        assert_eq!(sandbox.dump(), before, "{how} left something behind");
    }
}

#[test]
fn settings_are_text_or_none() {
    let given = |value: &str| {
        let sandbox = with_guest(Sandbox::guarded());
        let value = format!("python/guest:REGION={value}");
        let args = ["deploy", "plugins", "--target", "python/guest@1.2.0", "--grant", GRANT];
        let run = sandbox.runner(&[&args[..], &["--set", &value]].concat());
        (sandbox, run)
    };
    let (sandbox, run) = given("Köln 🌍");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(sandbox.rows("SELECT region FROM settings"), ["Köln 🌍"]);
    let (_, run) = given("ask for more");
    assert_eq!(run.code, Some(1), "{run:#?}");
    let undeclared = "asked for the setting `MORE`, which its manifest does not declare";
    assert!(run.stderr.contains(undeclared), "{}", run.stderr);
    let sandbox = with_guest(Sandbox::guarded());
    assert_eq!(deploy(&sandbox, "1.2.0").code, Some(0));
    assert_eq!(sandbox.rows("SELECT count(*) FROM settings WHERE region IS NULL"), ["1"]);
}

#[test]
fn entropy_has_to_be_granted() {
    let sandbox = with_guest(Sandbox::guarded());
    let run = sandbox.runner(&["deploy", "plugins", "--target", "python/guest@1.2.0"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains(&format!("--grant {GRANT}")), "{}", run.stderr);
    assert!(!sandbox.database().exists(), "it was refused before anything was altered");
}
