//! Transactions of files: what each tool would send, and what each database gets of it.

use super::{
    super::super::{folder as sql_folder, sql_name::SqlHook},
    Files, add, error, folder, options,
};
use crate::{
    Layout::{self, *},
    alteration::Dialect::{self, Mysql, Postgresql, Sqlite},
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
fn a_tool_that_opens_no_transaction() {
    const CALL: &str = "CALL p();\n";
    const DO: &str = "DO $$ BEGIN DELETE FROM t; COMMIT; END $$;\n";
    const USED: &str = "ALTER TYPE st ADD VALUE 'b';\nINSERT INTO t VALUES ('b');\n";
    const OWN: &str = "BEGIN;\nA;\nCOMMIT;\n";
    let shmig = |text: &str| format!("-- ====  UP  ====\n{text}");
    let rambler = |text: &str| format!("-- rambler up\n{text}");
    for text in [CALL, DO] {
        let table: [(Layout, Files<'_>); 5] = [
            (GolangMigrate, &[("1_a.up.sql", text)]),
            (Postgrator, &[("1.do.a.sql", text)]),
            (Umzug, &[("1_a.sql", text)]),
            (Rambler, &[("1_a.sql", &rambler(text))]),
            (Shmig, &[("1-a.sql", &shmig(text))]),
        ];
        for (layout, files) in table {
            assert_eq!(gets(files, layout, Postgresql), [(BeforeUp, text.to_owned())], "{layout}");
        }
    }
    let beside = format!("SELECT 1;\n{CALL}{USED}");
    let rows: [(Layout, Files<'_>, SqlHook, &str); 5] = [
        (GolangMigrate, &[("1_a.up.sql", USED)], BeforeUp, USED),
        (Postgrator, &[("1.do.a.sql", "SELECT 1;\nCALL p();\n")], Up, "SELECT 1;\nCALL p();\n"),
        (Shmig, &[("1-a.sql", &shmig(&beside))], BeforeUp, &beside),
        (Shmig, &[("1-a.sql", &shmig(OWN))], Up, "     ;\nA;\n      ;\n"),
        (
            Rambler,
            &[(
                "1_a.sql",
                &rambler("A;\nVACUUM;\n-- rambler up\nB;\nC;\n")
                    .replace("VACUUM;\n", "\n-- rambler up\nVACUUM;\n"),
            )],
            BeforeUp,
            "A;\n\n\n;\nVACUUM;\n\n;\nBEGIN; B;\nC; COMMIT;\n",
        ),
    ];
    for (layout, files, hook, text) in rows {
        assert_eq!(gets(files, layout, Postgresql), [(hook, text.to_owned())], "{layout}");
    }
}

#[test]
fn what_stands_beside_a_transaction_of_the_file() {
    const BEHIND: &str = "BEGIN;\nA;\nCOMMIT;\nB;\n";
    const OWN: &str = "BEGIN;\nA;\nCOMMIT;\nBEGIN; B; COMMIT;\n";
    const FRAMED: &str = "     ;\nA;\n      ;\nB;\n";
    let files: Files<'_> = &[("1_a.up.sql", BEHIND)];
    assert_eq!(gets(files, GolangMigrate, Postgresql), [(BeforeUp, OWN.to_owned())]);
    for dialect in [Sqlite, Mysql] {
        assert_eq!(gets(files, GolangMigrate, dialect), [(Up, FRAMED.to_owned())]);
    }
    for (dialects, hook, text) in [("postgresql", BeforeUp, OWN), ("sqlite", Up, FRAMED)] {
        let named = format!("dialects = ['{dialects}']");
        let files: Files<'_> = &[("1_a.up.sql", BEHIND), ("alteration.toml", &named)];
        let dialect = dialects.parse().unwrap();
        assert_eq!(gets(files, GolangMigrate, dialect), [(hook, text.to_owned())], "{dialects}");
    }
    let several = "BEGIN;\nA;\nCOMMIT;\nB;\nC;\n";
    let files: Files<'_> = &[("1_a.sql", several)];
    let framed = "BEGIN;\nA;\nCOMMIT;\nBEGIN; B;\nC; COMMIT;\n";
    assert_eq!(gets(files, Sqlx, Postgresql), [(BeforeUp, framed.to_owned())]);
    let settings = "SET x = 1;\nBEGIN;\nA;\nCOMMIT;\nRESET x;\n";
    let kept = "SET x = 1;\n     ;\nA;\n      ;\nRESET x;\n";
    let files: Files<'_> =
        &[("1_a.up.sql", settings), ("alteration.toml", "dialects = ['postgresql']")];
    assert_eq!(gets(files, GolangMigrate, Postgresql), [(Up, kept.to_owned())]);
}

#[test]
fn what_the_tool_could_not_run() {
    const USED: &str = "ALTER TYPE st ADD VALUE 'b';\nINSERT INTO t VALUES ('b');\n";
    const DO: &str = "SELECT 1;\nDO $$ BEGIN DELETE FROM t; COMMIT; END $$;\n";
    let goose = format!("-- +goose Up\n{USED}");
    let dbmate = format!("-- migrate:up transaction:false\n{USED}");
    let untied = format!("-- no-transaction\n{USED}");
    let table: [(Layout, Files<'_>, &str); 11] = [
        (
            Sqlx,
            &[("1_a.sql", USED)],
            "1_a.sql: line 2: `b` is used in the transaction that adds it to the type st, which PostgreSQL refuses: move it into a file of its own",
        ),
        (Sqlx, &[("1_a.sql", &untied)], "1_a.sql: line 3: `b` is used"),
        (Dbmate, &[("1_a.sql", &dbmate)], "1_a.sql: line 3: `b` is used"),
        (Diesel, &[("1_a/up.sql", USED)], "1_a/up.sql: line 2: `b` is used"),
        (Postgrator, &[("1.do.a.sql", USED)], "1.do.a.sql: line 2: `b` is used"),
        (Umzug, &[("1_a.sql", USED)], "1_a.sql: line 2: `b` is used"),
        (NodePgMigrate, &[("1_a.sql", USED)], "1_a.sql: line 2: `b` is used"),
        (
            Goose,
            &[("1_a.sql", &goose)],
            "1_a.sql: line 3: `b` is used in the transaction that adds it to the type st, which PostgreSQL refuses: write `-- +goose NO TRANSACTION`",
        ),
        (
            Runner,
            &[("1-a.up.sql", USED)],
            "1-a.up.sql: line 2: `b` is used in the transaction that adds it to the type st, which PostgreSQL refuses: move what adds it into `<id>.before-up.sql`",
        ),
        (
            GolangMigrate,
            &[("1_a.up.sql", DO)],
            "1_a.up.sql: line 2: DO with COMMIT or ROLLBACK cannot run in a message with other statements, and golang-migrate sends this as one",
        ),
        (
            Refinery,
            &[("V1__a.sql", DO)],
            "V1__a.sql: line 2: DO with COMMIT or ROLLBACK cannot run in a message",
        ),
    ];
    for (layout, files, expected) in table {
        let error = error(files, Some(layout));
        assert!(error.contains(expected), "{layout}:\n{error}\n{expected}");
    }
    for (dialect, made) in [("sqlite", ""), ("postgresql", "CREATE TYPE st AS ENUM ('a');\n")] {
        let (text, named) = (format!("{made}{USED}"), format!("dialects = ['{dialect}']"));
        gets(&[("1_a.sql", &text), ("alteration.toml", &named)], Sqlx, dialect.parse().unwrap());
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
