//! Databases that cannot be opened, written to or understood.

use crate::{
    samples::shop,
    support::{Sandbox, block_on},
    transcript::Transcript,
};
use insta::assert_snapshot;
use sqlx::{Connection as _, SqliteConnection};
use std::fs;

#[test]
fn urls() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    for url in [
        "",
        "app.db",
        "sqlite:",
        "sqlite://",
        "postgres://app:hunter2@db.example",
        "mysql://app:hunter2@db.example/",
        "mariadb://app:hunter2@db.example:port/app",
        "oracle://app:hunter2@db.example/app",
        "\u{1b}]0;x\u{7}://app:hunter2@db.example/app",
        "sqlite:app.db?mode=sideways",
        "sqlite:app.db?password=hunter2",
    ] {
        seen.refused(2, &["deploy", "plugins", "--database", url]);
    }
    seen.refused(2, &["status", "--database", "oracle:x", "--format", "json"]);
    assert_snapshot!(seen);
}

#[test]
fn paths_that_lead_nowhere() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    sandbox.write("file", "");
    for url in ["sqlite:no/such/folder/app.db", "sqlite:file/app.db", "sqlite:plugins"] {
        seen.refused(1, &["deploy", "plugins", "--database", url]);
    }
    seen.note("Nothing is created to be looked at.");
    for args in [&["check", "plugins"][..], &["plan", "plugins"], &["status"]] {
        seen.run(args);
        assert!(!sandbox.database().exists(), "{args:?} created a database");
    }
    seen.refused(1, &["rollback", "--steps", "1"]);
    assert_snapshot!(seen);
}

#[test]
fn not_a_database() {
    let sandbox = shop();
    sandbox.write("app.db", "These are notes, and no database.\n".repeat(100));
    let mut seen = Transcript::of(&sandbox);
    seen.refused(1, &["deploy", "plugins"]);
    seen.refused(1, &["deploy", "plugins", "--dry-run"]);
    seen.refused(1, &["check", "plugins"]);
    seen.refused(1, &["status"]);
    seen.refused(1, &["rollback", "--steps", "1", "--format", "json"]);
    assert_snapshot!(seen);
}

#[test]
fn damaged() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let whole = fs::read(sandbox.database()).expect("a database");
    let mut seen = Transcript::of(&sandbox);
    seen.note("Cut short.");
    sandbox.write("app.db", &whole[..5_000]);
    seen.refused(1, &["deploy", "plugins"]);
    seen.refused(1, &["status"]);
    seen.note("Overwritten behind the first page.");
    let mut bytes = whole.clone();
    bytes[4_096..].fill(0x5a);
    sandbox.write("app.db", bytes);
    seen.refused(1, &["deploy", "plugins"]);
    seen.refused(1, &["rollback", "--steps", "1"]);
    assert_snapshot!(seen);
}

#[test]
fn an_empty_file_is_an_empty_database() {
    let sandbox = shop();
    sandbox.write("app.db", "");
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.state().len(), 3);
}

#[test]
fn read_only() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins", "--target", "acme/shop@1.0.0"]);
    let mut seen = Transcript::of(&sandbox);
    for url in ["sqlite:app.db?mode=ro", "sqlite:app.db?immutable=true"] {
        seen.refused(1, &["deploy", "plugins", "--database", url]);
        seen.refused(1, &["rollback", "--steps", "1", "--database", url]);
        // Looking needs no right to write.
        assert_eq!(seen.run(&["check", "plugins", "--database", url]).code, Some(3));
        assert_eq!(seen.run(&["status", "--database", url]).code, Some(0));
    }
    assert_snapshot!(seen);
}

/// Another program holds the database: the runner waits a while, then says so.
#[test]
fn locked_by_another_program() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins", "--target", "acme/shop@1.0.0"]);
    let before = sandbox.dump();
    let url = sandbox.url();
    let mut seen = Transcript::of(&sandbox);
    block_on(async {
        let mut other = SqliteConnection::connect(&url).await.expect("a database");
        for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
            seen.note(begin);
            sqlx::raw_sql(begin).execute(&mut other).await.expect("it begins");
            // The files are not compared here: reading them would end SQLite's own lock.
            let run = seen.run(&["deploy", "plugins"]);
            assert_eq!(run.code, Some(5), "{run:#?}");
            crate::transcript::assert_explained(&run);
            sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("it ends");
        }
        other.close().await.expect("closes");
    });
    assert_eq!(sandbox.dump(), before);
    assert_eq!(seen.run(&["deploy", "plugins"]).code, Some(0));
    assert_snapshot!(seen);
}

#[test]
fn in_memory() {
    let sandbox = shop();
    let mut seen = Transcript::of(&sandbox);
    assert_eq!(seen.run(&["deploy", "plugins", "--database", "sqlite::memory:"]).code, Some(0));
    assert!(!sandbox.database().exists());
    assert!(!Sandbox::path(&sandbox).join(":memory:").exists());
    assert_snapshot!(seen);
}
