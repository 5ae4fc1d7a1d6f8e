//! `pack` of histories of other tools: each deploys as it is, grows as it grew, and is refused where it
//! cannot be understood.

use crate::{
    support::{
        Sandbox,
        servers::{Mariadb, Postgres},
    },
    transcript::{Transcript, tree},
};
use insta::assert_snapshot;
use std::{collections::BTreeMap, fs, path::PathBuf};

const TABLE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n";
const NO_TABLE: &str = "DROP TABLE users;\n";
const TRIGGER: &str = "CREATE TRIGGER no_ghosts BEFORE DELETE ON users BEGIN\n  SELECT RAISE(ABORT, 'kept; always');\nEND;\n";
const NO_TRIGGER: &str = "DROP TRIGGER no_ghosts;\n";
const ROWS: &str =
    "INSERT INTO users VALUES (1, 'Ada; -- x');\r\nINSERT INTO users VALUES (2, 'Grace');\r\n";

/// The same three changes in the layout of each tool.
fn histories() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let goose = |up: &str, down: &str| {
        format!(
            "-- +goose Up\n-- +goose StatementBegin\n{up}-- +goose StatementEnd\n\n-- +goose Down\n{down}"
        )
    };
    let dbmate = |up: &str, down: &str| format!("-- migrate:up\n{up}\n-- migrate:down\n{down}");
    vec![
        (
            "sqlx",
            vec![
                ("20240131120000_users.up.sql", TABLE.to_owned()),
                ("20240131120000_users.down.sql", NO_TABLE.to_owned()),
                ("20240201120000_kept.up.sql", TRIGGER.to_owned()),
                ("20240201120000_kept.down.sql", NO_TRIGGER.to_owned()),
                ("20240301120000_first rows.sql", ROWS.to_owned()),
            ],
        ),
        (
            "golang-migrate",
            vec![
                ("000001_users.up.sql", TABLE.to_owned()),
                ("000001_users.down.sql", NO_TABLE.to_owned()),
                ("000002_kept.up.sql", TRIGGER.to_owned()),
                ("000002_kept.down.sql", NO_TRIGGER.to_owned()),
                ("000010_rows.up.sql", ROWS.to_owned()),
            ],
        ),
        (
            "diesel",
            vec![
                ("2024-01-31-120000_users/up.sql", TABLE.to_owned()),
                ("2024-01-31-120000_users/down.sql", NO_TABLE.to_owned()),
                ("2024-02-01-120000_kept/up.sql", TRIGGER.to_owned()),
                ("2024-02-01-120000_kept/down.sql", NO_TRIGGER.to_owned()),
                ("2024-03-01-120000_rows/up.sql", ROWS.to_owned()),
                ("2024-03-01-120000_rows/down.sql", "-- Nothing to undo\n".to_owned()),
            ],
        ),
        (
            "dbmate",
            vec![
                ("20240131120000_users.sql", dbmate(TABLE, NO_TABLE)),
                ("20240201120000_kept.sql", dbmate(TRIGGER, NO_TRIGGER)),
                ("20240301120000_rows.sql", dbmate(ROWS, "")),
                ("schema.sql", "not a migration".to_owned()),
            ],
        ),
        (
            "goose",
            vec![
                ("00001_users.sql", goose(TABLE, NO_TABLE)),
                ("00002_kept.sql", goose(TRIGGER, NO_TRIGGER)),
                ("00010_rows.sql", format!("-- +goose Up\n{ROWS}")),
            ],
        ),
        (
            "flyway",
            vec![
                ("V1__users.sql", TABLE.replace("users", "${table}")),
                ("U1__users.sql", NO_TABLE.to_owned()),
                ("V1.2__kept.sql", TRIGGER.to_owned()),
                ("U1.2__kept.sql", NO_TRIGGER.to_owned()),
                ("V1.10__rows.sql", ROWS.to_owned()),
                ("flyway.conf", "flyway.placeholders.table=users\n".to_owned()),
            ],
        ),
        (
            "refinery",
            vec![
                ("V1__users.sql", TABLE.to_owned()),
                ("V2__kept.sql", TRIGGER.to_owned()),
                ("U10__rows.sql", ROWS.to_owned()),
            ],
        ),
    ]
}

