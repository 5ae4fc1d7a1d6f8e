//! `pack`: sources become components, or a message says why they do not and nothing is written.

mod folders;
mod history;
pub mod sqlite;

use crate::{
    polite::run,
    samples::SHOP,
    support::Sandbox,
    transcript::{Transcript, tree},
    wasm::{self, IDLE, WIT},
};
use insta::assert_snapshot;
use std::fs;

fn sources(sandbox: &Sandbox) {
    sandbox.write("sql/alteration.toml", "plugin = \"acme/shop\"\n");
    for (id, up, down) in SHOP {
        sandbox.write(&format!("sql/{id}.up.sql"), up);
        sandbox.write(&format!("sql/{id}.down.sql"), down);
    }
}

#[test]
fn sql() {
    let sandbox = Sandbox::new();
    sources(&sandbox);
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["pack", "sql", "--out", "out"]);
    seen.run(&["pack", "sql", "--out", "out", "--format", "json"]);
    seen.run(&["pack", "sql", "--out", "bundles", "--bundle"]);
    sandbox.write("sql/1.0.0-1700000100-first-customers.up.sql", "SELECT 1;");
    let before = tree(sandbox.path());
    let run = seen.run(&["pack", "sql", "--out", "out"]);
    assert_eq!(run.code, Some(1));
    assert!(tree(sandbox.path()) == before, "something was written: {run:#?}");
    seen.run(&["pack", "sql", "--out", "out", "--replace"]);
    sandbox.write("sqlx/20240131120000_add_users.up.sql", "CREATE TABLE users (id INTEGER);");
    sandbox.write("sqlx/20240131120000_add_users.down.sql", "DROP TABLE users;");
    seen.run(&["pack", "sqlx", "--plugin", "acme/users", "--out", "users"]);
    sandbox.ok(&["deploy", "users"]);
    assert_snapshot!(seen);
}

#[test]
fn what_the_source_no_longer_makes_is_named() {
    let sandbox = Sandbox::new();
    let sql = |name: &str| sandbox.write(&format!("sql/{name}.sql"), "SELECT 1;");
    for name in ["1_a", "2_b", "3_c"] {
        sql(name);
    }
    let pack = ["pack", "sql", "--plugin", "acme/shop", "--out", "out"];
    sandbox.ok(&pack);
    // Neither another plugin's, nor what is no component.
    sandbox.write("other/1_a.sql", "SELECT 1;");
    sandbox.ok(&["pack", "other", "--plugin", "acme/crm", "--out", "other-out"]);
    let other = fs::read(sandbox.path().join("other-out/1-a.wasm")).expect("a component");
    sandbox.write("out/9-other.wasm", other);
    sandbox.write("out/text.wasm", "hello");
    let mut seen = Transcript::of(&sandbox);
    seen.note("All of it is still made.");
    seen.run(&pack);
    for name in ["1_a", "3_c"] {
        fs::remove_file(sandbox.path().join(format!("sql/{name}.sql"))).expect("it is there");
    }
    sql("1_renamed");
    seen.note("One was renamed, one is gone.");
    seen.run(&pack);
    seen.run(&[&pack[..], &["--format", "json"]].concat());
    assert_snapshot!(seen);
}

#[test]
fn a_component_and_its_manifest() {
    let sandbox = Sandbox::new();
    sandbox.write("idle.wasm", wasm::encode(WIT, "hooks-only", IDLE));
    let manifest = r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1.0.0-1700000000-x"}]}"#;
    sandbox.write("alteration.json", manifest);
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["pack", "idle.wasm", "--manifest", "alteration.json", "--out", "out"]);
    assert_eq!(seen.run(&["deploy", "out"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn bad_sources() {
    let sandbox = Sandbox::new();
    sources(&sandbox);
    sandbox.write("idle.wasm", wasm::encode(WIT, "hooks-only", IDLE));
    sandbox.write("bare.wasm", wasm::from_text("(component)"));
    sandbox.write("text.wasm", "hello");
    sandbox.write("module.wasm", b"\0asm\x01\0\0\0");
    sandbox.write("good.json", r#"{"manifest":1,"plugin":"a/b","alterations":[{"id":"1-x"}]}"#);
    sandbox.write("bad.json", "{");
    sandbox.write("bad.toml", "plugin = ");
    sandbox.write("manifest.yaml", "plugin: a/b");
    sandbox.write("a-file", "");
    std::fs::create_dir(sandbox.path().join("empty")).expect("a folder");
    sandbox.write("unnamed/1.0.0-1-x.up.sql", "SELECT 1;");
    sandbox.write("no-up/alteration.toml", "plugin = \"a/b\"");
    sandbox.write("no-up/1.0.0-1-x.down.sql", "SELECT 1;");
    sandbox.write("bad-name/alteration.toml", "plugin = \"a/b\"");
    sandbox.write("bad-name/create users.up.sql", "SELECT 1;");
    sandbox.write("bad-toml/alteration.toml", "plugin = \"a/b\"\nroot = true\n");
    sandbox.write("bad-toml/1.0.0-1-x.up.sql", "SELECT 1;");
    sandbox.write("not-utf8/alteration.toml", "plugin = \"a/b\"");
    sandbox.write("not-utf8/1.0.0-1-x.up.sql", b"SELECT '\xff';");
    let mut seen = Transcript::of(&sandbox);
    for args in [
        &["none"][..],
        &["empty"],
        &["unnamed"],
        &["no-up"],
        &["bad-name"],
        &["bad-toml"],
        &["not-utf8"],
        &["sql", "--plugin", "globex/other"],
        &["sql", "--manifest", "good.json"],
        &["idle.wasm", "--bundle", "--manifest", "good.json"],
        &["idle.wasm"],
        &["idle.wasm", "--manifest", "none.json"],
        &["idle.wasm", "--manifest", "bad.json"],
        &["idle.wasm", "--manifest", "bad.toml"],
        &["idle.wasm", "--manifest", "manifest.yaml"],
        &["idle.wasm", "--manifest", "good.json", "--plugin", "c/d"],
        &["bare.wasm", "--manifest", "good.json"],
        &["text.wasm", "--manifest", "good.json"],
        &["module.wasm", "--manifest", "good.json"],
    ] {
        let before = tree(sandbox.path());
        let args = [&["pack"], args, &["--out", "out"]].concat();
        let run = seen.run(&args);
        assert_eq!(run.code, Some(1), "{args:?}: {run:#?}");
        assert!(run.stderr.contains("  changed: nothing was written"), "{args:?}: {run:#?}");
        assert!(tree(sandbox.path()) == before, "something was written: {run:#?}");
    }
    let run = seen.run(&["pack", "sql", "--out", "a-file"]);
    assert_eq!(run.code, Some(1));
    seen.run(&["pack", "none", "--out", "out", "--format", "json"]);
    assert_snapshot!(seen);
}

#[test]
fn pack_says_the_same_where_it_is_told_the_dialect() {
    let sandbox = Sandbox::new();
    sandbox.write("own/alteration.toml", "dialects = [\"mariadb\"]\n");
    sandbox.write("own/1-a.up.sql", "CREATE TABLE b (x INT);\nKILL 1;\n");
    let args = ["pack", "own", "--plugin", "acme/shop", "--out", "plugins"];
    let refused = run(&sandbox, &args);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let told = "own/1-a.up.sql: line 2: a deploy would refuse this: KILL is refused: the server is the operator's";
    assert!(refused.stderr.contains(told), "{refused:#?}");
    sandbox.write("own/1-a.up.sql", "CREATE TABLE b (x INT);\n");
    sandbox.ok(&args);
}
