//! A folder for each dialect, each with a history of one tool.

use super::{
    super::super::{PackOptions, folder as sql_folder, pack, reading, sql_name::SqlHook},
    Files, add, folder, options,
};
use crate::alteration::Dialect::{self, Mariadb, Mysql, Postgresql, Sqlite};
use std::collections::BTreeSet;

/// Each alteration with what its `up` is on each dialect, and who needs it.
fn read(files: Files<'_>) -> Vec<(String, [String; 4], BTreeSet<Dialect>)> {
    let folder = folder(files);
    let read = sql_folder::read(folder.path(), &options(None));
    let read = read.unwrap_or_else(|error| panic!("{files:?}: {error}"));
    let alterations = read.alterations.into_iter();
    alterations
        .map(|a| {
            let up = |dialect| a.sql.text(SqlHook::Up, dialect).trim().to_owned();
            (a.id.to_string(), Dialect::ALL.map(up), a.needed_on.clone())
        })
        .collect()
}

fn texts(texts: [&str; 4]) -> [String; 4] {
    texts.map(str::to_owned)
}

fn error(files: Files<'_>) -> String {
    let folder = folder(files);
    let error = pack(folder.path(), &options(None)).expect_err("it was packed").to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn each_tool_has_such_folders() {
    let table: [(Files<'_>, &str); 5] = [
        (
            &[
                ("sqlite/0001_a.up.sql", "SELECT 's'"),
                ("sqlite/0001_a.down.sql", "SELECT 'd'"),
                ("postgres/0001_a.up.sql", "SELECT 'p'"),
                ("mysql/0001_a.up.sql", "SELECT 'm'"),
                ("README.md", "text"),
            ],
            "0001-a",
        ),
        (
            &[
                ("sqlite3/00001_a.sql", "-- +goose Up\nSELECT 's'"),
                ("postgresql/00001_a.sql", "-- +goose Up\nSELECT 'p'"),
                ("mysql/00001_a.sql", "-- +goose Up\nSELECT 'm'"),
            ],
            "00001-a",
        ),
        (
            &[
                ("sqlite/1_a.sql", "-- migrate:up\nSELECT 's'\n-- migrate:down\nSELECT 1"),
                ("pg/1_a.sql", "-- migrate:up\nSELECT 'p'"),
                ("mysql/1_a.sql", "-- migrate:up\nSELECT 'm'"),
            ],
            "1-a",
        ),
        (
            &[
                ("sqlite/2024-01-01-000000_a/up.sql", "SELECT 's'"),
                ("postgres/2024-01-01-000000_a/up.sql", "SELECT 'p'"),
                ("mysql/2024-01-01-000000_a/up.sql", "SELECT 'm'"),
            ],
            "2024-01-01-000000-a",
        ),
        (
            &[
                ("sqlite/V1.1__a.sql", "SELECT 's'"),
                ("postgresql/V1.1__a.sql", "SELECT 'p'"),
                ("mysql/V1.1__a.sql", "SELECT 'm'"),
            ],
            "1.1.0-1.11-a",
        ),
    ];
    for (files, id) in table {
        let expected = texts(["SELECT 's'", "SELECT 'p'", "SELECT 'm'", "SELECT 'm'"]);
        let mut found = read(files);
        assert_eq!(found.len(), 1, "{found:?}");
        let (found_id, found, needed_on) = found.remove(0);
        assert!(found_id.ends_with(id.trim_start_matches("2024-01-01-")), "{found_id}");
        assert_eq!(found, expected, "{files:?}");
        assert!(needed_on.is_empty());
        // All of them are covered, so that nothing has to be said of dialects.
        let folder = folder(files);
        let packed = pack(folder.path(), &options(None)).unwrap();
        assert!(packed[0].manifest.dialects.is_empty());
    }
}

#[test]
fn what_one_folder_has_alone_is_for_its_dialects() {
    let files: Files<'_> = &[
        ("sqlite/0001_a.sql", "SELECT 's'"),
        ("sqlite/0002_b.sql", "SELECT 'b'"),
        ("mysql/0001_a.sql", "SELECT 'm'"),
        ("mysql/0003_c.sql", "SELECT 'c'"),
    ];
    assert_eq!(
        read(files),
        [
            ("0001-a".to_owned(), texts(["SELECT 's'", "", "SELECT 'm'", "SELECT 'm'"]), [].into()),
            ("0002-b".to_owned(), texts(["SELECT 'b'", "", "", ""]), [Sqlite].into()),
            (
                "0003-c".to_owned(),
                texts(["", "", "SELECT 'c'", "SELECT 'c'"]),
                [Mysql, Mariadb].into()
            ),
        ]
    );
    let folder = folder(files);
    for packed in pack(folder.path(), &options(None)).unwrap() {
        assert_eq!(packed.manifest.dialects, [Sqlite, Mysql, Mariadb].into());
    }
    let reading = reading(folder.path(), &options(None)).unwrap().0.expect("it is a history");
    let only_for: Vec<String> = reading.only_for.keys().map(ToString::to_string).collect();
    assert_eq!(only_for, ["0002-b", "0003-c"]);
    assert_eq!(reading.folders.len(), 2);
    // With a folder of its own, MariaDB does not get what is MySQL's.
    add(folder.path(), &[("mariadb/0001_a.sql", "SELECT 'maria'")]);
    let read = sql_folder::read(folder.path(), &options(None)).unwrap();
    assert_eq!(read.alterations[2].needed_on, [Mysql].into());
    assert_eq!(read.alterations[0].sql.text(SqlHook::Up, Mariadb), "SELECT 'maria'");
}

#[test]
fn a_way_back_that_one_dialect_lacks() {
    let files: Files<'_> = &[
        ("sqlite/0001_a.up.sql", "SELECT 's'"),
        ("sqlite/0001_a.down.sql", "SELECT 'd'"),
        ("postgres/0001_a.up.sql", "SELECT 'p'"),
        ("postgres/0001_a.down.sql", "-- nothing"),
    ];
    let folder = folder(files);
    let packed = pack(folder.path(), &options(None)).unwrap();
    let declaration = &packed[0].manifest.alterations[0];
    assert!(!declaration.hooks(Sqlite).irreversible);
    assert!(declaration.hooks(Postgresql).irreversible);
    let reading = reading(folder.path(), &options(None)).unwrap().0.unwrap();
    assert_eq!(reading.lost_way_back.len(), 1);
}

