//! SQL, which needs no toolchain.

use crate::{story, support::Sandbox};

/// With a shop's database, as sqlx-cli would have left it.
#[test]
fn the_story_of_sql() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT);
         CREATE INDEX goods_by_name ON goods (name);
         INSERT INTO goods (name) VALUES ('tea '), (' soap');
         CREATE TABLE _sqlx_migrations (
             version BIGINT PRIMARY KEY, description TEXT NOT NULL,
             installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
             checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (20240110090000, 'goods', TRUE, x'00', 1),
                (20240212100000, 'goods by name', TRUE, x'00', 1);",
    );
    story::run_in(&sandbox, "authoring-sql", &[]);
}

#[test]
fn what_is_there_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("notes/mine.txt", "mine");
    let run = sandbox.runner(&["new", "acme/notes", "--lang", "sql"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("notes is there already"), "{run:#?}");
    assert!(run.stderr.contains("nothing was written"), "{run:#?}");
    let files = |folder: &str| std::fs::read_dir(sandbox.path().join(folder)).unwrap().count();
    assert_eq!((files("."), files("notes")), (1, 1));
}

#[test]
fn a_name_without_a_vendor_is_a_wrong_usage() {
    let sandbox = Sandbox::new();
    for name in ["notes", "../acme/notes", "acme/..", "Acme/Notes", "acme/\u{1b}[2J"] {
        let run = sandbox.runner(&["new", name, "--lang", "sql"]);
        assert_eq!(run.code, Some(2), "{name}: {run:#?}");
        assert!(!run.stderr.contains('\u{1b}'), "{run:#?}");
    }
    assert_eq!(std::fs::read_dir(sandbox.path()).unwrap().count(), 0);
}
