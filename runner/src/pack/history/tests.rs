//! Histories as wholes: from the files of each tool to alterations, and what is refused.

use super::super::{
    PackError, PackOptions, PackedComponent, folder as sql_folder, pack,
    sql_name::SqlHook::{self, BeforeDown, BeforeUp, Down, Up},
};
use super::Layout;
use std::{collections::BTreeMap, fs, path::Path};

type Files<'a> = &'a [(&'a str, &'a str)];

fn folder(files: Files<'_>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), files);
    folder
}

fn add(folder: &Path, files: Files<'_>) {
    for (name, contents) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
}

fn options(layout: Option<Layout>) -> PackOptions {
    let placeholders = BTreeMap::from([("owner".to_owned(), "ada".to_owned())]);
    let plugin = Some("acme/shop".parse().unwrap());
    PackOptions { plugin, layout, placeholders, ..PackOptions::default() }
}

/// What is read of a folder: each id with its hooks and their SQL.
fn read(files: Files<'_>, layout: Option<Layout>) -> Vec<(String, Vec<(SqlHook, String)>)> {
    let folder = folder(files);
    let read = sql_folder::read(folder.path(), &options(layout));
    let read = read.unwrap_or_else(|error| panic!("{files:?}: {error}"));
    let alterations = read.alterations.into_iter();
    alterations.map(|a| (a.id.to_string(), a.sql.into_iter().collect())).collect()
}

fn error(files: Files<'_>, layout: Option<Layout>) -> String {
    let folder = folder(files);
    let error = match pack(folder.path(), &options(layout)) {
        Ok(_) => panic!("{files:?} was packed"),
        Err(error) => error.to_string(),
    };
    let path = folder.path().display().to_string();
    error.replace(&format!("{path}/"), "").replace(&path, ".")
}

/// Packs into a folder, as the command does.
fn pack_into(source: &Path, out: &Path, bundle: bool) -> Result<Vec<PackedComponent>, PackError> {
    let shipped = Some(out.to_owned());
    let options = PackOptions { shipped, bundle, ..options(None) };
    let packed = pack(source, &options)?;
    super::super::write(&packed, out, super::super::Existing::Keep)?;
    Ok(packed)
}

