//! What goes in as its tool takes it: empty files, files beside, byte order marks, short versions. And all that is
//! wrong with a folder, at once.

use super::{Files, error, folder, options, read};
use crate::{
    Layout::{self, *},
    PackOptions,
    alteration::Dialect,
    pack, reading,
    sql_name::SqlHook::{self, *},
};

type Hooks<'a> = &'a [(&'a str, &'a [SqlHook])];

/// What is told beside the alterations: without a way back, and passed over.
fn told(files: Files<'_>, layout: Layout) -> (Vec<String>, Vec<String>) {
    let folder = folder(files);
    let read = reading(folder.path(), &options(Some(layout))).unwrap().0.unwrap();
    let passed_over = read.passed_over.iter();
    let passed_over = passed_over.map(|path| path.strip_prefix(folder.path()).unwrap());
    (
        read.lost_way_back.iter().map(ToString::to_string).collect(),
        passed_over.map(|path| path.display().to_string()).collect(),
    )
}

#[test]
fn as_each_tool_takes_it() {
    let table: [(Layout, Files<'_>, Hooks<'_>, &[&str], &[&str]); 13] = [
        (
            Sqlx,
            &[
                ("1_a.up.sql", ""),
                ("1_a.down.sql", " \n"),
                ("2_b.down.sql", "B"),
                ("3_c.SQL", "C"),
                ("seed/1_s.sql", "S"),
                ("schema.sql", "D"),
            ],
            &[("1-a", &[Up])],
            &["1-a"],
            &["2_b.down.sql", "3_c.SQL", "schema.sql", "seed/1_s.sql"],
        ),
        (
            GolangMigrate,
            &[
                ("1_a.up.sql", "A"),
                ("1_a.down.sql", ""),
                ("2_b.up.sql", ""),
                ("2_b.down.sql", ""),
                ("3_c.down.sql", "C"),
                ("4_d.up.SQL", "D"),
                ("seed/x.sql", "S"),
            ],
            &[("1-a", &[Up]), ("2-b", &[Up]), ("3-c", &[Up, Down]), ("4-d", &[Up])],
            &["1-a", "2-b"],
            &["seed/x.sql"],
        ),
        (
            Diesel,
            &[
                ("2024-01-02-000000_a/up.sql", ""),
                ("2024-01-02-000000_a/down.sql", ""),
                ("2024-01-02-000000_a/notes.sql", "N"),
                ("seed/users.sql", "S"),
                ("schema.sql", "D"),
            ],
            &[("20240102000000-a", &[Up])],
            &["20240102000000-a"],
            &["2024-01-02-000000_a/notes.sql", "schema.sql", "seed/users.sql"],
        ),
        (
            Dbmate,
            &[
                ("1_a.sql", "-- migrate:up\n\n-- migrate:down\nB"),
                ("2_b.sql", "-- migrate:up\n-- migrate:down"),
                ("3_c.sql", "-- migrate:up transaction:false"),
                ("seed/1_s.sql", "-- migrate:up\nS"),
            ],
            &[("1-a", &[Up, Down]), ("2-b", &[Up]), ("3-c", &[BeforeUp])],
            &["2-b"],
            &["seed/1_s.sql"],
        ),
        (
            Goose,
            &[
                ("1_a.sql", "-- +goose Up\n-- +goose Down\nB"),
                ("2_b.sql", "-- +goose Up\n-- +goose Down\n"),
                ("3_c.sql", "-- +goose Up"),
                ("seed.sql", "S"),
                ("seed/1_s.sql", "-- +goose Up\nS"),
            ],
            &[("1-a", &[Up, Down]), ("2-b", &[Up]), ("3-c", &[Up])],
            &["2-b"],
            &["seed/1_s.sql", "seed.sql"],
        ),
        (
            Flyway,
            &[
                ("V1__a.sql", ""),
                ("U1__a.sql", "-- nothing"),
                ("U2__b.sql", "B"),
                ("V3__c.SQL", "C"),
                ("seed/users.sql", "S"),
            ],
            &[("1.0.0-1-a", &[Up])],
            &["1.0.0-1-a"],
            &["U2__b.sql", "V3__c.SQL", "seed/users.sql"],
        ),
        (
            Refinery,
            &[("V1__a.sql", ""), ("sub/V2__b.sql", "B"), ("seed/users.sql", "S")],
            &[("1-a", &[Up]), ("2-b", &[Up])],
            &[],
            &["seed/users.sql"],
        ),
        // Behind a mark at its start a text does not start with what sqlx looks for.
        (
            Sqlx,
            &[("1_a.sql", "\u{feff}-- no-transaction\nA"), ("2_b.sql", "-- no-transaction\nB")],
            &[("1-a", &[Up]), ("2-b", &[BeforeUp])],
            &[],
            &[],
        ),
        (GolangMigrate, &[("1_a.up.sql", "\u{feff}A")], &[("1-a", &[Up])], &[], &[]),
        (Flyway, &[("V1__a.sql", "\u{feff}A")], &[("1.0.0-1-a", &[Up])], &[], &[]),
        // Versions order as text, and one that is a beginning of another comes before it.
        (
            Diesel,
            &[
                ("2024-03-12-235959_b/up.sql", "B"),
                ("2024-03-13_170000_c/up.sql", "C"),
                ("2024-03-13-000000_d/up.sql", "D"),
                ("2023-01-01-000000_a/up.sql", "A"),
            ],
            &[
                ("20230101000000-a", &[Up]),
                ("20240312235959-b", &[Up]),
                ("20240312999994-170000_c", &[Up]),
                ("20240313000000-d", &[Up]),
            ],
            &[],
            &[],
        ),
        (
            Diesel,
            &[("2_c/up.sql", "C"), ("10_b/up.sql", "B"), ("1_a/up.sql", "A")],
            &[
                ("09999999999987-a", &[Up]),
                ("09999999999988-b", &[Up]),
                ("19999999999987-c", &[Up]),
            ],
            &[],
            &[],
        ),
        // By names, `_` stands behind every digit.
        (
            Dbmate,
            &[
                ("20240313_c.sql", "-- migrate:up\nC"),
                ("20240313235959_b.sql", "-- migrate:up\nB"),
                ("20240314000000_d.sql", "-- migrate:up\nD"),
            ],
            &[
                ("20240313235959-b", &[Up]),
                ("20240313999991-c", &[Up]),
                ("20240314000000-d", &[Up]),
            ],
            &[],
            &[],
        ),
    ];
    for (layout, files, expected, without_way_back, passed_over) in table {
        let found: Vec<_> = read(files, Some(layout))
            .into_iter()
            .map(|(id, texts)| {
                assert!(
                    texts.iter().all(|(_, text)| !text.is_empty() && !text.contains('\u{feff}'))
                );
                (id, texts.into_iter().map(|(hook, _)| hook).collect::<Vec<_>>())
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(id, hooks)| ((*id).to_owned(), hooks.to_vec())).collect();
        assert_eq!(found, expected, "{layout}");
        let (lost, over) = told(files, layout);
        assert_eq!(
            (&lost[..], &over[..]),
            (&own(without_way_back)[..], &own(passed_over)[..]),
            "{layout}"
        );
    }
}

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let quote = "A;\nSELECT 'x";
    let table: [(Layout, Files<'_>, &[&str]); 8] = [
        (
            Sqlx,
            &[("1_a.sql", quote), ("2_b.sql", "B"), ("02_c.sql", "C"), ("3_d.sql", quote)],
            &[
                "3 problems:",
                "1_a.sql: line 2: a quote",
                "02_c.sql and 2_b.sql have one version",
                "3_d.sql: line 2: a quote",
            ],
        ),
        (
            GolangMigrate,
            &[("1_a.up.sql", quote), ("1_a.down.sql", quote), ("2_b.up.sql", "B")],
            &["2 problems:", "1_a.up.sql: line 2", "1_a.down.sql: line 2"],
        ),
        (
            Diesel,
            &[("x_a/up.sql", "A"), ("2_b/x.md", "B"), ("3_c/up.sql", quote)],
            &["3 problems:", "x_a: the version", "2_b: there is neither", "3_c/up.sql: line 2"],
        ),
        (
            Dbmate,
            &[("1_a.sql", "A"), ("2_b.sql", "-- migrate:up\nSELECT 'x")],
            &["2 problems:", "1_a.sql: line 1: there is SQL before", "2_b.sql: line 2: a quote"],
        ),
        (
            Goose,
            &[("1_a.go", ""), ("2_b.sql", "B"), ("3_c.sql", "-- +goose Up\nSELECT 'x")],
            &["3 problems:", "1_a.go: it is code", "2_b.sql: line 1", "3_c.sql: line 2: a quote"],
        ),
        (
            Flyway,
            &[("V1__a.sql", "${x}"), ("B2__b.sql", "B"), ("afterMigrate.sql", "C")],
            &[
                "3 problems:",
                "V1__a.sql: line 1: `${x}`",
                "B2__b.sql: a base",
                "afterMigrate.sql: a",
            ],
        ),
        (
            Refinery,
            &[("V1__a.rs", ""), ("V2.1__b.sql", "B"), ("V3__c.sql", quote)],
            &[
                "3 problems:",
                "V1__a.rs: it is code",
                "V2.1__b.sql: the version",
                "V3__c.sql: line 2",
            ],
        ),
        (
            Runner,
            &[
                ("1-a.up.sql", quote),
                ("2-b.down.sql", "B"),
                ("no.up.sql", "C"),
                ("3-d.up.sql", "\u{feff}D"),
                ("below/4-e.up.sql", "E"),
            ],
            &[
                "5 problems:",
                "1-a.up.sql: line 2",
                "2-b.down.sql: there is no",
                "no.up.sql: ",
                "3-d.up.sql: it starts with a byte order mark",
                "below/4-e.up.sql: SQL in a folder below",
            ],
        ),
    ];
    for (layout, files, expected) in table {
        let error = error(files, Some(layout));
        assert_eq!(error.lines().count(), expected.len(), "{layout}:\n{error}");
        for line in expected {
            assert!(error.contains(line), "{layout}: {line}\n{error}");
        }
    }
}

#[test]
fn in_each_folder_of_a_dialect() {
    let files: Files<'_> = &[
        ("sqlite/1_a.sql", "SELECT 'x"),
        ("sqlite/2_b.sql", "B"),
        ("postgres/1_a.sql", "A"),
        ("postgres/2_b.sql", "SELECT 'y"),
    ];
    let error = error(files, None);
    assert!(error.contains("2 problems:"), "{error}");
    assert!(error.contains("sqlite/1_a.sql: line 1"), "{error}");
    assert!(error.contains("postgres/2_b.sql: line 1"), "{error}");
}

