//! What is read of sql-migrate, Sqitch and Liquibase, and what is refused.

use super::{Files, error, folder, options, read};
use crate::{
    Layout, folder as sql_folder, pack,
    sql_name::SqlHook::{self, BeforeDown, BeforeUp, Down, Up},
};

type Expected<'a> = &'a [(&'a str, &'a [(SqlHook, &'a str)])];

fn compare(layout: Layout, files: Files<'_>, expected: Expected<'_>) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(id, hooks)| {
            let hooks: Vec<_> = hooks.iter().map(|(h, text)| (*h, (*text).to_owned())).collect();
            ((*id).to_owned(), hooks)
        })
        .collect();
    assert_eq!(read(files, Some(layout)), expected, "{files:?}");
    // Names and marks show it.
    assert_eq!(read(files, None), expected, "{files:?}");
}

#[test]
fn sql_migrate() {
    let table: [(Files<'_>, Expected<'_>); 4] = [
        (
            &[
                (
                    "20240201-b.sql",
                    "passed over;\n-- +migrate Up\n-- a note\nA;\n\n-- +migrate Down\nB;\n",
                ),
                (
                    "9-a.sql",
                    "-- +migrate Up notransaction\nA;\n-- +migrate Down notransaction\nB;\n",
                ),
                ("10_c.sql", "-- +migrate Up\nA; B;\nC -- x\n;\n"),
                ("zeta.sql", "-- +migrate Up\nA;\n"),
            ],
            &[
                ("9-a", &[(BeforeUp, "A;\n"), (BeforeDown, "B;\n")]),
                ("10-_c", &[(Up, "A; B;\nC -- x\n;\n")]),
                ("20240201-b", &[(Up, "-- a note\nA;\n\n"), (Down, "B;\n")]),
                ("0.0.0-191708566000000000000-zeta", &[(Up, "A;\n")]),
            ],
        ),
        // Several parts are one, with their lines where they were.
        (
            &[(
                "1-a.sql",
                "-- +migrate Up\nA;\n-- +migrate Down\nB;\n-- +migrate Up\nC;\n-- +migrate Down\nD;\n",
            )],
            &[("1-a", &[(Up, "A;\n\n\n\nC;\n"), (Down, "B;\n\n\n\nD;\n")])],
        ),
        // A comment inside of a statement is no part of it, whatever the statement is.
        (
            &[(
                "1-a.sql",
                "-- +migrate Up\n-- +migrate StatementBegin\nCREATE FUNCTION f() AS '\nA;\n-- gone\n--stays\nB;\n';\n-- +migrate StatementEnd\nC;\n",
            )],
            &[("1-a", &[(Up, "\nCREATE FUNCTION f() AS '\nA;\n--stays\nB;\n';\n\n\nC;\n")])],
        ),
        (
            &[("1-a.sql", "-- +migrate Up\n-- +migrate Down\n-- nothing\n")],
            &[("1-a", &[(Up, "-- nothing\n")])],
        ),
    ];
    for (files, expected) in table {
        compare(Layout::SqlMigrate, files, expected);
    }
}

#[test]
fn the_order_of_sql_migrate_is_that_of_ids() {
    let names = [
        "1-a.sql",
        "01-b.sql",
        "2.sql",
        "10.sql",
        "20240101-add.sql",
        "20240101-remove.sql",
        "20240101120000-x.sql",
        "9223372036854775807-last.sql",
        "a.sql",
        "create_users.sql",
        "create_users_and_more_of_them_too.sql",
        "view.sql",
    ];
    let mut files: Vec<(&str, &str)> =
        names.iter().map(|name| (*name, "-- +migrate Up\nA;\n")).collect();
    files.reverse();
    let ids: Vec<String> =
        read(&files, Some(Layout::SqlMigrate)).into_iter().map(|(id, _)| id).collect();
    let expected: Vec<String> = {
        let mut sorted = names.to_vec();
        // As text: `01` comes before `1`.
        sorted.swap(0, 1);
        sorted.iter().map(|name| super::super::sql_migrate::id(name).unwrap().to_string()).collect()
    };
    assert_eq!(ids, expected);
}

const PLAN: &str = "%syntax-version=1.0.0\n%project=shop\n%uri=https://example.org/\n\n";

#[test]
fn sqitch() {
    let plan = format!(
        "{PLAN}users 2024-01-31T12:00:00Z Ada <ada@example.org> # Makes users.\norders [users] 2024-01-31T12:00:00Z Ada <ada@example.org>\n@v1 2024-02-01T00:00:00Z Ada <ada@example.org>\n\nviews/all [orders @v1] 2023-01-01T00:00:00Z Ada <ada@example.org>\nusers [users@v1] 2024-03-01T00:00:00Z Ada <ada@example.org>\n"
    );
    let frame = "BEGIN;\nA;\nCOMMIT;\n";
    let unframed = "     ;\nA;\n      ;\n";
    let files: Files<'_> = &[
        ("sqitch.plan", &plan),
        ("sqitch.conf", "[core]\n\tengine = pg\n[deploy \"variables\"]\n  owner = bob\n"),
        ("deploy/users@v1.sql", frame),
        ("revert/users@v1.sql", frame),
        ("deploy/orders.sql", "SET x = 1;\nBEGIN;\nA :owner :'owner' x::text :none;\nCOMMIT;\n"),
        ("deploy/views/all.sql", "A;\nB;\n"),
        ("verify/views/all.sql", "BEGIN;\nSELECT 1;\nROLLBACK;\n"),
        ("deploy/users.sql", frame),
        ("revert/users.sql", "VACUUM;\n"),
    ];
    let folder = folder(files);
    let found = sql_folder::read(folder.path(), &options(None)).unwrap();
    let ids: Vec<_> = found.alterations.iter().map(|one| one.id.to_string()).collect();
    let expected = [
        "20240131120000-users",
        "20240131120001-orders",
        "20240131120002-views+2Fall",
        "20240301000000-users",
    ];
    assert_eq!(ids, expected);
    let needs: Vec<Vec<String>> = found
        .alterations
        .iter()
        .map(|one| one.needs.iter().map(ToString::to_string).collect())
        .collect();
    let [users, orders] = [expected[0].to_owned(), expected[1].to_owned()];
    assert_eq!(needs, [vec![], vec![users.clone()], vec![orders], vec![users]]);
    let text = |at: usize, hook| {
        found.alterations[at].sql.text(hook, crate::alteration::Dialect::Postgresql).to_owned()
    };
    assert_eq!((text(0, Up).as_str(), text(0, Down).as_str()), (unframed, unframed));
    assert!(text(1, Up).contains("A ada 'ada' x::text :none;"), "{}", text(1, Up));
    assert_eq!(text(2, BeforeUp), "A;\nB;\n");
    assert_eq!(text(3, BeforeDown), "VACUUM;\n");
    let checks: Vec<_> =
        found.alterations.iter().flat_map(|one| one.checks.values().cloned()).collect();
    assert_eq!(checks, ["      \nSELECT 1;\n"]);
    assert_eq!(found.alterations[0].description.as_deref(), Some("Makes users."));
    let packed = pack(folder.path(), &options(None)).unwrap();
    let dialects: Vec<_> = packed[0].manifest.dialects.iter().map(|d| d.as_str()).collect();
    assert_eq!(dialects, ["postgresql"]);
}

#[test]
fn liquibase() {
    let table: [(Files<'_>, Expected<'_>); 3] = [
        (
            &[(
                "001-init.sql",
                "--liquibase formatted sql\n\n--changeset alice:1\n--comment: why\nA;\n--rollback B;\n--rollback C;\n\n--changeset bob:\"two words\" runInTransaction:false\nD;\n/* liquibase rollback\nE;\n*/\n--CHANGESET alice:3 splitStatements:false endDelimiter://\nF;\nEND//\n--rollback empty\n--changeset alice:4\nG\n--rollback changesetId:1 changesetAuthor:alice\n",
            )],
            &[
                ("001000001-alice-1", &[(Up, "A;\n"), (Down, "B;\nC;\n")]),
                ("001000002-bob-two+20words", &[(BeforeUp, "D;\n"), (BeforeDown, "E;\n")]),
                ("001000003-alice-3", &[(Up, "F;\nEND;\n"), (Down, "SELECT 1;\n")]),
                ("001000004-alice-4", &[(Up, "G\n"), (Down, "A;\n")]),
            ],
        ),
        (
            &[
                ("b/z.sql", "-- liquibase formatted sql\n--changeset a:1\nC '${owner}';\n"),
                (
                    "a.sql",
                    "--liquibase formatted sql\n--property name:table value:t1\n--changeset a:1\nA ${table};\n--ignoreLines:1\nX\n--ignoreLines:start\nY\n--ignoreLines:end\nB;\n--changeset a:2 dbms:oracle\nNo;\n",
                ),
                ("b/raw.sql", "R;\n"),
            ],
            &[
                ("0.0.0-166150000000000000000.000001-a-1", &[(Up, "A t1;\n\n\n\n\n\nB;\n")]),
                ("0.0.0-167168366881500000000.000001-includeAll-raw", &[(Up, "R;\n")]),
                ("0.0.0-167169115000000000000.000001-a-1", &[(Up, "C 'ada';\n")]),
            ],
        ),
        (
            &[("1.sql", "--liquibase formatted sql\n--changeset a:1\n--rollback not required\n")],
            &[("1000001-a-1", &[(Up, "-- nothing\n"), (Down, "SELECT 1;\n")])],
        ),
    ];
    for (files, expected) in table {
        compare(Layout::Liquibase, files, expected);
    }
}

#[test]
fn a_changeset_for_some_databases_is_needed_on_these() {
    use crate::alteration::Dialect::{Mariadb, Mysql};
    let folder = folder(&[(
        "1.sql",
        "--liquibase formatted sql\n--changeset a:1\nA;\n--changeset a:2 dbms:mysql,mariadb\nB;\n",
    )]);
    let found = sql_folder::read(folder.path(), &options(None)).unwrap();
    assert!(found.alterations[0].needed_on.is_empty());
    assert_eq!(found.alterations[1].needed_on, [Mysql, Mariadb].into());
}

#[test]
fn what_is_added_changes_no_other_id() {
    let ids = |files: Files<'_>| -> Vec<String> {
        read(files, Some(Layout::Liquibase)).into_iter().map(|(id, _)| id).collect()
    };
    const ONE: &str = "--liquibase formatted sql\n--changeset a:1\nA;\n";
    const TWO: &str = "--liquibase formatted sql\n--changeset a:1\nA;\n--changeset a:2\nB;\n";
    let before = ids(&[("customers.sql", ONE), ("payments.sql", ONE)]);
    let after = ids(&[("customers.sql", TWO), ("orders.sql", ONE), ("payments.sql", TWO)]);
    assert_eq!(after.len(), 5);
    assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
}

