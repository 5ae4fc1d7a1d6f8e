//! Tools that keep both directions in one file or beside each other, by the examples of their manuals.

use super::{Files, error, folder, options, read, tool};
use crate::{
    Layout,
    history::ledger_key,
    reading,
    sql_name::SqlHook::{self, BeforeDown, BeforeUp, Down, Up},
};

type Read<'a> = &'a [(&'a str, &'a [(SqlHook, &'a str)])];

#[test]
fn read_as_the_tool_does() {
    use Layout::*;
    const LOADER: &str = "var dbm;\nexports.up = function(db) {\n  var filePath = path.join(__dirname, 'sqls', 'STEM-up.sql');\n  return read(filePath).then(function(data) {\n    return db.runSql(data);\n  });\n};\nexports.down = function(db) {\n  return read('STEM-down.sql').then(function(data) { return db.runSql(data); });\n};\n";
    let loader = |stem: &str| LOADER.replace("STEM", stem);
    let (first, second) = (loader("20240131120000-users"), loader("20240201120000-add-mail"));
    let table: [(Layout, Files<'_>, Read<'_>); 14] = [
        (
            NodePgMigrate,
            &[
                (
                    "1706702400123_users.sql",
                    "SELECT 'never run';\n-- Up Migration\nA;\n\n-- Down Migration\nB;\n",
                ),
                ("1706702400124_mail.sql", "--- DOWN migration of it\nD;\n -- up migration\nC;\n"),
                ("20240131120000125_names.sql", "-- Up Migration\nE;\n-- Down Migration\n"),
                ("1706702400126_plain.sql", "F;\n"),
            ],
            &[],
        ),
        (
            NodePgMigrate,
            &[
                ("1706702400123_users.sql", "-- Up Migration\nA;\n\n-- Down Migration\nB;\n"),
                ("1706702400124_mail.sql", "--- DOWN migration of it\nD;\n -- up migration\nC;\n"),
                ("1706702400126_plain.sql", "F;\n"),
                ("20240131120000127_names.sql", "-- Up Migration\nE;\n-- Down Migration\n"),
            ],
            &[
                (
                    "1706702400123-users",
                    &[(Up, "-- Up Migration\nA;\n\n"), (Down, "-- Down Migration\nB;\n")],
                ),
                (
                    "1706702400124-mail",
                    &[(Up, " -- up migration\nC;\n"), (Down, "--- DOWN migration of it\nD;\n")],
                ),
                ("1706702400126-plain", &[(Up, "F;\n")]),
                ("20240131120000127-names", &[(Up, "-- Up Migration\nE;\n")]),
            ],
        ),
        (
            NodePgMigrate,
            &[("1_a.up.sql", "A;"), ("1_a.down.sql", "B;"), ("0002_b.sql", "-- Up Migration\nC;")],
            &[("1-a", &[(Up, "A;"), (Down, "B;")]), ("0002-b", &[(Up, "-- Up Migration\nC;")])],
        ),
        (
            DbMigrate,
            &[
                ("20240131120000-users.js", &first),
                ("20240201120000-add-mail.js", &second),
                ("sqls/20240131120000-users-up.sql", "A;"),
                ("sqls/20240131120000-users-down.sql", "B;"),
                ("sqls/20240201120000-add-mail-up.sql", "C;"),
                ("sqls/20240201120000-add-mail-down.sql", "/* Replace with your SQL commands */"),
                ("sqls/20240301120000-lost-up.sql", "D;"),
                ("package.json", "{}"),
            ],
            &[
                ("20240131120000-users", &[(Up, "A;"), (Down, "B;")]),
                ("20240201120000-add-mail", &[(Up, "C;")]),
            ],
        ),
        (
            DbMigrate,
            &[("20240131120000-users-up.sql", "A;"), ("20240131120000-users-down.sql", "B;")],
            &[("20240131120000-users", &[(Up, "A;"), (Down, "B;")])],
        ),
        (
            Postgrator,
            &[
                ("001.do.users table.sql", "A;"),
                ("001.undo.users table.sql", "B;"),
                ("002.do.sql", "CREATE INDEX CONCURRENTLY i ON t (x);"),
                ("010.do.add-mail.sql", "C;"),
                ("1.undone.x.sql", "never run"),
            ],
            &[
                ("001-users+20table", &[(Up, "A;"), (Down, "B;")]),
                ("002-+-", &[(BeforeUp, "CREATE INDEX CONCURRENTLY i ON t (x);")]),
                ("010-add-mail", &[(Up, "C;")]),
            ],
        ),
        (
            PostgresMigrations,
            &[
                ("1-create-initial-tables.sql", "A;"),
                (
                    "02_alter_initial_tables.sql",
                    "-- postgres-migrations disable-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);",
                ),
                ("3.sql", "C;"),
            ],
            &[
                ("1-create-initial-tables", &[(Up, "A;")]),
                (
                    "02-alter_initial_tables",
                    &[(
                        BeforeUp,
                        "-- postgres-migrations disable-transaction\nCREATE INDEX CONCURRENTLY i ON t (x);",
                    )],
                ),
                ("3-+-", &[(Up, "C;")]),
            ],
        ),
        (
            Umzug,
            &[
                ("2020.11.24T16.52.04.users-table.sql", "A;"),
                ("down/2020.11.24T16.52.04.users-table.sql", "B;"),
                ("2020.11.24T19.00.37.names.sql", "C;"),
                ("down/2020.11.24T19.00.37.names.sql", "raise 'down migration not implemented'"),
            ],
            &[
                ("20201124165204-users-table", &[(Up, "A;"), (Down, "B;")]),
                (
                    "20201124190037-names",
                    &[(Up, "C;"), (Down, "raise 'down migration not implemented'")],
                ),
            ],
        ),
        (
            Tern,
            &[
                (
                    "001_create_t1.sql",
                    "create table t1(\n  id serial primary key\n);\n\n---- create above / drop below ----\n\ndrop table t1;\n",
                ),
                (
                    "002_index.sql",
                    "---- tern: disable-tx ----\ncreate index concurrently i on t1 (id);\n---- create above / drop below ----\n-- Write your migrate down statements here.\n",
                ),
                ("003_irreversible.sql", "drop table t0;"),
                ("shared/v1_001.sql", "a template"),
            ],
            &[
                (
                    "001-create_t1",
                    &[
                        (Up, "create table t1(\n  id serial primary key\n);\n\n"),
                        (Down, "\n\ndrop table t1;\n"),
                    ],
                ),
                (
                    "002-index",
                    &[(
                        BeforeUp,
                        "---- tern: disable-tx ----\ncreate index concurrently i on t1 (id);\n",
                    )],
                ),
                ("003-irreversible", &[(Up, "drop table t0;")]),
            ],
        ),
        (
            Rambler,
            &[
                (
                    "01_foo.sql",
                    "never run\n-- rambler up\nCREATE TABLE foo (x int);\n-- rambler down\nDROP TABLE foo;\n",
                ),
                (
                    "02_bar.sql",
                    "-- rambler up\nA\n-- rambler down\nB\n-- rambler up\nC\n-- rambler down\nD\n",
                ),
                ("03_nothing.sql", "-- rambler up\n\n-- rambler down\n"),
            ],
            &[
                ("01-foo", &[(Up, "CREATE TABLE foo (x int);\n"), (Down, "DROP TABLE foo;\n")]),
                ("02-bar", &[(Up, "A\n\n;\nC\n"), (Down, "D\n\n;\nB\n")]),
                ("03-nothing", &[(Up, "-- rambler up\n")]),
            ],
        ),
        (
            Mybatis,
            &[
                ("bootstrap.sql", "not run"),
                (
                    "20090802210820_create_changelog.sql",
                    "-- // Create Changelog\nCREATE TABLE ${changelog} (ID NUMERIC(20,0));\n\n-- //@UNDO\n\nDROP TABLE ${changelog};\n",
                ),
                (
                    "20090802211335_first_migration.sql",
                    "-- // First migration.\nA '${owner}';\n--//@UNDO of it\nB;\n",
                ),
            ],
            &[
                (
                    "20090802210820-create_changelog",
                    &[
                        (
                            Up,
                            "-- // Create Changelog\nCREATE TABLE CHANGELOG (ID NUMERIC(20,0));\n\n",
                        ),
                        (Down, "-- //@UNDO\n\nDROP TABLE CHANGELOG;\n"),
                    ],
                ),
                (
                    "20090802211335-first_migration",
                    &[(Up, "-- // First migration.\nA 'ada';\n"), (Down, "--//@UNDO of it\nB;\n")],
                ),
            ],
        ),
        (
            NpmSqlite,
            &[
                ("001-initial.sql", "-- Up\nA;\n\n-- Down\nB;\n"),
                ("002-feature.sql", "A2;\n--  DOWN the table goes\nB2;\n-- down\nnever run\n"),
                ("003_plain.sql", "C;\n"),
            ],
            &[
                ("001-initial", &[(Up, "-- Up\nA;\n\n"), (Down, "-- Down\nB;\n")]),
                ("002-feature", &[(Up, "A2;\n"), (Down, "--  DOWN the table goes\nB2;\n")]),
                ("003-plain", &[(Up, "C;\n")]),
            ],
        ),
        (
            Micrate,
            &[
                (
                    "20160524162446_add_users_table.sql",
                    "-- +micrate Up\nCREATE TABLE users(id INT PRIMARY KEY);\n\n-- +micrate Down\nDROP TABLE users;\n",
                ),
                (
                    "20160524162947_add_address.sql",
                    "-- +micrate Up\n-- +micrate StatementBegin\nA;\nB\n-- +micrate StatementEnd\n",
                ),
            ],
            &[
                (
                    "20160524162446-add_users_table",
                    &[
                        (Up, "-- +micrate Up\nCREATE TABLE users(id INT PRIMARY KEY);\n\n"),
                        (Down, "-- +micrate Down\nDROP TABLE users;\n"),
                    ],
                ),
                (
                    "20160524162947-add_address",
                    &[(
                        Up,
                        "-- +micrate Up\n-- +micrate StatementBegin\nA;\nB\n-- +micrate StatementEnd\n",
                    )],
                ),
            ],
        ),
        (
            Shmig,
            &[
                (
                    "1398700000-users.sql",
                    "-- Migration: users\n-- ====  UP  ====\n\nBEGIN;\nA;\nCOMMIT;\n\n-- ==== DOWN ====\n\nBEGIN;\nB;\nCOMMIT;\n",
                ),
                ("1398700001-names.sql", "-- ==== DOWN ====\nD;\n-- ====  UP  ====\nC;\n"),
            ],
            &[
                (
                    "1398700000-users",
                    &[(Up, "\n     ;\nA;\n      ;\n\n"), (Down, "\n     ;\nB;\n      ;\n")],
                ),
                ("1398700001-names", &[(BeforeUp, "C;\n"), (BeforeDown, "D;\n")]),
            ],
        ),
    ];
    for (layout, files, expected) in table {
        if expected.is_empty() {
            // The date of 17 digits is between the milliseconds of the others, and no id says so.
            let error = error(files, Some(layout));
            assert!(error.contains("runs before"), "{error}");
            continue;
        }
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, sql)| {
                let sql = sql.iter().map(|(hook, text)| (*hook, (*text).to_owned()));
                ((*id).to_owned(), sql.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(read(files, Some(layout)), expected, "{layout}");
        if !files.iter().any(|(name, _)| name.ends_with(".up.sql")) {
            assert_eq!(read(files, None), expected, "{layout} recognised");
        }
    }
}

/// Tools that record names take two files of one number.
#[test]
fn one_number_twice() {
    let files: Files<'_> =
        &[("1_a10.sql", "-- Up Migration\nB;"), ("1_b.sql", "C;"), ("01_a.sql", "A;")];
    let read = read(files, None);
    assert_eq!(
        read.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["01-a", "1-a10", "1-b"]
    );
}

#[test]
fn outside_of_a_transaction_on_the_way_back() {
    let text = "A;\n---- create above / drop below ----\n---- tern: disable-tx ----\nB;";
    let read = read(&[("1_a.sql", text)], None);
    let back = "\n---- tern: disable-tx ----\nB;".to_owned();
    assert_eq!(read[0].1, [(Up, "A;\n".to_owned()), (BeforeDown, back)]);
}

const FIRST: &str = "--! Previous: -\n--! Hash: sha1:HASH1\n--! Message: the first\n\nSELECT 1;\n";
const SECOND: &str =
    "--! Previous: sha1:HASH1\n--! Hash: sha1:HASH2\n\n--! no-transaction\nVACUUM;\n";
const THIRD: &str = "--! Previous: sha1:HASH2\n--! Hash: sha1:wrong\n--! AllowInvalidHash\n\nGRANT x TO :OWNER; SELECT to_char(now(), 'HH24:MI:SS'), '1'::TEXT;\n";

fn committed(text: &str) -> String {
    text.replace("HASH1", HASH1).replace("HASH2", HASH2)
}

/// As graphile-migrate 1.4 computes them.
const HASH1: &str = "d30d858bf9fa5d8979af2d32c3be5e09b07da877";
const HASH2: &str = "0301366758abf62a4bf638e10c99bb05f64055ac";

#[test]
fn graphile_migrate() {
    let (first, second) = (committed(FIRST), committed(SECOND));
    let third = committed(THIRD).replace(":OWNER", ":owner");
    let files: Files<'_> = &[
        ("committed/000001-the-first.sql", &first),
        ("committed/000002.sql", &second),
        ("committed/000003-grant.sql", &third),
        ("current.sql", "not run"),
        ("committed/notes.sql", "not run"),
    ];
    let expected = [("000001-the-first", Up), ("000002-+-", BeforeUp), ("000003-grant", Up)];
    for layout in [Some(Layout::GraphileMigrate), None] {
        let read = read(files, layout);
        let found: Vec<_> = read.iter().map(|(id, sql)| (id.as_str(), sql[0].0)).collect();
        assert_eq!(found, expected);
        assert_eq!(read[1].1[0].1, second);
    }
}

#[test]
fn refused() {
    use Layout::*;
    let (first, second, third) = (committed(FIRST), committed(SECOND), committed(THIRD));
    let changed = first.replace("SELECT 1", "SELECT 2");
    let mixed = "exports.up = function(db) { return db.createTable('a', {}); };";
    let table: [(Layout, Files<'_>, &str); 32] = [
        (
            NodePgMigrate,
            &[("1_a.sql", "A;\n-- Down Migration\nB;")],
            "1_a.sql: line 2: `-- Down Migration` has no `-- Up Migration` beside it",
        ),
        (
            NodePgMigrate,
            &[("1_a.sql", "-- Up Migration\nA;\n-- Down\nB;")],
            "1_a.sql: line 3: `-- Down` marks what npm-sqlite runs on the way back, and node-pg-migrate would run it on the way forward, with the rest of the file: split the file at the mark, as node-pg-migrate has it in <number>_",
        ),
        (
            Prisma,
            &[("1_a/migration.sql", "A;\n-- Down\nB;")],
            "1_a/migration.sql: line 2: `-- Down` marks what npm-sqlite runs on the way back, and prisma would run it on the way forward, with the rest of the file: split the file at the mark, as prisma has it in ",
        ),
        (NodePgMigrate, &[("1_a.sql", "A;"), ("2_b.ts", "x")], "2_b.ts: it is code that node-pg-"),
        (NodePgMigrate, &[("1_a.sql", "A;"), ("1_a.up.sql", "x")], "have one version"),
        (NodePgMigrate, &[("1_B.sql", "A;"), ("1_a.sql", "x")], "1_B.sql: another file has its"),
        (
            DbMigrate,
            &[("1-a-up.sql", "A;"), ("1-a-b-up.sql", "B;")],
            "1-a-up.sql: another file has",
        ),
        (NodePgMigrate, &[("1_a.down.sql", "A;")], "1_a.down.sql: there is nothing that it takes"),
        (NodePgMigrate, &[("20241331120000000_a.sql", "A;")], "20241331120000000_a.sql: the vers"),
        (
            DbMigrate,
            &[("1-a.js", mixed), ("sqls/1-a-up.sql", "A;"), ("sqls/1-a-down.sql", "B;")],
            "1-a.js: it is code that db-migrate runs",
        ),
        (
            DbMigrate,
            &[("10-a-up.sql", "A;"), ("9-b-up.sql", "B;")],
            "10-a-up.sql runs before 9-b-up.sql in db-migrate",
        ),
        (Postgrator, &[("1.do.a.sql", "A;"), ("2.do.b.js", "x")], "2.do.b.js: it is code that"),
        (Postgrator, &[("1.do.a.sql", "A;"), ("01.do.b.sql", "B;")], "have one version"),
        (Postgrator, &[("1.undo.a.sql", "A;"), ("2.do.b.sql", "B;")], "1.undo.a.sql: there is"),
        (
            PostgresMigrations,
            &[("1_a.sql", "A;"), ("3_b.sql", "B;")],
            "3_b.sql: the version is not one that postgres-migrations takes",
        ),
        (PostgresMigrations, &[("1_a.sql", "A;"), ("2_b.js", "B;")], "2_b.js: it is code"),
        (Umzug, &[("users.sql", "A;")], "users.sql: the version is not one that umzug takes"),
        (Umzug, &[("1_a.sql", "A;"), ("2_b.ts", "x")], "2_b.ts: it is code that umzug runs"),
        (
            Umzug,
            &[("2_a.sql", "A;"), ("100000000000000_b.sql", "B;")],
            "100000000000000_b.sql runs before 2_a.sql in umzug, which orders by text, and the numbers of their ids would run them the other way round. Rename them to numbers of one length",
        ),
        (
            NodePgMigrate,
            &[("1706702400123_x.sql", "A;"), ("20230101000000000_y.sql", "B;")],
            "20230101000000000_y.sql runs before 1706702400123_x.sql in node-pg-migrate, which orders by the time that a number is",
        ),
        (
            Tern,
            &[("1_a.sql", "A;\n{{ template \"shared/v1.sql\" . }}\n")],
            "1_a.sql: line 2: `{{` opens a template",
        ),
        (Tern, &[("1_a.sql", "A;"), ("3_b.sql", "B;")], "3_b.sql: the version is not one"),
        (Tern, &[("1_a.sql", "-- x\n---- create above / drop below ----\nB")], "there is no SQL"),
        (
            Rambler,
            &[("1_a.sql", "-- rambler up\nA\n-- rambler Down\nB")],
            "1_a.sql: line 3: `-- rambler Down` is no mark that rambler knows",
        ),
        (
            Mybatis,
            &[("1_a.sql", "A;\n'${other}'\n-- //@UNDO\nB;")],
            "1_a.sql: line 2: `${other}` has no value",
        ),
        (
            Mybatis,
            &[("1_a.sql", "-- // a\n-- //@DELIMITER |\nA; B |\n")],
            "1_a.sql: line 2: `-- //@DELIMITER |` changes what ends a statement",
        ),
        (
            NpmSqlite,
            &[("1-a.sql", "-- Down\nB;\n-- Up\nA;")],
            "1-a.sql: line 1: `-- Down` stands before all else",
        ),
        (
            NpmSqlite,
            &[("1-a.sql", "-- 001: counters\n-- Down\nCREATE TABLE down (id int);")],
            "1-a.sql: line 2: `-- Down` stands before all else",
        ),
        (
            NodePgMigrate,
            &[("1_a.sql", "-- Up Migration\nA;\n-- DownMigration\nB;")],
            "1_a.sql: line 3: `-- DownMigration` marks what another tool runs on the way back",
        ),
        (
            Micrate,
            &[("1_a.sql", "-- +micrate Up\nA;\nCREATE TABLE b (x int)\n")],
            "1_a.sql: line 3: no line behind this one ends with `;`",
        ),
        (
            GraphileMigrate,
            &[("committed/000001-a.sql", &changed)],
            "committed/000001-a.sql: its `--! Hash:` is not that of its text",
        ),
        (
            GraphileMigrate,
            &[("committed/000002-b.sql", &second)],
            "committed/000002-b.sql: its `--! Previous:` is not the hash of the file before it",
        ),
    ];
    for (layout, files, expected) in table {
        let error = error(files, Some(layout));
        assert!(error.contains(expected), "{layout} {files:?}:\n{error}\n{expected}");
    }
    let files: Files<'_> = &[
        ("committed/000001-a.sql", &first),
        ("committed/000002-b.sql", &second),
        ("committed/000003-c.sql", &third),
    ];
    let error = error(files, None);
    assert!(error.contains("000003-c.sql: line 5: `:OWNER` has no value"), "{error}");
}

/// What one of these tools would run is never taken for another's, and never run in both directions.
#[test]
fn whose_it_is_where_names_do_not_tell() {
    let table: [(Files<'_>, &str); 5] = [
        // sqlx would run all of it.
        (&[("1_a.sql", "CREATE TABLE a (x int);\n-- Rollback\nDROP TABLE a;")], "another tool"),
        (&[("1_a.sql", "A;\n# --- !Downs\nB;")], "Play"),
        (
            &[("1_a.sql", "CREATE TABLE a (x int);\n-- Down Migration: drops it\nDROP TABLE a;")],
            "has no `-- Up Migration` beside it",
        ),
        (
            &[("1-a.sql", "-- 001: counters\n-- Down\nCREATE TABLE down (id int);")],
            "`-- Down` marks what npm-sqlite runs on the way back, and runner",
        ),
        (&[("1_a.sql", "A;"), ("1_a.rollback.sql", "B;")], "1_a.rollback.sql: by its name"),
    ];
    for (files, words) in table {
        let error = error(files, None);
        assert!(error.contains(words), "{files:?}: {error}");
    }
}

/// What a tool never runs is left out, and said.
#[test]
fn what_is_passed_over_in_a_file_is_noted() {
    const BEFORE: &str = "this SQL stands before the first mark, and TOOL does not run it";
    let table = [
        ("1_a.sql", "-- x\n\nX;\n-- Up Migration\nA;\n-- Down Migration\nB;\n", Some((3, BEFORE))),
        ("1_a.sql", "-- x\n\n-- Down Migration\nB;\n-- Up Migration\nA;\n", None),
        ("1_a.sql", "X;\n-- rambler up\nA;\n", Some((1, BEFORE))),
        ("1_a.sql", "X;\n-- +micrate Up\nA;\n", Some((1, BEFORE))),
        ("1_a.sql", "\n-- +micrate Up\nA;\n", None),
        ("1_a.sql", "X;\n-- +migrate Up\nA;\n", Some((1, BEFORE))),
        ("1_a.sql", "-- x\n-- +migrate Up\nA;\n", None),
        ("1-a.sql", "\nX;\n-- ====  UP  ====\nA;\n", Some((2, BEFORE))),
        (
            "1-a.sql",
            "A;\n-- Down\nB;\n-- Down\n-- x\nX;\n",
            Some((6, "this SQL stands behind the second `-- Down`, and TOOL does not run it")),
        ),
    ];
    for (name, text, expected) in table {
        let folder = folder(&[(name, text)]);
        let (reading, notes) = reading(folder.path(), &options(None)).unwrap();
        let tool = reading.unwrap().layout.to_string();
        let found: Vec<_> =
            notes.iter().map(|note| (note.line, note.text.replace(&tool, "TOOL"))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(line, text)| (Some(*line), (*text).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// Short numbers are filled up where text orders them otherwise, and the ledger's names find the same alterations.
#[test]
fn numbers_of_several_lengths_by_text() {
    use Layout::{Rambler, Umzug};
    let up = "-- rambler up\nA;\n";
    let table: [(Layout, Files<'_>, [&str; 3]); 4] = [
        (
            Rambler,
            &[("2_b.sql", up), ("10_c.sql", up), ("1_a.sql", up)],
            ["10_c.sql", "1_a.sql", "2_b.sql"],
        ),
        (
            Umzug,
            &[("2_b.sql", "B;"), ("10_c.sql", "C;"), ("1_a.sql", "A;")],
            ["10_c.sql", "1_a.sql", "2_b.sql"],
        ),
        (
            Umzug,
            &[("2-b.sql", "B;"), ("10-c.sql", "C;"), ("1-a.sql", "A;")],
            ["1-a.sql", "10-c.sql", "2-b.sql"],
        ),
        (
            Umzug,
            &[("2024.01.02T03.04.05.b.sql", "B;"), ("3.c.sql", "C;"), ("1.a.sql", "A;")],
            ["1.a.sql", "2024.01.02T03.04.05.b.sql", "3.c.sql"],
        ),
    ];
    for (layout, files, expected) in table {
        let read = read(files, Some(layout));
        let keys = expected.map(|name| ledger_key(tool(layout), name).unwrap());
        for (at, key) in keys.iter().enumerate() {
            let found: Vec<_> = read.iter().map(|(id, _)| key.is(&id.parse().unwrap())).collect();
            assert_eq!(found, [at == 0, at == 1, at == 2], "{read:?}");
        }
    }
}
