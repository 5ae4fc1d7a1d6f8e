//! `runner baseline`: a database that has its tables already, adopted by name or by the ledger of the
//! tool that made them.

mod ledgers;
mod registries;

use crate::support::{Place, Sandbox};

const SHOP: [(&str, &str, &str); 3] = [
    ("1.0.0-1-people", "CREATE TABLE people (id INTEGER)", "DROP TABLE people"),
    ("1.0.0-2-pets", "CREATE TABLE pets (id INTEGER)", "DROP TABLE pets"),
    ("1.1.0-3-toys", "CREATE TABLE toys (id INTEGER)", "DROP TABLE toys"),
];

/// A database with the first two tables, and the files of all three.
fn grown(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    sandbox.sql("CREATE TABLE people (id INTEGER); CREATE TABLE pets (id INTEGER);");
    sandbox.sql_plugin("acme/shop", &SHOP);
    sandbox
}

/// A ledger that says that version 1 and 2 are applied, as its tool makes it.
fn ledger(tool: &str) -> &'static str {
    match tool {
        "sqlx" => {
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description VARCHAR(99), success BOOLEAN NOT NULL);
             INSERT INTO _sqlx_migrations VALUES (2, 'pets', TRUE), (1, 'people', TRUE);"
        }
        "golang-migrate" => {
            "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, dirty BOOLEAN NOT NULL);
             INSERT INTO schema_migrations VALUES (2, FALSE);"
        }
        "diesel" => {
            "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY, run_on TIMESTAMP NULL);
             INSERT INTO __diesel_schema_migrations (version) VALUES ('1'), ('0002');"
        }
        "dbmate" => {
            "CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY);
             INSERT INTO schema_migrations VALUES ('1'), ('2');"
        }
        "goose" => {
            "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY, version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL);
             INSERT INTO goose_db_version VALUES (1, 0, TRUE), (2, 1, TRUE), (3, 2, TRUE), (4, 3, TRUE), (5, 3, FALSE);"
        }
        "flyway" => {
            "CREATE TABLE flyway_schema_history (installed_rank INTEGER PRIMARY KEY, version VARCHAR(50), type VARCHAR(20) NOT NULL, success BOOLEAN NOT NULL);
             INSERT INTO flyway_schema_history VALUES (1, '1', 'BASELINE', TRUE), (2, '2', 'SQL', TRUE), (3, NULL, 'SQL', TRUE);"
        }
        "refinery" => {
            "CREATE TABLE refinery_schema_history (version INTEGER PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255));
             INSERT INTO refinery_schema_history (version, name) VALUES (1, 'people'), (2, 'pets');"
        }
        other => panic!("{other}"),
    }
}

const TOOLS: [&str; 7] =
    ["sqlx", "golang-migrate", "diesel", "dbmate", "goose", "flyway", "refinery"];

#[test]
fn ledgers_of_all_tools_on_all_databases() {
    for place in Place::ALL {
        for tool in TOOLS {
            let sandbox = grown(place);
            sandbox.sql(ledger(tool));
            let before = sandbox.dump();
            let args = ["baseline", "plugins", "--from", tool];
            let shown = sandbox.ok(&[&args[..], &["--dry-run"]].concat());
            assert!(
                shown.stdout.contains("2 alterations to record"),
                "{place:?} {tool}: {shown:#?}"
            );
            assert!(shown.stdout.contains("1.1.0-3-toys  (left: stays pending)"), "{shown:#?}");
            let run = sandbox.ok(&args);
            assert_eq!(run.stdout, "Recorded 2 alterations as applied; none of them ran.\n");
            assert_eq!(sandbox.dump(), before, "{place:?} {tool}: nothing ran");
            let recorded = ["acme/shop 1.0.0-1-people applied", "acme/shop 1.0.0-2-pets applied"];
            assert_eq!(sandbox.state(), recorded, "{place:?} {tool}");
            assert!(sandbox.ok(&args).stdout.ends_with("nothing to record.\n"), "twice is once");
        }
    }
}

