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

const EVENTS: &str = "SELECT event FROM alteration_history ORDER BY sequence";

/// With the guest as its plugin, behind another alteration, which calls nothing of the kind; and with or without
/// what it does before its transaction.
fn with_guest(sandbox: Sandbox, preparation: bool) -> Sandbox {
    let component = fs::read(support::guest("small")).expect("a component");
    let (one, other) = ("1".repeat(64), "2".repeat(64));
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"tests/javascript","alterations":[
            {{"id":"1.0.0-1730000005-settings","checksum":"{one}","settings":["REGION"],"preparation":false}},
            {{"id":"1.0.0-1730000007-seldom","checksum":"{other}","permissions":["entropy"],"preparation":{preparation}}}]}}"#
    );
    let packed = section::append(&component, manifest.as_bytes()).expect("a component");
    sandbox.write("plugins/guest.wasm", packed);
    if !preparation {
        sandbox.sql("CREATE TABLE seldom (part VARCHAR(20), said VARCHAR(80), drawn VARCHAR(40))");
    }
    sandbox
}

fn deploy(sandbox: &Sandbox, more: &[&str]) -> usize {
    called_again(sandbox, &[&["deploy", "plugins", "--grant", "entropy"], more].concat())
}

/// How often a hook was called again. If none is that should be, the engine is another one:
/// `tests/scripts/engine-profile` writes its profile.
fn called_again(sandbox: &Sandbox, args: &[&str]) -> usize {
    let run = sandbox.ok(&[args, &["--yes"]].concat());
    let told = "seldom tries again in 0 ms: the hook needs a part of its engine that is compiled only when it is called";
    run.stderr.matches(told).count()
}

/// Both parts say the same, each with chance of its own; nothing is done twice.
fn assert_done(sandbox: &Sandbox, parts: usize) {
    let said = sandbox.rows("SELECT said FROM seldom ORDER BY said DESC");
    let expected = [vec!["before"; parts], vec!["1.5 -1 3,4,3,4 5"; parts]].concat();
    assert_eq!(said, expected);
    let drawn = sandbox.rows("SELECT count(*) FROM seldom GROUP BY drawn");
    assert_eq!(drawn, vec!["2"; parts]);
    assert_eq!(sandbox.rows(EVENTS), ["started", "done", "started", "done"]);
}

/// Both alterations are taken back, and no other.
fn back(sandbox: &Sandbox) {
    assert_eq!(called_again(sandbox, &["rollback", "--steps", "2", "--no-cache"]), 1);
    let applied = "SELECT count(*) FROM alteration_state WHERE status = 'applied'";
    assert_eq!(sandbox.rows(applied), ["0"]);
}

/// The transaction is rolled back, and done again.
fn in_a_transaction(sandbox: Sandbox) {
    let sandbox = with_guest(sandbox, false);
    assert_eq!(deploy(&sandbox, &["--dry-run", "--no-cache"]), 1);
    // Other tests have the same component, and share their cache.
    let own_cache = ["--cache-dir", "cache"];
    assert_eq!(deploy(&sandbox, &own_cache), 1);
    assert_done(&sandbox, 1);
    back(&sandbox);
    let sandbox = with_guest(sandbox, false);
    assert_eq!(deploy(&sandbox, &own_cache), 0, "the cache has it whole");
}

/// What was done stays, and is not done again.
fn journaled(sandbox: Sandbox, preparation: bool) {
    let sandbox = with_guest(sandbox, preparation);
    assert_eq!(deploy(&sandbox, &["--no-cache"]), 1);
    assert_done(&sandbox, 1 + usize::from(preparation));
    back(&sandbox);
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
    journaled(Sandbox::new(), true);
}

#[test]
fn journaled_on_postgresql() {
    journaled(Sandbox::on(Postgres::shared().database()), true);
}

#[test]
fn journaled_on_mariadb() {
    for preparation in [true, false] {
        journaled(Sandbox::on(Mariadb::shared().database()), preparation);
    }
}
