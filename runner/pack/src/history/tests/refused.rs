//! What is refused, with file and line, and what is asked about.

use super::{Files, PackOptions, error, folder, options, read, sql_folder};
use crate::{
    Layout,
    alteration::{Dialect, ForeignKeys},
    reading,
    sql_name::SqlHook::{self, BeforeUp, Step, Up},
};

#[test]
fn recognised_or_asked_for() {
    const A: &str = "SELECT 1;";
    const CONCURRENT: &str = "CREATE INDEX CONCURRENTLY i ON t (x);";
    let asked = "say which with `--from";
    // Both tools do the same with it.
    assert_eq!(read(&[("1_a.up.sql", A)], None)[0].1, [(Up, A.to_owned())]);
    let table: [(Files<'_>, &[&str]); 6] = [
        (&[("1_a.up.sql", CONCURRENT)], &["sqlx", "golang-migrate", asked]),
        (&[("V1__a.sql", A), ("V2__b.sql", A)], &["flyway", "refinery", asked]),
        (
            &[("1_a.sql", "-- +goose Up\nA"), ("2_b.sql", "-- migrate:up\nB")],
            &["goose", "dbmate", "files of both", asked],
        ),
        (&[("1_a.sql", A), ("2_b/up.sql", A)], &["sqlx", "diesel", asked]),
        (&[("V1__a.sql", A), ("2_b.sql", A)], &["flyway", "sqlx", asked]),
        (&[("below/V1__a.sql", A), ("2-b.sql", A)], &["flyway", "runner", asked]),
    ];
    for (files, words) in table {
        let error = error(files, None);
        assert!(words.iter().all(|word| error.contains(word)), "{files:?}: {error}");
    }
}

/// On SQLite sqlx has foreign keys enforced and golang-migrate has not. A folder that shows no database is asked about.
#[test]
fn keys_that_act_are_asked_about_unless_another_database_gets_them() {
    const P: &str = "CREATE TABLE p (id bigint PRIMARY KEY);";
    const C: &str = "CREATE TABLE c (p bigint REFERENCES p (id) ON DELETE CASCADE); DELETE FROM p;";
    const OTHER: &str = "ALTER TABLE p ALTER COLUMN id TYPE int;";
    let plain = [("1_a.up.sql", P), ("1_a.down.sql", "DROP TABLE p;"), ("2_b.up.sql", C)];
    let asked = error(&plain, None);
    assert!(asked.contains("`--from sqlx` or `--from golang-migrate`"), "{asked}");
    assert!(asked.contains("foreign keys enforced") && asked.contains("--dialect"), "{asked}");
    let keys = |layout, dialects: &[Dialect]| {
        let folder = folder(&plain);
        let dialects = dialects.iter().copied().collect();
        let read = sql_folder::read(folder.path(), &PackOptions { dialects, ..options(layout) });
        let read = read.unwrap_or_else(|error| panic!("{layout:?}: {error}"));
        read.alterations.iter().map(|a| a.foreign_keys).collect::<Vec<_>>()
    };
    assert_eq!(keys(Some(Layout::Sqlx), &[]), [ForeignKeys::Enforced; 2]);
    assert_eq!(keys(Some(Layout::GolangMigrate), &[]), [ForeignKeys::Checked; 2]);
    assert_eq!(keys(None, &[Dialect::Mysql]), [ForeignKeys::Checked; 2]);
    assert_eq!(read(&[("1_a.up.sql", P), ("2_b.up.sql", C), ("3_c.up.sql", OTHER)], None).len(), 3);
}

/// To some tools and servers a CR ends a line, and to others it is a blank.
#[test]
fn lines_that_end_with_cr_alone() {
    let sqlite = "-- Up Migration\rCREATE TABLE a (id int);\r-- Down Migration\rDROP TABLE a;\r";
    for layout in [None, Some(Layout::Runner), Some(Layout::NodePgMigrate), Some(Layout::Umzug)] {
        let error = error(&[("1_a.sql", sqlite)], layout);
        assert!(error.contains("1_a.sql: line 1 ends with CR alone; save the file"), "{error}");
    }
    let in_folder = error(&[("1_a/up.sql", "A;\r\nB;\rC;")], None);
    assert!(in_folder.contains("1_a/up.sql: line 2 ends with CR alone"), "{in_folder}");
}

/// A stray file that the runner could read makes no folder its own.
#[test]
fn its_own_or_sqlx() {
    const OUT: &str = "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);";
    let ids = |files: Files<'_>| -> Vec<_> {
        read(files, None).into_iter().map(|(id, hooks)| (id, hooks[0].0)).collect()
    };
    let table: [(Files<'_>, &[(&str, SqlHook)]); 7] = [
        (&[("20240101_a.sql", OUT), ("20240301-seed-data.sql", "B")], &[("20240101-a", BeforeUp)]),
        (&[("1_a.up.sql", "A"), ("1_a.down.sql", "B"), ("2-seed.sql", "C")], &[("1-a", Up)]),
        (
            &[("1718000000-a.sql", "A"), ("1718000001-b.sql", "B")],
            &[("1718000000-a", Up), ("1718000001-b", Up)],
        ),
        (&[("1_a.sql", "A"), ("2-b.step.sql", "B")], &[("1-a", Up), ("2-b", Step)]),
        (&[("1_a.sql", "A"), ("2-b.sqlite.sql", "B")], &[("1-a", Up), ("2-b", Up)]),
        (&[("1_a.sql", "A"), ("1.0.0-2-b.sql", "B")], &[("1-a", Up), ("1.0.0-2-b", Up)]),
        (&[("1_a.sql", "A"), ("next-2-b.sql", "B")], &[("1-a", Up), ("next-2-b", Up)]),
    ];
    for (files, expected) in table {
        let mut found = ids(files);
        found.sort();
        let expected: Vec<_> =
            expected.iter().map(|(id, hook)| ((*id).to_owned(), *hook)).collect();
        assert_eq!(found, expected, "{files:?}");
    }
    let folder = folder(&[("1_a.up.sql", "A"), ("2-seed.sql", "C")]);
    let (reading, _) = reading(folder.path(), &options(None)).unwrap();
    let reading = reading.unwrap();
    assert_eq!(reading.alike, Some(Layout::GolangMigrate));
    assert_eq!(reading.passed_over, [folder.path().join("2-seed.sql")]);
}

#[test]
fn refused() {
    use Layout::*;
    let table: [(Layout, Files<'_>, &str); 54] = [
        (Sqlx, &[("x.sql", "A")], ".: nothing that sqlx would run is in it; expected <number>_"),
        (
            Sqlx,
            &[("1_a.sql", "A\n-- migrate:down\nB")],
            "1_a.sql: line 2: `-- migrate:down` marks what dbmate runs on the way back, and sqlx would run it",
        ),
        // What turns round is refused in each layout, in its own tool's spelling too.
        (
            Sqlx,
            &[("1_a.sql", "A;\n-- Down\nB;")],
            "1_a.sql: line 2: `-- Down` marks what npm-sqlite runs on the way back, and sqlx would run it on the way forward, with the rest of the file: pack it with `--from npm-sqlite`",
        ),
        (
            GolangMigrate,
            &[("1_a.up.sql", "A;\n\n-- Rollback\nB;")],
            "1_a.up.sql: line 3: `-- Rollback` marks what another tool runs on the way back",
        ),
        (
            GolangMigrate,
            &[("1_a.up.sql", "A;"), ("1_a.down.sql", "B;\n-- +goose Up\nA;")],
            "1_a.down.sql: line 2: `-- +goose Up` marks what goose runs on the way forward",
        ),
        (
            Dbmate,
            &[("1_a.sql", "-- migrate:up\nA;\n -- Migrate:Down\nB;")],
            "1_a.sql: line 3: `-- Migrate:Down` marks what dbmate runs on the way back, and dbmate would run it on the way forward, with the rest of the file: write the mark as dbmate reads it",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose Up\nA;\n-- //@UNDO\nB;")],
            "1_a.sql: line 3: `-- //@UNDO` marks what mybatis runs",
        ),
        (
            Flyway,
            &[("V1__a.sql", "A;\n---- create above / drop below ----\nB;")],
            "V1__a.sql: line 2: `---- create above / drop below ----` marks what tern runs",
        ),
        (
            Diesel,
            &[("1_a/up.sql", "A;\n-- rambler down\nB;")],
            "1_a/up.sql: line 2: `-- rambler down` marks what rambler runs",
        ),
        (
            Sqlx,
            &[("1_a.sql", "A"), ("1_a_down.sql", "B")],
            "1_a_down.sql: by its name it takes something back, as another tool has it, and sqlx would run it on the way forward",
        ),
        (
            Refinery,
            &[("V1__a.sql", "A"), ("U1__a.sql", "B")],
            "U1__a.sql: by its name it takes something back, as flyway has it",
        ),
        (Sqlx, &[("1_a.SQL", "A")], ".: nothing that sqlx would run"),
        (Sqlx, &[("1_a.sql", "A"), ("01_b.sql", "B")], "01_b.sql and 1_a.sql have one version"),
        (Sqlx, &[("1_a.sql", "A"), ("1_a.up.sql", "B")], "1_a.sql and 1_a.up.sql have one version"),
        (Sqlx, &[("99999999999999999999_a.sql", "A")], "99999999999999999999_a.sql: the version"),
        (
            Sqlx,
            &[("1_a.sql", "A;\n\nSELECT 'x")],
            "1_a.sql: line 3: a quote (') is opened here and never closed",
        ),
        (
            Sqlx,
            &[("1_a.sql", "A;\nDO $x$ BEGIN; END $y$")],
            "1_a.sql: line 2: a dollar quote is opened",
        ),
        (Sqlx, &[("1_a.sql", "A;\n/* x")], "1_a.sql: line 2: a comment is opened here"),
        (
            Sqlx,
            &[("1_a.sql", "\n COPY t FROM STDIN;\n1\n\\.")],
            "1_a.sql: line 2: COPY … FROM stdin",
        ),
        (GolangMigrate, &[("1_a.sql", "A")], ".: nothing that golang-migrate would run"),
        (GolangMigrate, &[("1_a.up.sql", "A"), ("1_b.up.sql", "B")], "have one version"),
        (Diesel, &[("1_a/down.sql", "A")], "1_a: there is a `down.sql` and no `up.sql`"),
        (Diesel, &[("1_a/x.md", "A")], "1_a: there is neither `up.sql` nor `down.sql`"),
        (Diesel, &[("x_a/up.sql", "A")], "x_a: the version is not one that diesel takes"),
        (Diesel, &[("1_a/up.sql", "A"), ("1_b/up.sql", "B")], "1_a and 1_b have one version"),
        (
            Diesel,
            &[("2_a/up.sql", "A"), ("100000000000000_b/up.sql", "B")],
            "100000000000000_b runs before 2_a in diesel",
        ),
        (
            Diesel,
            &[("1_a/up.sql", "A"), ("1_a/metadata.toml", "run_in_transaction = 1")],
            "1_a/metadata.toml: ",
        ),
        (Dbmate, &[("1_a.sql", "A")], "1_a.sql: line 1: there is SQL before the first mark"),
        (
            Dbmate,
            &[("1_a.sql", "-- A")],
            "1_a.sql: it holds neither `-- migrate:up` nor `-- migrate:down`",
        ),
        (
            Dbmate,
            &[("1_a.sql", "\u{feff}-- migrate:up\nA")],
            "1_a.sql: it starts with a byte order mark",
        ),
        (
            Dbmate,
            &[("1_a.sql", "-- migrate:up\nA\n-- migrate:sideways\nB")],
            "1_a.sql: line 3: `-- migrate:sideways` is no mark",
        ),
        (
            Dbmate,
            &[("1_a.sql", "-- migrate:up transaction:no\nA")],
            "1_a.sql: line 1: `transaction:no` is no mark",
        ),
        (
            Dbmate,
            &[("1_a.sql", "-- migrate:down\nA\n-- migrate:up\nB")],
            "1_a.sql: line 1: `-- migrate:down` stands before",
        ),
        (
            Dbmate,
            &[("1_a.sql", "-- migrate:up\nA\n-- migrate:down\n\nSELECT 'x")],
            "1_a.sql: line 5: a quote",
        ),
        (
            Dbmate,
            &[("2_a.sql", "-- migrate:up\nA"), ("100000000000000_b.sql", "-- migrate:up\nB")],
            "100000000000000_b.sql runs before 2_a.sql in dbmate",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose Up\nA;\n-- +goose Foo\n")],
            "1_a.sql: line 3: `-- +goose Foo` is no mark",
        ),
        (
            Goose,
            &[("1_a.sql", "\nA;\n-- +goose Up\n")],
            "1_a.sql: line 2: there is SQL before the first mark",
        ),
        (
            Goose,
            &[("1_a.sql", "\u{feff}-- +goose Up\nA")],
            "1_a.sql: it starts with a byte order mark",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nA")],
            "1_a.sql: line 2: `-- +goose StatementBegin` has no",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\nA $other")],
            "1_a.sql: line 3: `$other` has no value; give it with `--placeholder other=VALUE`",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose Up\n-- +goose ENVSUB ON\n${owner:-x}")],
            "1_a.sql: line 3: `${owner:-x}` asks for more",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose Up\nA"), ("2_b.go", "")],
            "2_b.go: it is code that goose runs",
        ),
        (
            Flyway,
            &[("V1__a.sql", "A"), ("V1.0__b.sql", "B")],
            "V1.0__b.sql and V1__a.sql have one version",
        ),
        (Flyway, &[("V1__a.sql", "A\n${other}")], "V1__a.sql: line 2: `${other}` has no value"),
        (Flyway, &[("V1__a.sql", "A"), ("B1__b.sql", "B")], "B1__b.sql: a baseline"),
        (Flyway, &[("V1__a.sql", "A"), ("afterMigrate.sql", "B")], "afterMigrate.sql: a callback"),
        (
            Flyway,
            &[("V1__a.sql", "A"), ("V1__a.sql.conf", "\nshouldExecute=x")],
            "V1__a.sql.conf: line 2: `shouldExecute`",
        ),
        (
            Goose,
            &[("1_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nA;\nBEGIN;\nB;\n")],
            "1_a.sql: line 4: `BEGIN` is about transactions, and no BEGIN and COMMIT pair with it",
        ),
        (
            Goose,
            &[(
                "1_a.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\nA;\nB; CREATE INDEX CONCURRENTLY i ON t (x);",
            )],
            "1_a.sql: line 4: CREATE INDEX CONCURRENTLY cannot run in a message with other statements, and goose sends this as one: write each statement into a line of its own",
        ),
        (
            Sqlx,
            &[("1_a.sql", "-- no-transaction\nA;\nREINDEX TABLE CONCURRENTLY t;")],
            "1_a.sql: line 3: REINDEX CONCURRENTLY cannot run in a message with other statements, and sqlx",
        ),
        (
            Dbmate,
            &[(
                "1_a.sql",
                "-- migrate:up\nA\n-- migrate:down transaction:false\nBEGIN; A; ROLLBACK;",
            )],
            "1_a.sql: line 4: `ROLLBACK` is about transactions",
        ),
        (
            Diesel,
            &[
                ("1_a/up.sql", "DROP INDEX CONCURRENTLY i;\nA"),
                ("1_a/metadata.toml", "run_in_transaction = false"),
            ],
            "1_a/up.sql: line 1: DROP INDEX CONCURRENTLY cannot run in a message with other statements, and diesel sends this as one: move it into a file of its own",
        ),
        (
            Refinery,
            &[("V1__a.sql", "\nBEGIN; A; END;")],
            "V1__a.sql: line 2: `BEGIN` opens a transaction, and where it ends depends on the database",
        ),
        (
            Refinery,
            &[("V1__a.sql", "A"), ("V2__b.rs", "")],
            "V2__b.rs: it is code that refinery runs",
        ),
    ];
    for (layout, files, expected) in table {
        let error = error(files, Some(layout));
        assert!(error.contains(expected), "{layout} {files:?}:\n{error}\n{expected}");
    }
}