/// Packs the folder `name` of the sandbox.
fn pack<'a>(name: &'a str, out: &'a str) -> [&'a str; 6] {
    ["pack", name, "--plugin", "acme/users", "--out", out]
}

#[test]
fn each_tool_as_it_is() {
    let mut texts = String::new();
    let mut dumps = BTreeMap::new();
    for (tool, files) in histories() {
        let sandbox = Sandbox::new();
        for (name, contents) in files {
            sandbox.write(&format!("{tool}/{name}"), contents);
        }
        let mut seen = Transcript::of(&sandbox);
        assert_eq!(seen.run(&pack(tool, "out")).code, Some(0), "{tool}");
        sandbox.ok(&["deploy", "out"]);
        dumps.insert(tool, sandbox.dump());
        // The rows have no way back: that is said, and names them.
        let refused = seen.run(&["rollback", "--steps", "2"]);
        assert_eq!(refused.code, Some(4), "{refused:#?}");
        texts.push_str(&seen.to_string());
        texts.push('\n');
    }
    let all: Vec<_> = dumps.values().collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{dumps:#?}");
    assert_snapshot!(texts);
}

#[test]
fn the_way_back() {
    for (tool, files) in histories().into_iter().filter(|(tool, _)| *tool != "refinery") {
        let sandbox = Sandbox::new();
        for (name, contents) in files.into_iter().filter(|(name, _)| !name.contains("rows")) {
            sandbox.write(&format!("{tool}/{name}"), contents);
        }
        sandbox.ok(&pack(tool, "out"));
        sandbox.ok(&["deploy", "out"]);
        sandbox.ok(&["rollback", "--steps", "2", "--yes"]);
        assert!(!sandbox.dump().contains("users"), "{tool}: {}", sandbox.dump());
    }
}

#[test]
fn a_version_is_a_target() {
    let sandbox = Sandbox::new();
    for (name, table) in [("V1.2__a", "a"), ("V1.10__b", "b"), ("V2__c", "c")] {
        sandbox.write(&format!("sql/{name}.sql"), format!("CREATE TABLE {table} (x INTEGER);"));
    }
    sandbox.ok(&pack("sql", "out"));
    sandbox.ok(&["deploy", "out", "--target", "acme/users@1.2.0"]);
    assert_eq!(sandbox.state(), ["acme/users 1.2.0-1.12-a applied"]);
    sandbox.ok(&["deploy", "out"]);
    assert_eq!(sandbox.state().len(), 3);
}

#[test]
fn not_in_a_transaction() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let function = "CREATE FUNCTION one() RETURNS integer AS $f$\nBEGIN\n  RETURN 1; -- one;\nEND;\n$f$ LANGUAGE plpgsql;\n";
    let index = |name: &str| format!("CREATE INDEX CONCURRENTLY {name} ON t (x);\n");
    let files = [
        (
            "goose/1_t.sql",
            format!(
                "-- +goose Up\nCREATE TABLE t (x integer);\n-- +goose StatementBegin\n{function}-- +goose StatementEnd\n-- +goose Down\nDROP FUNCTION one();\nDROP TABLE t;\n"
            ),
        ),
        (
            "goose/2_i.sql",
            format!(
                "-- +goose NO TRANSACTION\n-- +goose Up\n{}-- +goose Down\nDROP INDEX CONCURRENTLY i;\n",
                index("i")
            ),
        ),
        ("sqlx/3_j.up.sql", format!("-- no-transaction\n{}", index("j"))),
        ("sqlx/3_j.down.sql", "-- no-transaction\nDROP INDEX CONCURRENTLY j;\n".to_owned()),
        ("migrate/4_k.up.sql", index("k")),
        ("migrate/4_k.down.sql", "DROP INDEX CONCURRENTLY k;\n".to_owned()),
        ("diesel/5_l/up.sql", index("l")),
        ("diesel/5_l/down.sql", "DROP INDEX CONCURRENTLY l;\n".to_owned()),
        ("diesel/5_l/metadata.toml", "run_in_transaction = false\n".to_owned()),
        (
            "dbmate/6_m.sql",
            format!(
                "-- migrate:up transaction:false\n{}-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY m;\n",
                index("m")
            ),
        ),
        ("flyway/V7__n.sql", index("n")),
        ("flyway/U7__n.sql", "DROP INDEX CONCURRENTLY n;\n".to_owned()),
    ];
    for (name, contents) in files {
        sandbox.write(name, contents);
    }
    for tool in ["goose", "sqlx", "diesel", "dbmate", "flyway"] {
        sandbox.ok(&pack(tool, "out"));
    }
    sandbox.ok(&[&pack("migrate", "out")[..], &["--from", "golang-migrate"]].concat());
    sandbox.ok(&["deploy", "out"]);
    let indexes = "SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1";
    assert_eq!(sandbox.rows(indexes), ["i", "j", "k", "l", "m", "n"]);
    assert_eq!(sandbox.rows("SELECT one()::text"), ["1"]);
    sandbox.ok(&["rollback", "--steps", "7", "--yes"]);
    assert_eq!(sandbox.rows("SELECT count(*)::text FROM pg_tables WHERE tablename = 't'"), ["0"]);
}