#[test]
fn what_was_recorded_goes_on_as_any_other() {
    for place in Place::ALL {
        let sandbox = grown(place);
        sandbox.ok(&["baseline", "plugins", "--to", "acme/shop@1.0.0", "--yes"]);
        assert_eq!(sandbox.runner(&["check", "plugins"]).code, Some(3));
        sandbox.ok(&["deploy", "plugins"]);
        sandbox.ok(&["check", "plugins"]);
        // Back to nothing, from the archive.
        std::fs::remove_dir_all(sandbox.path().join("plugins")).expect("plugins");
        let back = ["rollback", "--plugin", "acme/shop", "--to", "none"];
        let asked = sandbox.runner(&back);
        assert_eq!(asked.code, Some(4), "{asked:#?}");
        assert!(asked.stderr.contains("recorded by a baseline and never ran here"), "{asked:#?}");
        assert_eq!(sandbox.state().len(), 3);
        sandbox.ok(&[&back[..], &["--baselined", "allow"]].concat());
        let events =
            "SELECT event FROM alteration_history WHERE id = '1.0.0-2-pets' ORDER BY sequence";
        let events = sandbox.rows(events);
        assert_eq!(events, ["baseline", "started", "done"], "{place:?}");
        let mut dump = sandbox.dump();
        dump.make_ascii_lowercase();
        assert!(!dump.contains("create table"), "{place:?}: {dump}");
    }
}

#[test]
fn by_name() {
    let table = [
        (vec!["acme/shop@1.0.0-1-people"], 1),
        (vec!["acme/shop@1.0.0"], 2),
        (vec!["acme/shop@latest"], 3),
        (vec!["acme/shop@1.0.0", "acme/toys@latest"], 3),
    ];
    for (to, count) in table {
        let sandbox = grown(Place::Sqlite);
        sandbox.sql_plugin("acme/toys", &[("1-x", "SELECT 1", "")]);
        let mut args = vec!["baseline", "plugins", "--format", "json"];
        for end in &to {
            args.extend(["--to", end]);
        }
        let json: serde_json::Value = serde_json::from_str(&sandbox.ok(&args).stdout).unwrap();
        assert_eq!(json["recorded"].as_array().unwrap().len(), count, "{to:?}: {json}");
        assert_eq!(sandbox.state().len(), count);
    }
}

#[test]
fn what_cannot_be_recorded_is_told_and_nothing_is() {
    let broken = ledger("sqlx").replace("(2, 'pets', TRUE)", "(2, 'pets', FALSE)");
    let dirty = ledger("golang-migrate").replace("FALSE);", "TRUE);");
    let other = ledger("golang-migrate").replace("(2,", "(20240101000000,");
    let table: [(&str, &[&str], i32, &str); 14] = [
        (&other, &["--from", "golang-migrate"], 1, "20240101000000 is applied, and no file"),
        (ledger("golang-migrate"), &["--from", "dbmate"], 1, "dirty is golang-migrate's"),
        (
            "CREATE VIEW _sqlx_migrations (version, success) AS
             WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i, 1 FROM r;",
            &["--from", "sqlx"],
            1,
            "no table _sqlx_migrations",
        ),
        (ledger("sqlx"), &["--from", "goose"], 1, "no table goose_db_version"),
        (ledger("sqlx"), &["--from", "sqlx", "--ledger", "pets"], 1, "it has no column version"),
        (ledger("sqlx"), &["--from", "sqlx", "--ledger", "a b"], 2, "is no name of a table"),
        (&broken, &["--from", "sqlx"], 1, "2 did not succeed"),
        (&dirty, &["--from", "golang-migrate"], 1, "2 did not succeed"),
        (
            "CREATE TABLE schema_migrations (version TEXT); INSERT INTO schema_migrations VALUES ('9');",
            &["--from", "dbmate"],
            1,
            "9 is applied, and no file of acme/shop has that version",
        ),
        (
            "CREATE TABLE schema_migrations (version TEXT); INSERT INTO schema_migrations VALUES ('\u{1b}[2J');",
            &["--from", "dbmate"],
            1,
            "which is no version",
        ),
        ("", &["--to", "acme/pets@latest"], 1, "no file is of acme/pets"),
        ("", &["--to", "acme/shop@1.0.0-9-x"], 1, "no file has acme/shop 1.0.0-9-x"),
        ("", &["--to", "acme/shop"], 2, "names no alteration"),
        ("", &[], 2, "required"),
    ];
    for (sql, args, code, words) in table {
        let sandbox = grown(Place::Sqlite);
        sandbox.sql(sql);
        let run = sandbox.runner(&[&["baseline", "plugins"], args].concat());
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        assert!(run.stderr.contains(words), "{args:?}: {run:#?}");
        assert!(!run.stderr.contains('\u{1b}'), "{run:#?}");
        let own = "SELECT count(*) FROM sqlite_schema WHERE name = 'alteration_state'";
        assert_eq!(sandbox.rows(own), ["0"], "{args:?}");
    }
}