#[test]
fn the_runners_own_layout_and_other_databases() {
    let files: Files<'_> = &[
        ("sqlite/1.0.0-1-a.up.sql", "SELECT 's'"),
        ("postgres/1.0.0-1-a.up.sql", "SELECT 'p'"),
        ("mssql/1.0.0-1-a.up.sql", "SELECT 'x'"),
        ("alteration.toml", "[alterations.'1.0.0-1-a']\ndescription = 'why'"),
    ];
    let folder = folder(files);
    let packed = pack(folder.path(), &options(None)).unwrap();
    assert_eq!(packed[0].manifest.alterations[0].description.as_deref(), Some("why"));
    assert_eq!(packed[0].manifest.dialects, [Sqlite, Postgresql].into());
    let reading = reading(folder.path(), &options(None)).unwrap().0.unwrap();
    let passed_over: Vec<_> =
        reading.passed_over.iter().map(|p| p.ends_with("mssql/1.0.0-1-a.up.sql")).collect();
    assert_eq!(passed_over, [true]);
}

#[test]
fn one_component_for_each_version() {
    let files: Files<'_> = &[
        ("sqlite/V1.1__a.sql", "SELECT 's'"),
        ("sqlite/V2.1__b.sql", "SELECT 'b'"),
        ("mysql/V1.1__a.sql", "SELECT 'm'"),
    ];
    let folder = folder(files);
    let bundle = PackOptions { bundle: true, ..options(None) };
    let packed = pack(folder.path(), &bundle).unwrap();
    assert_eq!(packed.len(), 2);
    assert_eq!(packed[1].manifest.alterations[0].dialects, [Sqlite].into());
}

