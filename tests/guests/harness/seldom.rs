//! Parts of the engine that are compiled only when a hook calls one of them: the hook goes on as if they
//! had always been there, whatever it did before.

use super::{
    section,
    support::{
        self, Sandbox,
        servers::{Mariadb, Postgres},
    },
};
use std::fs;

const ID: &str = "1.0.0-1730000007-seldom";
const EVENTS: &str = "SELECT event FROM alteration_history ORDER BY sequence";

/// With the guest as its plugin, and with or without what it does before its transaction.
fn with_guest(sandbox: Sandbox, preparation: bool) -> Sandbox {
    let component = fs::read(support::guest("small")).expect("a component");
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"tests/javascript","alterations":[{{"id":"{ID}","permissions":["entropy"],"preparation":{preparation}}}]}}"#
    );
    let packed = section::append(&component, manifest.as_bytes()).expect("a component");
    sandbox.write("plugins/guest.wasm", packed);
    if !preparation {
        sandbox.sql("CREATE TABLE seldom (part VARCHAR(20), said VARCHAR(80), drawn VARCHAR(40))");
    }
    sandbox
}

/// How often it was compiled, or taken from the cache.
fn deploy(sandbox: &Sandbox, more: &[&str]) -> usize {
    let args = ["deploy", "plugins", "--grant", "entropy", "--yes", "--verbose"];
    let run = sandbox.ok(&[&args, more].concat());
    run.stderr.matches("Compiling 1 component").count()
}

/// Both parts say the same, each with chance of its own; nothing is done twice.
fn assert_done(sandbox: &Sandbox, parts: usize) {
    let said = sandbox.rows("SELECT said FROM seldom ORDER BY said DESC");
    let expected = [vec!["before"; parts], vec!["1.5 -1 3,4,3,4 5"; parts]].concat();
    assert_eq!(said, expected);
    let drawn = sandbox.rows("SELECT count(*) FROM seldom GROUP BY drawn");
    assert_eq!(drawn, vec!["2"; parts]);
    assert_eq!(sandbox.rows(EVENTS), ["started", "interrupted", "started", "done"]);
}

/// The transaction is rolled back, and done again.
fn in_a_transaction(sandbox: Sandbox) {
    let sandbox = with_guest(sandbox, false);
    assert_eq!(deploy(&sandbox, &["--dry-run", "--no-cache"]), 2);
    // Other tests have the same component, and share their cache.
    let own_cache = ["--cache-dir", "cache"];
    assert_eq!(deploy(&sandbox, &own_cache), 2);
    assert_done(&sandbox, 1);
    sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
    let sandbox = with_guest(sandbox, false);
    assert_eq!(deploy(&sandbox, &own_cache), 1, "the cache has it whole");
}

/// What was done stays, and is not done again.
fn journaled(sandbox: Sandbox) {
    let sandbox = with_guest(sandbox, true);
    assert_eq!(deploy(&sandbox, &["--no-cache"]), 2);
    assert_done(&sandbox, 2);
}

#[test]
fn in_a_transaction_on_sqlite() {
    in_a_transaction(Sandbox::new());
}

#[test]
fn in_a_transaction_on_postgresql() {
    in_a_transaction(Sandbox::on(Postgres::shared().database()));
}

#[test]
fn journaled_on_sqlite() {
    journaled(Sandbox::new());
}

#[test]
fn journaled_on_postgresql() {
    journaled(Sandbox::on(Postgres::shared().database()));
}

#[test]
fn journaled_on_mariadb() {
    journaled(Sandbox::on(Mariadb::shared().database()));
}