#[test]
fn several_plugins_have_one_ledger_each() {
    let sandbox = grown(Place::Sqlite);
    sandbox.sql_plugin("acme/toys", &[("1-x", "SELECT 1", "")]);
    sandbox.sql(ledger("sqlx"));
    let run = sandbox.runner(&["baseline", "plugins", "--from", "sqlx"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("acme/shop, acme/toys"), "{run:#?}");
    sandbox.ok(&["baseline", "plugins", "--from", "sqlx", "--plugin", "acme/shop"]);
    assert_eq!(sandbox.state().len(), 2);
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/shop", &SHOP);
    for args in [["--to", "acme/shop@latest"], ["--from", "sqlx"]] {
        let run = sandbox.runner(&[&["baseline", "plugins"][..], &args].concat());
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("there is no such file"), "{run:#?}");
        assert!(!sandbox.database().exists());
    }
}

#[test]
fn a_ledger_in_another_schema() {
    let sandbox = grown(Place::Postgres);
    sandbox.sql("CREATE SCHEMA app; CREATE TABLE app.schema_migrations (version TEXT); INSERT INTO app.schema_migrations VALUES ('1');");
    let args = ["baseline", "plugins", "--from", "dbmate"];
    sandbox.ok(&args);
    assert_eq!(sandbox.state(), ["acme/shop 1.0.0-1-people applied"]);
    sandbox.sql("CREATE SCHEMA web; CREATE TABLE web.schema_migrations (version TEXT); INSERT INTO web.schema_migrations VALUES ('2');");
    let run = sandbox.runner(&args);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("app.schema_migrations, web.schema_migrations"), "{run:#?}");
    sandbox.ok(&[&args[..], &["--ledger", "web.schema_migrations"]].concat());
    assert_eq!(sandbox.state().len(), 2);
}

#[test]
fn what_is_required_has_to_be_there_too() {
    let sandbox = grown(Place::Sqlite);
    let requires = "\"acme/shop\" = \">=1.1.0\"";
    sandbox.sql_plugin_requiring("acme/toys", requires, &[("1-x", "SELECT 1", "")]);
    let run = sandbox.runner(&["baseline", "plugins", "--to", "acme/toys@latest"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("acme/shop"), "{run:#?}");
    sandbox.ok(&["baseline", "plugins", "--to", "acme/toys@latest", "--to", "acme/shop@latest"]);
}

#[test]
fn what_was_recorded_by_mistake_is_pending_again() {
    for place in Place::ALL {
        let sandbox = grown(place);
        sandbox.ok(&["baseline", "plugins", "--to", "acme/shop@latest"]);
        let status = sandbox.ok(&["status"]).stdout;
        assert_eq!(status.matches("recorded by a baseline, never ran here").count(), 3, "{status}");
        sandbox.ok(&["resolve", "acme/shop", "1.1.0-3-toys", "--as", "reverted"]);
        assert_eq!(sandbox.runner(&["check", "plugins"]).code, Some(3), "{place:?}");
        sandbox.ok(&["deploy", "plugins"]);
        // What ran is not forgotten that way.
        let run = sandbox.runner(&["resolve", "acme/shop", "1.1.0-3-toys", "--as", "reverted"]);
        assert_eq!(run.code, Some(4), "{place:?}: {run:#?}");
        sandbox.ok(&["rollback", "--steps", "1"]);
        assert_eq!(sandbox.runner(&["rollback", "--steps", "1"]).code, Some(4), "{place:?}");
    }
}

#[test]
fn repeatable_scripts_are_told_of() {
    let sandbox = grown(Place::Sqlite);
    sandbox.sql(ledger("flyway"));
    let run = sandbox.ok(&["baseline", "plugins", "--from", "flyway"]);
    assert!(run.stderr.contains("1 repeatable script, and does not say"), "{run:#?}");
}
