//! What is read of each tool's files.

use super::{Files, read};
use crate::{
    Layout,
    sql_name::SqlHook::{self, BeforeDown, BeforeUp, Down, Up},
};

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