#[test]
fn each_tool() {
    let table: [(Layout, Files<'_>, &[(&str, &[(SqlHook, &str)])]); 10] = [
        (
            Layout::Sqlx,
            &[
                ("2_b.sql", "B;\r\n"),
                ("10_c d.up.sql", "C"),
                ("10_c d.down.sql", "-- no-transaction\nD"),
                ("notes.md", "x"),
            ],
            &[
                ("2-b", &[(Up, "B;\r\n")]),
                ("10-c+20d", &[(Up, "C"), (BeforeDown, "-- no-transaction\nD")]),
            ],
        ),
        (
            Layout::Sqlx,
            &[
                ("0001_a.up.sql", "A"),
                ("1_other.down.sql", "B"),
                ("2_b.up.sql", "-- no-transaction"),
            ],
            &[("0001-a", &[(Up, "A"), (Down, "B")]), ("2-b", &[(BeforeUp, "-- no-transaction")])],
        ),
        (
            Layout::Diesel,
            &[
                ("2024-01-31-120000_add users/up.sql", "A"),
                ("2024-01-31-120000_add users/down.sql", "-- undo it"),
                ("20240201120000_b/up.sql", "B"),
                ("20240201120000_b/down.sql", "C"),
                ("20240201120000_b/metadata.toml", "run_in_transaction = false"),
                (".gitkeep", ""),
                ("20240301120000_c/.gitkeep", ""),
            ],
            &[
                ("20240131120000-add+20users", &[(Up, "A")]),
                ("20240201120000-b", &[(BeforeUp, "B"), (BeforeDown, "C")]),
            ],
        ),
        (
            Layout::Dbmate,
            &[
                (
                    "1_a.sql",
                    "-- a note\n\n-- migrate:up\nA;\nSELECT '-- migrate';\n\n--migrate:down transaction:false\r\nB\n",
                ),
                ("2-b.sql", "-- migrate:up transaction:false\nC\n-- migrate:down\n\n"),
                (
                    "3_c.sql",
                    "-- migrate:up\nA\n-- migrate:down\nB\n-- migrate:up\nC\n-- migrate:down\nD",
                ),
                ("schema.sql", "anything"),
            ],
            &[
                ("1-a", &[(Up, "A;\nSELECT '-- migrate';\n\n"), (BeforeDown, "B\n")]),
                ("2-+--b", &[(BeforeUp, "C\n")]),
                ("3-c", &[(Up, "A\n\n;\nC\n"), (Down, "D\n;\nB\n")]),
            ],
        ),
        (
            Layout::Goose,
            &[
                ("00002_b.sql", "-- note\n-- +goose NO TRANSACTION\n-- +goose up\nA;\n"),
                (
                    "00001_a.sql",
                    "-- +goose Up\n-- +goose StatementBegin\nA;\n-- +goose StatementEnd\n-- +goose Down\nB;",
                ),
                (
                    "00003_c.sql",
                    "-- +goose Up\n-- +goose ENVSUB ON\n'${owner}$owner$$'\n-- +goose ENVSUB OFF\n'$owner'\n-- +goose Down\n",
                ),
                ("embed.go", "package migrations"),
            ],
            &[
                (
                    "00001-a",
                    &[(Up, "-- +goose StatementBegin\nA;\n-- +goose StatementEnd\n"), (Down, "B;")],
                ),
                ("00002-b", &[(BeforeUp, "A;\n")]),
                (
                    "00003-c",
                    &[(Up, "-- +goose ENVSUB ON\n'adaada$'\n-- +goose ENVSUB OFF\n'$owner'\n")],
                ),
            ],
        ),
        (
            Layout::Flyway,
            &[
                ("V1__a.sql", "A '${owner}'"),
                ("sub/V1.10__c.sql", "C"),
                ("V1_9__b.sql", "CREATE UNIQUE INDEX CONCURRENTLY i ON t (x)"),
                ("U1.9__undo_b.sql", "B2"),
                ("V2__d.sql", "D"),
                ("V2__d.sql.conf", "executeInTransaction=false"),
                ("V20240131120000__e f.sql", "E"),
            ],
            &[
                ("1.0.0-1-a", &[(Up, "A 'ada'")]),
                (
                    "1.9.0-1.19-b",
                    &[(BeforeUp, "CREATE UNIQUE INDEX CONCURRENTLY i ON t (x)"), (Down, "B2")],
                ),
                ("1.10.0-1.210-c", &[(Up, "C")]),
                ("2.0.0-2-d", &[(BeforeUp, "D")]),
                ("20240131120000-e+20f", &[(Up, "E")]),
            ],
        ),
        (
            Layout::Flyway,
            &[
                (
                    "flyway.conf",
                    "# x\nflyway.url=jdbc:x\nflyway.sqlMigrationPrefix=M\nflyway.placeholderPrefix=@@\nflyway.placeholderSuffix=@\nflyway.placeholders.schema = s\n",
                ),
                ("M1__a.sql", "@@schema@ ${x}"),
                ("R__views.sql", "V"),
            ],
            &[
                ("1.0.0-1-a", &[(Up, "s ${x}")]),
                ("1.0.0-1.0000001-R__views-4b40dafb7a46", &[(Up, "V")]),
            ],
        ),
        (
            Layout::Refinery,
            &[
                ("V1__a.sql", "A"),
                ("below/V10__c.sql", "C ${x}"),
                ("U2__b.sql", "B"),
                ("notes.sql", "x"),
            ],
            &[("1-a", &[(Up, "A")]), ("2-+-U_b", &[(Up, "B")]), ("10-c", &[(Up, "C ${x}")])],
        ),
        (
            Layout::Runner,
            &[("1_a.sql", "A"), ("2-b.before-up.sql", "B"), ("3_c.step.sql", "C")],
            &[("1-a", &[(Up, "A")]), ("2-b", &[(BeforeUp, "B")]), ("3-c", &[(SqlHook::Step, "C")])],
        ),
        (
            Layout::GolangMigrate,
            &[
                ("1_a.up.sql", "A"),
                ("1_a.down.sql", "DROP INDEX CONCURRENTLY i"),
                ("2_b.up.sql", "-- no-transaction\nB"),
                ("2_b.sql", "x"),
            ],
            &[
                ("1-a", &[(Up, "A"), (BeforeDown, "DROP INDEX CONCURRENTLY i")]),
                ("2-b", &[(Up, "-- no-transaction\nB")]),
            ],
        ),
    ];
    for (layout, files, expected) in table {
        let expected: Vec<_> = expected
            .iter()
            .map(|(id, sql)| {
                let sql: Vec<_> =
                    sql.iter().map(|(hook, text)| (*hook, (*text).to_owned())).collect();
                ((*id).to_owned(), sql)
            })
            .collect();
        assert_eq!(read(files, Some(layout)), expected, "{layout}");
        if !matches!(layout, Layout::GolangMigrate) {
            assert_eq!(read(files, None), expected, "{layout} recognised");
        }
    }
}

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

#[test]
fn refused() {
    use Layout::*;
    let table: [(Layout, Files<'_>, &str); 45] = [
        (Sqlx, &[("x.sql", "A")], ".: nothing that sqlx would run is in it; expected <number>_"),
        (Sqlx, &[("1_a.sql", "")], "1_a.sql: it is empty"),
        (
            Sqlx,
            &[("1_a.sql", "A\n-- migrate:down\nB")],
            "1_a.sql: line 2 is another tool's mark for the way back",
        ),
        (Sqlx, &[("1_a.SQL", "A")], "1_a.SQL: the ending must be in lower case"),
        (Sqlx, &[("1_a.sql", "A"), ("01_b.sql", "B")], "01_b.sql and 1_a.sql have one version"),
        (Sqlx, &[("1_a.sql", "A"), ("1_a.up.sql", "B")], "1_a.sql and 1_a.up.sql have one version"),
        (
            Sqlx,
            &[("1_a.down.sql", "A"), ("2_a.sql", "B")],
            "1_a.down.sql: there is nothing that it takes back",
        ),
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
        (Sqlx, &[("1_a.sql", "A"), ("old/2_b.sql", "B")], "old/2_b.sql: SQL in a folder below"),
        (GolangMigrate, &[("1_a.sql", "A")], ".: nothing that golang-migrate would run"),
        (GolangMigrate, &[("1_a.up.sql", "A"), ("1_b.up.sql", "B")], "have one version"),
        (
            GolangMigrate,
            &[("1_a.up.sql", "A"), ("2_a.down.sql", "B")],
            "2_a.down.sql: there is nothing",
        ),
        (Diesel, &[("1_a/down.sql", "A")], "1_a: there is a `down.sql` and no `up.sql`"),
        (Diesel, &[("1_a/x.md", "A")], "1_a: there is neither `up.sql` nor `down.sql`"),
        (
            Diesel,
            &[("1_a/up.sql", "A"), ("1_a/more.sql", "B")],
            "1_a/more.sql: diesel passes over it",
        ),
        (Diesel, &[("1_a/up.sql", "A"), ("2_b.sql", "B")], "2_b.sql: SQL beside diesel's folders"),
        (Diesel, &[("x_a/up.sql", "A")], "x_a: the version is not one that diesel takes"),
        (Diesel, &[("1_a/up.sql", "A"), ("1_b/up.sql", "B")], "1_a and 1_b have one version"),
        (Diesel, &[("2_a/up.sql", "A"), ("10_b/up.sql", "B")], "10_b runs before 2_a in diesel"),
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
            &[("1_a.sql", "-- migrate:up\n\n-- migrate:down\nB")],
            "1_a.sql: line 1: there is no SQL",
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
            &[("2_a.sql", "-- migrate:up\nA"), ("10_b.sql", "-- migrate:up\nB")],
            "10_b.sql runs before 2_a.sql in dbmate",
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
            &[("1_a.sql", "-- +goose Up\n-- +goose Down\n")],
            "1_a.sql: line 1: there is no SQL behind",
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

#[test]
fn what_was_packed_stays_when_files_are_added() {
    let first: Files<'_> = &[
        ("V1__a.sql", "A"),
        ("V1.1__b.sql", "B"),
        ("R__v.sql", "create or replace view v as select 1"),
    ];
    let more: Files<'_> = &[
        ("V1.2__c.sql", "C"),
        ("V1.0.5__late.sql", "L"),
        ("R__w.sql", "create or replace view w as select 2"),
    ];
    let (source, out) = (folder(first), tempfile::tempdir().unwrap());
    let before = pack_into(source.path(), out.path(), false).unwrap();
    add(source.path(), more);
    let after = pack_into(source.path(), out.path(), false).unwrap();
    let names = |packed: &[PackedComponent]| -> Vec<String> {
        packed.iter().map(|p| p.file_name.clone()).collect()
    };
    assert_eq!(before.len(), 3);
    // The view is as it was: no alteration is added for it.
    assert_eq!(after.len(), 5, "{:?}", names(&after));
    for component in before.iter().filter(|c| !c.file_name.contains("R__")) {
        let same = after.iter().find(|c| c.file_name == component.file_name).unwrap();
        assert_eq!(same.bytes, component.bytes, "{}", component.file_name);
    }
    // Changed, and changed back, it comes after all that was there.
    for text in ["create or replace view v as select 3", "create or replace view v as select 1"] {
        fs::write(source.path().join("R__v.sql"), text).unwrap();
        let newest = pack_into(source.path(), out.path(), false).unwrap();
        let last = newest.last().unwrap();
        assert!(last.file_name.contains("-R__v-"), "{:?}", names(&newest));
        assert_eq!(pack_into(source.path(), out.path(), false).unwrap().len(), newest.len() - 1);
    }
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 8);
    let error = pack_into(source.path(), out.path(), true).unwrap_err().to_string();
    assert!(error.contains("cannot grow; pack without `--bundle`"), "{error}");
}

#[test]
fn ledgers_name_the_stamps_of_packed_files() {
    let table: [(Layout, Files<'_>, &str); 5] = [
        (Layout::Sqlx, &[("20240131120000_a.sql", "A")], "20240131120000"),
        (Layout::Sqlx, &[("0007_a.sql", "A")], "7"),
        (Layout::Diesel, &[("2024-01-31-120000_a/up.sql", "A")], "20240131120000"),
        (Layout::Flyway, &[("V1_2_3__a.sql", "A")], "1.2.3"),
        (Layout::Refinery, &[("V3__a.sql", "A")], "3"),
    ];
    for (layout, files, version) in table {
        let folder = folder(files);
        let read = sql_folder::read(folder.path(), &options(Some(layout))).unwrap();
        assert_eq!(
            super::ledger_stamp(version).as_ref(),
            Some(read.alterations[0].id.stamp()),
            "{files:?}"
        );
    }
}

#[test]
fn names_are_told_where_ids_hide_them() {
    let folder = folder(&[("1_añadir.sql", "A"), ("2_b.sql", "B")]);
    let read = sql_folder::read(folder.path(), &options(None)).unwrap();
    let told: Vec<_> = read.alterations.iter().map(|a| a.description.as_deref()).collect();
    assert_eq!(told, [Some("añadir"), None]);
}