#[test]
fn a_changeset_that_runs_on_change_is_an_alteration_for_each_text() {
    let file = |text: &str, more: &str| {
        format!(
            "--liquibase formatted sql\n--changeset a:1\nA;\n--changeset a:v runOnChange:true\n{text}\n--changeset a:2\nB;\n{more}"
        )
    };
    let (source, out) = (folder(&[("1.sql", &file("V1;", ""))]), tempfile::tempdir().unwrap());
    let pack_again = |text: &str, more: &str| -> Vec<String> {
        std::fs::write(source.path().join("1.sql"), file(text, more)).unwrap();
        let shipped = Some(out.path().to_owned());
        let packed = pack(source.path(), &crate::PackOptions { shipped, ..options(None) });
        let packed = packed.unwrap();
        crate::write(&packed, out.path(), crate::Existing::Keep).unwrap();
        packed.into_iter().map(|component| component.file_name).collect()
    };
    let first = pack_again("V1;", "");
    assert_eq!(first.len(), 3);
    // In its turn at first.
    assert!(first[1].starts_with("1000002-R__a-v-"), "{first:?}");
    assert_eq!(pack_again("V1;", ""), [first[0].clone(), first[2].clone()]);
    // Then behind all that there are.
    let changed = pack_again("V2;", "--changeset a:3\nC;\n");
    assert!(changed[2].starts_with("1000004-a-3"), "{changed:?}");
    assert!(changed[3].starts_with("1000004.0.0-1000004.0000001-R__a-v-"), "{changed:?}");
    assert_eq!(pack_again("V2;", "--changeset a:3\nC;\n").len(), 3);
    let back = pack_again("V1;", "--changeset a:3\nC;\n");
    assert!(back[3].starts_with("1000004.0.0-1000004.0000002-R__a-v-"), "{back:?}");
}