#[test]
fn dialects_beside_the_folder() {
    use Dialect::{Mariadb, Postgresql, Sqlite};
    let of = |files: Files<'_>, layout, dialects: &[Dialect]| {
        let folder = folder(files);
        let dialects = dialects.iter().copied().collect();
        let packed = pack(folder.path(), &PackOptions { dialects, ..options(layout) });
        packed.map(|packed| packed[0].manifest.dialects.clone()).map_err(|error| error.to_string())
    };
    let sqlx: Files<'_> = &[("1_a.sql", "SELECT [it's]")];
    assert_eq!(of(sqlx, Some(Sqlx), &[Sqlite]), Ok([Sqlite].into()));
    assert!(of(sqlx, Some(Sqlx), &[Sqlite, Postgresql]).unwrap_err().contains("line 1: a quote"));
    let settings = ("alteration.toml", "dialects = [\"sqlite\"]");
    let said: Files<'_> = &[sqlx[0], settings];
    assert_eq!(of(said, None, &[]), Ok([Sqlite].into()), "a plugin beside it");
    assert_eq!(of(said, None, &[Sqlite]), Ok([Sqlite].into()));
    let contradiction = of(said, None, &[Mariadb]).unwrap_err();
    assert!(
        contradiction.contains("says dialects sqlite, and `--dialect` mariadb"),
        "{contradiction}"
    );
    let folders: Files<'_> = &[("sqlite/1_a.sql", "A"), ("postgres/1_a.sql", "B")];
    assert_eq!(of(folders, None, &[Sqlite, Postgresql]), Ok([Sqlite, Postgresql].into()));
    assert!(of(folders, None, &[Sqlite]).unwrap_err().contains("the dialects are to be sqlite"));
}

#[test]
fn what_is_left_out_is_noted_where_the_dialect_is_known() {
    let files: Files<'_> = &[
        (
            "1-a.up.sql",
            "PRAGMA user_version = 3;\n\nPRAGMA synchronous = OFF;\nCREATE TABLE t (x);",
        ),
        ("1-a.down.sql", ""),
        ("2-b.before-up.sql", "PRAGMA journal_mode = WAL;"),
    ];
    let notes = |dialects: &[Dialect]| {
        let folder = folder(files);
        let dialects = dialects.iter().copied().collect();
        let options = PackOptions { dialects, ..options(None) };
        let (_, notes) = reading(folder.path(), &options).unwrap();
        let path = format!("{}/", folder.path().display());
        notes.iter().map(|note| note.told().replace(&path, "")).collect::<Vec<_>>()
    };
    let lost = "1-a.down.sql: 1-a has no way back: this file is empty";
    assert_eq!(notes(&[]), [lost]);
    let why = "it is a setting of the connection, which ends with it";
    let passed_over = format!("1-a.up.sql: line 3: PRAGMA synchronous is passed over: {why}");
    let mut found = notes(&[Dialect::Sqlite]);
    found.sort();
    assert_eq!(found, [lost, &passed_over]);
}
