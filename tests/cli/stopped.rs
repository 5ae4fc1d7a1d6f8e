//! Helpers for tests of alterations that stop half-way and of files that are packed again.

use crate::support::{
    Run, Sandbox,
    servers::{Database, Mariadb, Mysql},
};
use serde_json::Value;

/// Checks that a run ended with this code and printed each of `words`.
pub fn code(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{run:#?}");
    let text = format!("{}{}", run.stdout, run.stderr);
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {run:#?}");
    }
}

/// Parses the document that a run printed.
pub fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

/// Packs `2-b` of acme/app from `(hook, text)` into `folder`; the folder of its SQL is new each time.
pub fn pack(sandbox: &Sandbox, folder: &str, files: &[(&str, &str)]) {
    let _ = std::fs::remove_dir_all(sandbox.path().join("sources"));
    for (hook, sql) in files {
        sandbox.write(&format!("sources/2-b.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", "sources", "--plugin", "acme/app", "--out", folder, "--replace"]);
}

/// A database on each server whose schema changes commit by themselves.
pub fn journaled() -> impl Iterator<Item = Database> {
    let mysql = Mysql::shared().map(|server| server.database());
    std::iter::once(Mariadb::shared().database()).chain(mysql)
}