#[test]
fn refused() {
    use Layout::*;
    let plan = |lines: &str| format!("{PLAN}{lines}");
    let who = "2024-01-31T12:00:00Z Ada <ada@example.org>";
    let head = "--liquibase formatted sql\n";
    let table: Vec<(Layout, Vec<(&str, String)>, &str)> = vec![
        (SqlMigrate, vec![("1-a.sql", "A;".into())], "1-a.sql: it holds neither `-- +migrate Up`"),
        (
            SqlMigrate,
            vec![("1-a.sql", "-- +migrate Up\nA;\n\nB\n".into())],
            "1-a.sql: line 4: the statement that begins here has no `;`",
        ),
        (
            SqlMigrate,
            vec![("1-a.sql", "-- +migrate Up\nA;\n-- +migrate down\nB;\n".into())],
            "1-a.sql: line 3: `-- +migrate down` is no mark",
        ),
        (
            SqlMigrate,
            vec![("1-a.sql", "-- +migrate Up\n-- +migrate StatementBegin\nA;\n".into())],
            "1-a.sql: line 2: `-- +migrate StatementBegin` has no StatementEnd",
        ),
        (
            SqlMigrate,
            vec![("99999999999999999999-a.sql", "-- +migrate Up\nA;\n".into())],
            "the version is not one that sql-migrate takes",
        ),
        (
            SqlMigrate,
            vec![
                ("20240101-add.sql", "-- +migrate Up\nA;\n".into()),
                ("20240101-add-more.sql", "-- +migrate Up\nA;\n".into()),
            ],
            "20240101-add-more.sql runs before 20240101-add.sql in sql-migrate",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", plan(&format!("a {who}\n")))],
            "sqitch.plan: line 5: a has no deploy/a.sql",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", format!("a {who}\n"))],
            "line 1: the plan has no `%project=`",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", plan(&format!("a [b] {who}\nb {who}\n")))],
            "line 5: a requires `b`, which does not stand before it",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", plan(&format!("a {who}\nb [!a] {who}\n")))],
            "line 6: b conflicts with a of line 5",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", plan(&format!("a {who}\nb [other:x] {who}\n")))],
            "line 6: `other:x` is of another project, other",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", plan(&format!("a {who}\na {who}\n")))],
            "line 6: the change a is there already, in line 5",
        ),
        (Sqitch, vec![("sqitch.plan", plan("a\n"))], "line 5: expected `name [dependencies]"),
        (
            Sqitch,
            vec![
                ("sqitch.plan", plan(&format!("a {who}\n"))),
                ("deploy/a.sql", "A;\n\\i other.sql\n".into()),
            ],
            "deploy/a.sql: line 2: ",
        ),
        (
            Sqitch,
            vec![
                ("sqitch.plan", plan(&format!("a {who}\n"))),
                ("sqitch.conf", "[core]\nengine = sqlite\n".into()),
                ("deploy/a.sql", "A;\n.read x.sql\n".into()),
            ],
            "deploy/a.sql: line 2: `.read x.sql` is a command of the database's client",
        ),
        (
            Sqitch,
            vec![
                ("sqitch.plan", plan(&format!("a {who}\n"))),
                ("deploy/a.sql", "A :'schema';\n".into()),
            ],
            "deploy/a.sql: line 1: `:'schema'` has no value; give it with `--placeholder schema=VALUE`",
        ),
        (
            Sqitch,
            vec![("sqitch.plan", plan("")), ("sqitch.conf", "[core]\nengine = oracle\n".into())],
            "sqitch.conf: the engine oracle is of a database that the runner does not know",
        ),
        (
            Liquibase,
            vec![("1.sql", format!("{head}A;\n--changeset a:1\nB;\n"))],
            "1.sql: line 2: there is SQL before the first mark",
        ),
        (
            Liquibase,
            vec![("1.sql", format!("{head}--changeset a\nB;\n"))],
            "1.sql: line 2: `--changeset a` is no mark",
        ),
        (
            Liquibase,
            vec![(
                "1.sql",
                format!(
                    "{head}--changeset a:1\n--preconditions onFail:MARK_RAN\n--precondition-sql-check expectedResult:0 SELECT 1\nB;\n"
                ),
            )],
            "1.sql: line 3: `--preconditions onFail:MARK_RAN` decides from the database",
        ),
        (
            Liquibase,
            vec![(
                "1.sql",
                format!(
                    "{head}--changeset a:1\n--preconditions onFail:HALT\n--precondition-sql-check expectedResult:0 SELECT 1\nB;\n"
                ),
            )],
            "1.sql: line 4: `--precondition-sql-check",
        ),
        (
            Liquibase,
            vec![("1.sql", format!("{head}--changeset a:1\nA;\n--changeset a:1\nB;\n"))],
            "1.sql: line 4: this changeset is in the file twice",
        ),
        (
            Liquibase,
            vec![("1.sql", format!("{head}--changeset a:1 runAlways:true\nB;\n"))],
            "1.sql: line 2: `runalways` runs again",
        ),
        (
            Liquibase,
            vec![("1.sql", format!("{head}--changeset a:1 context:test\nB;\n"))],
            "1.sql: line 2: `context` is chosen by `--contexts`",
        ),
        (
            Liquibase,
            vec![("1.sql", format!("{head}--changeset a:1\nB ${{other}};\n"))],
            "1.sql: line 3: `${other}` has no value",
        ),
        (
            Liquibase,
            vec![
                ("1.sql", format!("{head}--changeset a:1\nB;\n")),
                ("root.yaml", "databaseChangeLog:\n".into()),
            ],
            "root.yaml: a changelog of Liquibase that is no SQL",
        ),
        (
            Runner,
            vec![("1-a.sql", "SELECT 1;\n{{ if x }}\nB;\n{{ end }}".into())],
            "1-a.sql: line 2: `{{` opens a template",
        ),
    ];
    for (layout, files, expected) in table {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let error = error(&files, Some(layout));
        assert!(error.contains(expected), "{layout} {files:?}:\n{error}\n{expected}");
    }
    let table: [(Files<'_>, &str); 5] = [
        (
            &[("changelog.xml", "<databaseChangeLog>")],
            "changelog.xml: a changelog of Liquibase that is no SQL",
        ),
        (&[("1_a.up.fizz", "x")], "1_a.up.fizz: Fizz, which only pop reads"),
        (
            &[("1_a.postgres.up.sql", "A"), ("1_a.cockroach.up.sql", "A")],
            "1_a.cockroach.up.sql: a file of pop for one database: rename",
        ),
        (
            &[("1_a.go", "func init() { goose.AddMigration(up, down) }")],
            "1_a.go: it is code that goose runs",
        ),
        (
            &[("1-a.sql", "-- +migrate Up\nA;\n"), ("2_b.sql", "-- +goose Up\nB;\n")],
            "this folder fits sql-migrate and goose",
        ),
    ];
    for (files, expected) in table {
        let error = error(files, None);
        assert!(error.contains(expected), "{files:?}:\n{error}\n{expected}");
    }
}