#[test]
fn bodies_of_mariadb() {
    let sandbox = Sandbox::on(Mariadb::shared().database());
    sandbox.write("flyway/V1__t.sql", "CREATE TABLE t (x INT, y INT);\n");
    sandbox.write(
        "flyway/V2__double.sql",
        "DELIMITER //\nCREATE TRIGGER doubled BEFORE INSERT ON t FOR EACH ROW\nBEGIN\n  IF NEW.y IS NULL THEN\n    SET NEW.y = NEW.x * 2; -- not // yet\n  END IF;\nEND//\nDELIMITER ;\nINSERT INTO t (x) VALUES (21);\n",
    );
    sandbox.write(
        "goose/3_triple.sql",
        "-- +goose Up\n-- +goose StatementBegin\nCREATE PROCEDURE triple(IN n INT)\nBEGIN\n  INSERT INTO t VALUES (n, n * 3);\nEND;\n-- +goose StatementEnd\n-- +goose Down\nDROP PROCEDURE triple;\n",
    );
    sandbox.ok(&[&pack("flyway", "out")[..], &["--from", "flyway"]].concat());
    sandbox.ok(&pack("goose", "out"));
    sandbox.ok(&["deploy", "out"]);
    assert_eq!(sandbox.rows("SELECT CAST(y AS CHAR) FROM t"), ["42"]);
    sandbox.sql("CALL triple(2)");
    assert_eq!(sandbox.rows("SELECT CAST(y AS CHAR) FROM t ORDER BY y"), ["6", "42"]);
}

fn components(sandbox: &Sandbox, out: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    tree(&sandbox.path().join(out))
}

#[test]
fn a_folder_of_components_only_grows() {
    for (tool, files) in histories() {
        let sandbox = Sandbox::new();
        let (first, later): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(name, _)| !name.contains("rows"));
        for (name, contents) in first {
            sandbox.write(&format!("{tool}/{name}"), contents);
        }
        let packed = [&pack(tool, "out")[..], &["--from", tool]].concat();
        sandbox.ok(&packed);
        sandbox.ok(&["deploy", "out"]);
        let before = components(&sandbox, "out");
        for (name, contents) in later {
            sandbox.write(&format!("{tool}/{name}"), contents);
        }
        sandbox.ok(&packed);
        let after = components(&sandbox, "out");
        assert_eq!(after.len(), before.len() + 1, "{tool}");
        assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "{tool}");
        assert_eq!(sandbox.runner(&["check", "out"]).code, Some(3), "{tool}: one is undeployed");
        sandbox.ok(&["deploy", "out"]);
        sandbox.ok(&["check", "out"]);
    }
}

#[test]
fn repeatable_scripts_of_flyway() {
    let sandbox = Sandbox::new();
    sandbox.write("sql/V1__t.sql", "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1);");
    sandbox.write("sql/R__v.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT x FROM t;");
    let mut seen = Transcript::of(&sandbox);
    seen.run(&pack("sql", "out"));
    sandbox.ok(&["deploy", "out"]);
    sandbox.write("sql/V2__u.sql", "CREATE TABLE u (x INTEGER);");
    seen.note("Another version, and the script as it was.");
    seen.run(&pack("sql", "out"));
    sandbox.ok(&["deploy", "out"]);
    sandbox.write("sql/R__v.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT x + 1 FROM t;");
    seen.note("The script is another.");
    seen.run(&pack("sql", "out"));
    sandbox.ok(&["deploy", "out"]);
    assert_eq!(sandbox.rows("SELECT CAST(\"x + 1\" AS TEXT) FROM v"), ["2"]);
    let grown = sandbox.dump();
    fs::remove_file(sandbox.database()).expect("a database");
    sandbox.ok(&["deploy", "out"]);
    assert_eq!(sandbox.dump(), grown, "a new database becomes the same");
    assert_snapshot!(seen);
}

