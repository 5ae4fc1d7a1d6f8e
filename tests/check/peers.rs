//! Applications with other drivers: each resolves beside `alteration-check`, whatever SQLite it links.
//!
//! Each is a crate of its own in a folder beside this file, outside of the workspace, with a lock file of its own. That
//! they resolve is looked at always; with RUNNER_FULL=1 each is built, and asked about the same databases as the runner.

use crate::{
    emptied,
    support::{
        Sandbox, root,
        servers::{Mariadb, Postgres},
        target_folder,
    },
};
use std::{path::PathBuf, process::Command};

/// A peer's folder, and the database that it is asked about.
const PEERS: [(&str, Kind); 8] = [
    ("sqlx-0-8-postgres", Kind::Postgres),
    ("sqlx-0-8-sqlite", Kind::Sqlite),
    ("sqlx-0-9", Kind::Mysql),
    ("tokio-postgres-0-7", Kind::Postgres),
    ("rusqlite-0-32", Kind::Sqlite),
    ("rusqlite-0-37", Kind::Sqlite),
    ("diesel-2", Kind::Sqlite),
    ("sea-orm-1", Kind::Sqlite),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

fn cargo(peer: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(root().join("tests/check").join(peer));
    command.env("CARGO_TARGET_DIR", target_folder().join("check-peers"));
    command
}

#[test]
fn each_resolves() {
    for (peer, _) in PEERS {
        let output =
            cargo(peer, &["tree", "--locked", "--depth", "1"]).output().expect("cargo runs");
        let (tree, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{peer}: {said}");
        assert!(tree.contains("alteration-check"), "{peer}: {tree}");
    }
}

/// Returns what a peer prints: the sentence of its answer.
fn asked(program: &PathBuf, sandbox: &Sandbox) -> String {
    let plugins = sandbox.path().join("plugins");
    let output = Command::new(program).arg(sandbox.url()).arg(plugins).output().expect("it starts");
    assert!(output.status.success(), "{program:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// Builds a peer, and asks it in three states.
fn says_what_the_runner_says(peer: &str) {
    let (_, kind) = PEERS.iter().find(|(name, _)| *name == peer).expect("it is listed");
    let built = cargo(peer, &["build", "--locked"]).output().expect("cargo runs");
    assert!(built.status.success(), "{peer}: {}", String::from_utf8_lossy(&built.stderr));
    let program = target_folder().join("check-peers/debug").join(peer);
    let sandbox = match kind {
        Kind::Sqlite => Sandbox::new(),
        Kind::Postgres => Sandbox::on(Postgres::shared().database()),
        Kind::Mysql => Sandbox::on(Mariadb::shared().database()),
    };
    let one = [("1-a", "CREATE TABLE a (x INT);\n", "DROP TABLE a;\n")];
    let other = [("1-a", "CREATE TABLE a (x INT, y INT);\n", "DROP TABLE a;\n")];
    sandbox.sql("CREATE TABLE customers (id INT)");
    sandbox.sql_plugin("acme/shop", &one);
    agree(&program, &sandbox, 3, "Found undeployed database alterations: acme/shop 1-a;");
    sandbox.ok(&["deploy", "plugins"]);
    agree(&program, &sandbox, 0, "deployed");
    emptied(&sandbox);
    sandbox.sql_plugin("acme/shop", &other);
    let changed = "The database alterations need a decision: acme/shop 1-a was changed";
    agree(&program, &sandbox, 4, changed);
}

/// A test for each peer, as they may be built one by one.
macro_rules! asked {
    ($($test:ident: $peer:literal;)+) => {
        $(
            #[test]
            #[ignore = "RUNNER_FULL=1"]
            fn $test() {
                says_what_the_runner_says($peer);
            }
        )+

        #[test]
        fn all_are_asked() {
            assert_eq!([$($peer),+], PEERS.map(|(peer, _)| peer));
        }
    };
}

asked! {
    sqlx_0_8_postgres: "sqlx-0-8-postgres";
    sqlx_0_8_sqlite: "sqlx-0-8-sqlite";
    sqlx_0_9: "sqlx-0-9";
    tokio_postgres_0_7: "tokio-postgres-0-7";
    rusqlite_0_32: "rusqlite-0-32";
    rusqlite_0_37: "rusqlite-0-37";
    diesel_2: "diesel-2";
    sea_orm_1: "sea-orm-1";
}

fn agree(program: &PathBuf, sandbox: &Sandbox, code: i32, sentence: &str) {
    let run = sandbox.runner(&["check", "plugins"]);
    assert_eq!(run.code, Some(code), "{run:#?}");
    let said = asked(program, sandbox);
    assert!(said.starts_with(sentence), "{program:?}: {said}");
}
