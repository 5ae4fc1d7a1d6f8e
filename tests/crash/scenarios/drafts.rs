//! Drafts that have changed, and drafts that were released.

use super::{DRAFTS, fits};
use crate::{place::Place, support::Sandbox};
use alteration_pack::draft;
use std::fs;

/// Makes a packed component a draft.
fn mark(sandbox: &Sandbox, id: &str) {
    let path = sandbox.path().join(format!("plugins/acme/drafts/{id}.wasm"));
    let marked = draft::mark(&fs::read(&path).expect("it was packed")).expect("a component");
    fs::write(&path, marked).expect("it is marked");
}

pub(super) fn drafts_released(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let first = ("1.0.0-1700000000-drafted", "CREATE TABLE drafted (n INTEGER);", "");
    sandbox.sql_plugin("acme/drafts", &[first]);
    mark(&sandbox, first.0);
    sandbox.ok(DRAFTS);
    let second = ("1.0.0-1700000001-more", "INSERT INTO drafted VALUES (1);", "");
    sandbox.sql_plugin("acme/drafts", &[first, second]);
    sandbox
}

pub(super) fn drafts_changed(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let (first, second) = ("1.0.0-1700000000-drafted", "1.0.0-1700000001-counted");
    for column in ["n INTEGER NOT NULL", "n INTEGER NOT NULL, more INTEGER"] {
        let create = format!(
            "CREATE TABLE drafted (id INTEGER PRIMARY KEY, {column});
             INSERT INTO drafted (id, n) VALUES (1, 0);"
        );
        // Not idempotent on purpose, either way.
        let up = "UPDATE drafted SET n = n + 1; INSERT INTO drafted (id, n) VALUES (2, 0);";
        let down = "DELETE FROM drafted WHERE id = 2; UPDATE drafted SET n = n - 1;";
        sandbox.sql_plugin(
            "acme/drafts",
            &[(first, &create, "DROP TABLE drafted;"), (second, up, down)],
        );
        for id in [first, second] {
            mark(&sandbox, id);
        }
        if !column.contains("more") {
            sandbox.ok(DRAFTS);
        }
    }
    sandbox
}

pub(super) fn drafts_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let there = place.has_table(sandbox, "drafted");
    if place.is_transactional() {
        fits(place, sandbox, "drafted", || there)?;
    }
    fits(place, sandbox, "counted", || {
        there && sandbox.rows("SELECT n FROM drafted WHERE id = 1") == ["1"]
    })
}