#[test]
fn an_edit_inside_a_bundle_is_found() {
    let sandbox = Sandbox::new();
    for (name, table) in [("1_a", "a"), ("2_b", "b"), ("3_c", "c")] {
        let create = format!("CREATE TABLE {table} (x INTEGER);");
        sandbox.write(&format!("sqlx/{name}.sql"), &create);
        sandbox.write(&format!("sql/1.0.0-{}.sql", name.replace('_', "-")), create);
    }
    let mut seen = Transcript::of(&sandbox);
    seen.refused_to_write(&[&pack("sqlx", "out")[..], &["--bundle"]].concat());
    let packed = [&pack("sql", "out")[..], &["--bundle"]].concat();
    sandbox.ok(&packed);
    sandbox.ok(&["deploy", "out"]);
    sandbox.write("sql/1.0.0-2-b.sql", "CREATE TABLE b (x INTEGER, y INTEGER);");
    seen.refused_to_write(&packed);
    sandbox.ok(&[&packed[..], &["--replace"]].concat());
    assert_eq!(seen.run(&["check", "out"]).code, Some(4));
    assert_eq!(seen.run(&["plan", "out"]).code, Some(4));
    assert_snapshot!(seen);
}

#[test]
fn what_cannot_be_understood() {
    let sandbox = Sandbox::new();
    let files = [
        ("two-tools/V1__a.sql", "SELECT 1;"),
        ("in-doubt/1_a.up.sql", "CREATE INDEX CONCURRENTLY i ON t (x);"),
        ("both/1_a.sql", "-- +goose Up\nSELECT 1;"),
        ("both/2_b.sql", "-- migrate:up\nSELECT 1;"),
        ("sideways/1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:sideways\n"),
        ("foo/1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Foo\n"),
        ("no-value/R__v.sql", "SELECT 1;"),
        ("no-value/V1__a.sql", "SELECT 1;\n\nGRANT ALL ON t TO ${owner};"),
        ("quote/1_a.sql", "SELECT 1;\nSELECT 'x;\n"),
        ("dollar/1_a.sql", "DO $$\nBEGIN\nEND;\n"),
        ("copy/1_a.sql", "CREATE TABLE t (x text);\nCOPY t FROM stdin;\na\n\\.\n"),
        ("version/1_a.sql", "SELECT 1;"),
        ("version/01_b.sql", "SELECT 1;"),
        ("java/V1__a.sql", "SELECT 1;"),
        ("java/V2__b.java", "class V2__b {}"),
        ("down/1_a/down.sql", "SELECT 1;"),
        ("\u{1b}[31mred/1_a.sql", "SELECT 'x"),
    ];
    for (name, contents) in files {
        sandbox.write(name, contents);
    }
    sandbox.write("utf16/1_a.sql", b"\xff\xfeS\0");
    let mut seen = Transcript::of(&sandbox);
    for source in [
        "two-tools",
        "in-doubt",
        "both",
        "sideways",
        "foo",
        "no-value",
        "quote",
        "dollar",
        "copy",
        "version",
        "down",
        "utf16",
        "\u{1b}[31mred",
    ] {
        seen.refused_to_write(&pack(source, "out"));
    }
    seen.refused_to_write(&[&pack("java", "out")[..], &["--from", "flyway"]].concat());
    seen.refused_to_write(&[&pack("sideways", "out")[..], &["--from", "diesel"]].concat());
    let run = seen.run(&[&pack("foo", "out")[..], &["--from", "rails"]].concat());
    assert_eq!(run.code, Some(2));
    let run = seen.run(&[&pack("foo", "out")[..], &["--placeholder", "x"]].concat());
    assert_eq!(run.code, Some(2));
    assert_snapshot!(seen);
}