#[test]
fn refused() {
    const SQL: &str = "SELECT 1";
    const GOOSE: &str = "-- +goose Up\nSELECT 1";
    let table: [(Files<'_>, &str); 10] = [
        (
            &[("sqlite/0001_a.sql", GOOSE), ("postgres/0001_a.sql", SQL)],
            "sqlite is a history of goose, and postgres of sqlx",
        ),
        (
            &[("sqlite/0001_a.sql", SQL), ("postgres/1_b.sql", SQL)],
            "sqlite has 0001-a, and postgres has 1-b: one number, and two names",
        ),
        (
            &[
                ("postgres/0001_a.sql", SQL),
                ("postgresql/0002_b.sql", SQL),
                ("mysql/0001_a.sql", SQL),
            ],
            "postgres and postgresql are both for postgresql",
        ),
        (
            &[("sqlite/0001_a.sql", SQL), ("mysql/0001_a.sql", SQL), ("shared/0002_b.sql", SQL)],
            "shared/0002_b.sql: SQL in a folder below",
        ),
        (
            &[
                ("sqlite/0001_a.sql", SQL),
                ("mysql/0001_a.sql", SQL),
                ("mysql/alteration.toml", "plugin = 'acme/shop'"),
            ],
            "mysql/alteration.toml: an alteration.toml belongs into the folder above",
        ),
        (
            &[
                ("sqlite/0001_a.sql", SQL),
                ("mysql/0001_a.sql", SQL),
                ("alteration.toml", "dialects = ['sqlite', 'postgresql']"),
            ],
            "the dialects are to be sqlite, postgresql, and the folders are for sqlite, mysql, mariadb",
        ),
        (
            &[("sqlite/0001_a.sql", SQL), ("mysql/0001_a.sql", "CREATE TABLE t (x INT);\nCOMMIT;")],
            "mysql/0001_a.sql: line 2",
        ),
        (
            &[
                ("sqlite/V1.1__a.sql", SQL),
                ("mysql/V1.1__a.sql", SQL),
                ("sqlite/R__v.sql", "SELECT 's'"),
                ("mysql/R__v.sql", "SELECT 'm'"),
            ],
            "is another one for other dialects",
        ),
        (
            &[("sqlite/1-a.up.sql", SQL), ("mysql/1-a.postgresql.up.sql", SQL)],
            "mysql/1-a.postgresql.up.sql: it is for postgresql, and this folder is for mysql, mariadb",
        ),
        // One folder by itself is packed by its own name.
        (&[("sqlite/0001_a.sql", SQL)], "SQL in a folder below the one to pack"),
    ];
    for (files, expected) in table {
        let error = error(files);
        assert!(error.contains(expected), "{expected:?}: {error}");
    }
    let without_mariadb: Files<'_> = &[
        ("sqlite/0001_a.sql", SQL),
        ("mysql/0001_a.sql", SQL),
        ("alteration.toml", "dialects = ['sqlite', 'mysql']"),
    ];
    let folder = folder(without_mariadb);
    let packed = pack(folder.path(), &options(None)).unwrap();
    assert_eq!(packed[0].manifest.dialects, [Sqlite, Mysql].into());
}

#[cfg(unix)]
#[test]
fn a_folder_that_a_link_brings_in_is_refused() {
    let outside = folder(&[("0001_a.sql", "SELECT 1")]);
    let inside = folder(&[("sqlite/0001_a.sql", "SELECT 1"), ("mysql/0001_a.sql", "SELECT 1")]);
    let link = inside.path().join("mariadb");
    std::os::unix::fs::symlink("mysql", &link).unwrap();
    let packed = pack(inside.path(), &options(None)).unwrap();
    assert!(packed[0].manifest.alterations[0].dialects.is_empty());
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(outside.path(), &link).unwrap();
    let error = pack(inside.path(), &options(None)).unwrap_err().to_string();
    assert!(error.contains("outside of the folder that is packed"), "{error}");
}
