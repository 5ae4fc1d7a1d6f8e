//! Transactions of files: what each tool would send, and what each database gets of it.

use super::{
    super::super::{folder as sql_folder, sql_name::SqlHook},
    Files, add, error, folder, options,
};
use crate::{
    alteration::Dialect::{self, Mysql, Postgresql, Sqlite},
    pack::Layout::{self, *},
};
use SqlHook::{BeforeUp, Up};

/// The hooks and texts that `dialect` gets of the only alteration.
fn gets(files: Files<'_>, layout: Layout, dialect: Dialect) -> Vec<(SqlHook, String)> {
    let folder = folder(files);
    let read = sql_folder::read(folder.path(), &options(Some(layout)));
    let read = read.unwrap_or_else(|error| panic!("{files:?}: {error}"));
    let [alteration] = &read.alterations[..] else { panic!("{files:?}") };
    let text = |hook| alteration.sql.text(hook, dialect).to_owned();
    let hooks = alteration.sql.hooks().map(|hook| (hook, text(hook)));
    hooks.filter(|(_, text)| !text.is_empty()).collect()
}

#[test]
fn what_a_tool_sends_together() {
    const TWO: &str = "BEGIN;\nA;\nCOMMIT;\nBEGIN;\nB;\nCOMMIT;\n";
    let goose = |text: &str| format!("-- +goose NO TRANSACTION\n-- +goose Up\n{text}");
    let pieces = goose("A; B;\nC;\n");
    let singles = goose("A;\nB;\n");
    let framed = goose("A;\nBEGIN;\nB;\nC;\nCOMMIT;\n");
    let several = goose(TWO).replace("-- +goose NO TRANSACTION\n", "");
    type Row<'a> = (Layout, Files<'a>, (SqlHook, &'a str), (SqlHook, &'a str), (SqlHook, &'a str));
    let table: [Row<'_>; 12] = [
        (
            Sqlx,
            &[("1_a.sql", "-- no-transaction\nA;\nB;\n")],
            (BeforeUp, "-- no-transaction\nBEGIN; A;\nB; COMMIT;\n"),
            (BeforeUp, "-- no-transaction\nA;\nB;\n"),
            (BeforeUp, "-- no-transaction\nA;\nB;\n"),
        ),
        (
            Dbmate,
            &[("1_a.sql", "-- migrate:up transaction:false\nA;\nB -- x\n")],
            (BeforeUp, "BEGIN; A;\nB; COMMIT; -- x\n"),
            (BeforeUp, "A;\nB -- x\n"),
            (BeforeUp, "A;\nB -- x\n"),
        ),
        (
            Diesel,
            &[("1_a/up.sql", "A;\nB"), ("1_a/metadata.toml", "")],
            (BeforeUp, "BEGIN; A;\nB; COMMIT;"),
            (BeforeUp, "A;\nB"),
            (BeforeUp, "A;\nB"),
        ),
        (
            Goose,
            &[("1_a.sql", &pieces)],
            (BeforeUp, "BEGIN; A; B; COMMIT;\nC;\n"),
            (BeforeUp, "A; B;\nC;\n"),
            (BeforeUp, "A; B;\nC;\n"),
        ),
        (
            Goose,
            &[("1_a.sql", &singles)],
            (BeforeUp, "A;\nB;\n"),
            (BeforeUp, "A;\nB;\n"),
            (BeforeUp, "A;\nB;\n"),
        ),
        (
            Goose,
            &[("1_a.sql", &framed)],
            (BeforeUp, "A;\nBEGIN;\nB;\nC;\nCOMMIT;\n"),
            (BeforeUp, "A;\nBEGIN;\nB;\nC;\nCOMMIT;\n"),
            (BeforeUp, "A;\nBEGIN;\nB;\nC;\nCOMMIT;\n"),
        ),
        (
            Flyway,
            &[("V1__a.sql", "A;\nB;\n"), ("V1__a.sql.conf", "executeInTransaction=false")],
            (BeforeUp, "A;\nB;\n"),
            (BeforeUp, "A;\nB;\n"),
            (BeforeUp, "A;\nB;\n"),
        ),
        (GolangMigrate, &[("1_a.up.sql", TWO)], (BeforeUp, TWO), (BeforeUp, TWO), (Up, TWO)),
        (Goose, &[("1_a.sql", &several)], (BeforeUp, TWO), (BeforeUp, TWO), (Up, TWO)),
        (
            GolangMigrate,
            &[("1_a.up.sql", "A;\nBEGIN ISOLATION LEVEL SERIALIZABLE; B; COMMIT;")],
            (BeforeUp, ""),
            (BeforeUp, ""),
            (BeforeUp, ""),
        ),
        (
            GolangMigrate,
            &[("1_a.up.sql", "CREATE INDEX CONCURRENTLY i ON t (x);\nBEGIN; A; COMMIT;")],
            (BeforeUp, "CREATE INDEX CONCURRENTLY i ON t (x);\nBEGIN; A; COMMIT;"),
            (BeforeUp, "CREATE INDEX CONCURRENTLY i ON t (x);\nBEGIN; A; COMMIT;"),
            (BeforeUp, "CREATE INDEX CONCURRENTLY i ON t (x);\nBEGIN; A; COMMIT;"),
        ),
        (
            Sqlx,
            &[("1_a.sql", "A;\nBEGIN; B; COMMIT;\nC;\nD;\nBEGIN; E; COMMIT;")],
            (BeforeUp, "BEGIN; A;\n     ; B; COMMIT;\nBEGIN; C;\nD;\n     ; E; COMMIT;"),
            (BeforeUp, "A;\nBEGIN; B; COMMIT;\nC;\nD;\nBEGIN; E; COMMIT;"),
            (Up, "A;\nBEGIN; B; COMMIT;\nC;\nD;\nBEGIN; E; COMMIT;"),
        ),
    ];
    for (layout, files, postgresql, sqlite, mysql) in table {
        // PostgreSQL would refuse the level behind a statement of the same message.
        if postgresql.1.is_empty() {
            let error = error(files, Some(layout));
            assert!(error.contains("line 2: `BEGIN ISOLATION"), "{error}");
            continue;
        }
        let expected = [(Postgresql, postgresql), (Sqlite, sqlite), (Mysql, mysql)];
        for (dialect, (hook, text)) in expected {
            let seen = gets(files, layout, dialect);
            assert_eq!(seen, [(hook, text.to_owned())], "{layout} on {dialect}: {files:?}");
        }
    }
}

#[test]
fn what_a_deploy_on_a_named_dialect_would_refuse() {
    const INDEX: &str = "A;\nCREATE INDEX CONCURRENTLY i ON t (x);";
    let goose = format!("-- +goose Up\n{INDEX}");
    let dbmate = format!("-- migrate:up\n{INDEX}");
    let named = ("alteration.toml", "dialects = ['postgresql']");
    let table: [(Layout, Files<'_>, &str); 7] = [
        (
            Sqlx,
            &[("1_a.sql", INDEX), named],
            "1_a.sql: line 2: CREATE INDEX CONCURRENTLY cannot run in a transaction, and sqlx opens one for this: begin the file with `-- no-transaction`",
        ),
        (
            Goose,
            &[("1_a.sql", &goose), named],
            "1_a.sql: line 3: CREATE INDEX CONCURRENTLY cannot run in a transaction, and goose opens one for this: write `-- +goose NO TRANSACTION`",
        ),
        (
            Dbmate,
            &[("1_a.sql", &dbmate), named],
            "line 3: CREATE INDEX CONCURRENTLY cannot run in a transaction, and dbmate opens one for this: write `transaction:false`",
        ),
        (
            Diesel,
            &[("1_a/up.sql", INDEX), named],
            "1_a/up.sql: line 2: CREATE INDEX CONCURRENTLY cannot run in a transaction, and diesel opens one for this: write `run_in_transaction = false`",
        ),
        (
            Flyway,
            &[("V1__a.sql", INDEX), ("V1__a.sql.conf", "executeInTransaction=true"), named],
            "line 2: CREATE INDEX CONCURRENTLY cannot run in a transaction, and flyway opens one for this: write `executeInTransaction=false`",
        ),
        (
            Refinery,
            &[("V1__a.sql", "VACUUM"), named],
            "line 1: VACUUM cannot run in a transaction, and refinery opens one for this: move it into",
        ),
        (
            Runner,
            &[("1_a.sql", INDEX), named],
            "1_a.sql: line 2: a deploy would refuse this: CREATE INDEX CONCURRENTLY cannot run in a transaction, and this hook is one: it belongs into before-up",
        ),
    ];
    for (layout, files, expected) in table {
        let error = error(files, Some(layout));
        assert!(error.contains(expected), "{layout}:\n{error}\n{expected}");
    }
    let before: Files<'_> = &[("1_a.before-up.sql", INDEX), named];
    assert_eq!(gets(before, Runner, Postgresql), [(BeforeUp, INDEX.to_owned())]);
    let folder = folder(before);
    add(folder.path(), &[("1_a.before-up.sql", "BEGIN;\nDROP INDEX CONCURRENTLY i;\nCOMMIT;")]);
    let read = sql_folder::read(folder.path(), &options(None)).unwrap_err().to_string();
    assert!(read.contains("line 2: a deploy would refuse this: DROP INDEX CONCURRENTLY cannot run in a transaction, and BEGIN opened one"), "{read}");
}
