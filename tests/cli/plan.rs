//! What a plan objects to: order, changed and missing files, requirements, targets. Each is
//! refused by `deploy` before anything is altered, and named by `plan` and `check` alike.

use crate::{
    samples::{CRM, SHOP, shop, shop_and_crm},
    support::Sandbox,
    transcript::Transcript,
};
use insta::assert_snapshot;
use std::fs;

/// Returns what `deploy` refuses, as `plan`, `check` and `status` see it too.
fn objected(sandbox: &Sandbox, code: i32) -> String {
    let mut seen = Transcript::of(sandbox);
    seen.refused(code, &["deploy", "plugins"]);
    seen.refused(code, &["deploy", "plugins", "--format", "json"]);
    for verb in ["plan", "check"] {
        let run = seen.run(&[verb, "plugins"]);
        assert_eq!(run.code, Some(code), "{run:#?}");
    }
    seen.run(&["status", "plugins"]);
    seen.to_string()
}

#[test]
fn targets() {
    let sandbox = shop_and_crm();
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["plan", "plugins", "--target", "acme/shop@1.0.0"]);
    seen.run(&["plan", "plugins", "--target", "globex/crm@latest"]);
    seen.run(&["plan", "plugins", "--target", "globex/crm@2.0.0", "--target", "acme/shop@1.0.0"]);
    seen.refused(1, &["deploy", "plugins", "--target", "acme/none@1.0.0"]);
    seen.refused(
        1,
        &["deploy", "plugins", "--target", "globex/crm@2.0.0", "--target", "acme/shop@1.0.0"],
    );
    seen.run(&["deploy", "plugins", "--target", "acme/shop@1.0.0"]);
    seen.run(&["deploy", "plugins", "--target", "latest"]);
    seen.run(&["deploy", "plugins", "--target", "acme/shop@1.0.0"]);
    assert_snapshot!(seen);
}

#[test]
fn next_is_left_until_it_is_asked_for() {
    let sandbox = shop();
    sandbox.sql_plugin(
        "globex/crm",
        &[("next-1700000300-x", "CREATE TABLE x (id INTEGER);", "DROP TABLE x;")],
    );
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["plan", "plugins"]);
    seen.run(&["deploy", "plugins", "--target", "next"]);
    assert_snapshot!(seen);
}

#[test]
fn out_of_order() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &[SHOP[0], SHOP[2]]);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.sql_plugin("acme/shop", &SHOP);
    let mut text = objected(&sandbox, 4);
    let mut seen = Transcript::of(&sandbox);
    seen.run(&["deploy", "plugins", "--out-of-order", "allow"]);
    text.push_str(&seen.to_string());
    assert_snapshot!(text);
}

#[test]
fn changed() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let (id, up, down) = SHOP[1];
    let edited = up.replace("Grace", "Edsger");
    sandbox.sql_plugin("acme/shop", &[(id, &edited, down)]);
    assert_snapshot!(objected(&sandbox, 4));
}

#[test]
fn missing() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    fs::remove_file(sandbox.path().join(format!("plugins/acme/shop/{}.wasm", SHOP[1].0)))
        .expect("a file");
    assert_snapshot!(objected(&sandbox, 4));
}

#[test]
fn the_database_is_ahead_of_the_files() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    fs::remove_file(sandbox.path().join(format!("plugins/acme/shop/{}.wasm", SHOP[2].0)))
        .expect("a file");
    assert_snapshot!(objected(&sandbox, 4));
}

#[test]
fn a_plugin_that_is_absent_is_a_note() {
    let sandbox = shop_and_crm();
    sandbox.ok(&["deploy", "plugins"]);
    fs::remove_dir_all(sandbox.path().join("plugins/globex")).expect("a folder");
    let mut seen = Transcript::of(&sandbox);
    for verb in ["plan", "check", "status", "deploy"] {
        assert_eq!(seen.run(&[verb, "plugins"]).code, Some(0));
    }
    assert_snapshot!(seen);
}

#[test]
fn unmet_requirements() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin_requiring("globex/crm", "\"acme/shop\" = \">=1.1.0\"", &CRM);
    let mut text = objected(&sandbox, 1);
    sandbox.sql_plugin("acme/shop", &SHOP[..2]);
    text.push_str(&objected(&sandbox, 1));
    assert_snapshot!(text);
}

#[test]
fn cyclic_requirements() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin_requiring("globex/crm", "\"acme/shop\" = \"*\"", &CRM);
    sandbox.sql_plugin_requiring("acme/shop", "\"globex/crm\" = \"*\"", &SHOP);
    assert_snapshot!(objected(&sandbox, 1));
}

#[test]
fn several_objections_are_all_named() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let (id, up, down) = SHOP[1];
    let edited = up.replace("Grace", "Edsger");
    fs::remove_dir_all(sandbox.path().join("plugins")).expect("a folder");
    sandbox.sql_plugin("acme/shop", &[(id, &edited, down), SHOP[2]]);
    sandbox.sql_plugin_requiring("globex/crm", "\"acme/none\" = \"*\"", &CRM);
    assert_snapshot!(objected(&sandbox, 4));
}
