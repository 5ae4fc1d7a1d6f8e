//! Sqitch's ledgers that are no table of the database that they are of: another file beside one of SQLite, another database of
//! MariaDB's server. Their tables are as Sqitch 1.3.1 makes them (`sqlite.sql` and `mysql.sql` beside its engines).

use crate::support::{
    Sandbox,
    servers::{Mariadb, Postgres},
};
use std::fs;

const SQLITE: &str = "CREATE TABLE projects (project TEXT PRIMARY KEY, uri TEXT NULL UNIQUE, created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    creator_name TEXT NOT NULL, creator_email TEXT NOT NULL);
CREATE TABLE changes (change_id TEXT PRIMARY KEY, script_hash TEXT NULL, change TEXT NOT NULL,
    project TEXT NOT NULL REFERENCES projects(project) ON UPDATE CASCADE, note TEXT NOT NULL DEFAULT '',
    committed_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, committer_name TEXT NOT NULL, committer_email TEXT NOT NULL,
    planned_at DATETIME NOT NULL, planner_name TEXT NOT NULL, planner_email TEXT NOT NULL, UNIQUE(project, script_hash));";

const MARIADB: &str = "CREATE TABLE projects (project VARCHAR(255) PRIMARY KEY, uri VARCHAR(255) NULL UNIQUE, created_at DATETIME(6) NOT NULL,
    creator_name VARCHAR(255) NOT NULL, creator_email VARCHAR(255) NOT NULL) ENGINE InnoDB, CHARACTER SET 'utf8';
CREATE TABLE changes (change_id VARCHAR(40) PRIMARY KEY, script_hash VARCHAR(40) NULL, `change` VARCHAR(255) NOT NULL,
    project VARCHAR(255) NOT NULL REFERENCES projects(project) ON UPDATE CASCADE, note TEXT NOT NULL, committed_at DATETIME(6) NOT NULL,
    committer_name VARCHAR(255) NOT NULL, committer_email VARCHAR(255) NOT NULL, planned_at DATETIME(6) NOT NULL,
    planner_name VARCHAR(255) NOT NULL, planner_email VARCHAR(255) NOT NULL, UNIQUE(project, script_hash)) ENGINE InnoDB, CHARACTER SET 'utf8';";

/// The reworked change is not deployed yet.
const ROWS: &str = "INSERT INTO projects VALUES ('town', NULL, '2024-01-01 00:00:00', 'T', 't@example.org');
INSERT INTO changes VALUES
    ('515c7', '1c80c', 'people', 'town', '', '2024-01-03 00:00:00.855', 'T', 't@example.org', '2024-01-01 00:00:00', 'T', 't@example.org'),
    ('51c1a', 'f91f3', 'pets', 'town', 'of all', '2024-01-03 00:00:00.915', 'T', 't@example.org', '2024-01-01 00:00:01', 'T', 't@example.org');";

const RECORDED: [&str; 2] =
    ["acme/app 20240101000000-people applied", "acme/app 20240101000001-pets applied"];

const LEDGER: [&str; 4] = ["baseline", "plugins", "--from", "sqitch"];

/// Packs a small history of Sqitch in the sandbox, of which all but the last is there.
fn grown(sandbox: Sandbox, engine: &str) -> Sandbox {
    let plan = "%syntax-version=1.0.0\n%project=town\n
people 2024-01-01T00:00:00Z T <t@example.org>
pets [people] 2024-01-01T00:00:01Z T <t@example.org> # of all
@v1 2024-01-01T00:00:02Z T <t@example.org>
pets [pets@v1] 2024-01-01T00:00:03Z T <t@example.org> # again\n";
    sandbox.write("town/sqitch.plan", plan);
    sandbox.write("town/sqitch.conf", format!("[core]\n\tengine = {engine}\n"));
    sandbox.write("town/deploy/people.sql", "CREATE TABLE people (id INTEGER);\n");
    sandbox.write("town/deploy/pets@v1.sql", "CREATE TABLE pets (id INTEGER);\n");
    sandbox.write("town/deploy/pets.sql", "ALTER TABLE pets ADD COLUMN n TEXT;\n");
    sandbox.ok(&["pack", "town", "--from", "sqitch", "--plugin", "acme/app", "--out", "plugins"]);
    sandbox.sql("CREATE TABLE people (id INTEGER); CREATE TABLE pets (id INTEGER);");
    sandbox
}

/// A file as Sqitch leaves it.
fn registry(sandbox: &Sandbox, file: &str) {
    let other = Sandbox::new();
    other.sql(&format!("{SQLITE}{ROWS}"));
    sandbox.write(file, fs::read(other.database()).expect("a file"));
}

#[test]
fn a_file_beside_the_database() {
    let sandbox = grown(Sandbox::new(), "sqlite");
    registry(&sandbox, "sqitch.db");
    let file = sandbox.path().join("sqitch.db");
    let (before, bytes) = (sandbox.dump(), fs::read(&file).expect("a file"));
    let shown = sandbox.ok(&[&LEDGER[..], &["--dry-run"]].concat());
    assert!(shown.stdout.contains("2 alterations to record"), "{shown:#?}");
    sandbox.ok(&LEDGER);
    assert_eq!(sandbox.state(), RECORDED);
    assert_eq!(sandbox.dump(), before);
    assert_eq!(fs::read(&file).expect("a file"), bytes);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.ok(&["check", "plugins"]);
    assert_eq!(sandbox.rows("SELECT count(n) FROM pets"), ["0"]);
}

#[test]
fn a_file_of_another_name_or_in_another_folder() {
    let sandbox = grown(Sandbox::new(), "sqlite");
    let run = sandbox.runner(&LEDGER);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("there is no file sqitch.db"), "{run:#?}");
    assert!(run.stderr.contains("--ledger"), "{run:#?}");
    assert!(!sandbox.path().join("sqitch.db").exists());
    registry(&sandbox, "old/town.db");
    sandbox.ok(&[&LEDGER[..], &["--ledger", "old/town.db"]].concat());
    assert_eq!(sandbox.state(), RECORDED);
}

#[test]
fn the_database_itself() {
    let sandbox = grown(Sandbox::new(), "sqlite");
    sandbox.sql(&format!("{SQLITE}{ROWS}"));
    sandbox.ok(&[&LEDGER[..], &["--ledger", "changes"]].concat());
    assert_eq!(sandbox.state(), RECORDED);
}

#[test]
fn a_file_that_is_no_registry() {
    let table = [
        ("", "there is no ledger of sqitch here: no table changes in sqitch.db"),
        ("CREATE TABLE changes (id INTEGER)", "changes in sqitch.db is no ledger of sqitch"),
        (
            "CREATE TABLE t (a); CREATE VIEW changes AS SELECT a FROM t",
            "no table changes in sqitch.db",
        ),
    ];
    let sandbox = grown(Sandbox::new(), "sqlite");
    for (sql, words) in table {
        let other = Sandbox::new();
        other.sql(&format!("PRAGMA user_version = 1; {sql}"));
        sandbox.write("sqitch.db", fs::read(other.database()).expect("a file"));
        let run = sandbox.runner(&LEDGER);
        assert_eq!(run.code, Some(1), "{sql}: {run:#?}");
        assert!(run.stderr.contains(words), "{sql}: {run:#?}");
    }
    sandbox.write(
        "sqitch.db",
        "no database at all, but a text that is longer than a header of one is",
    );
    let run = sandbox.runner(&LEDGER);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("sqitch.db"), "{run:#?}");
}

/// Nothing of it is about the runner's own tables.
#[test]
fn a_schema_that_a_file_has_not() {
    let sandbox = grown(Sandbox::new(), "sqlite");
    for (tool, args) in [("supabase", &[][..]), ("sqlx", &["--ledger", "app._sqlx_migrations"])] {
        let run = sandbox.runner(&[&["baseline", "plugins", "--from", tool], args].concat());
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(&format!("no ledger of {tool} here")), "{run:#?}");
    }
}

/// The user sees that the table is there, and may not read it.
#[test]
fn a_ledger_that_may_not_be_read() {
    let server = Mariadb::own();
    let places = [
        (Sandbox::on(server.database()), "mysql", MARIADB),
        (Sandbox::on(Postgres::shared().database()), "pg", SQLITE),
    ];
    for (sandbox, engine, tables) in places {
        let sandbox = grown(sandbox, engine);
        let (start, rights) = match engine {
            "pg" => (
                "CREATE SCHEMA sqitch; SET search_path = sqitch;",
                "GRANT USAGE ON SCHEMA sqitch TO runner;",
            ),
            _ => (
                "CREATE DATABASE sqitch; USE sqitch;",
                "GRANT INSERT ON sqitch.changes TO runner@'%';",
            ),
        };
        let tables = if engine == "pg" { &tables.replace("DATETIME", "TIMESTAMP") } else { tables };
        sandbox.server().admin_sql(&format!("{start}{tables}{ROWS}{rights}"));
        let run = sandbox.runner(&LEDGER);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let words = "the ledger sqitch.changes of sqitch cannot be read";
        assert!(run.stderr.contains(words), "{run:#?}");
        assert!(!run.stderr.contains("runner's tables"), "{run:#?}");
    }
}

#[test]
fn a_database_of_the_server() {
    let server = Mariadb::own();
    let sandbox = grown(Sandbox::on(server.database()), "mysql");
    let admin = |sql: &str| sandbox.server().admin_sql(sql);
    admin(&format!("CREATE DATABASE sqitch; USE sqitch; {MARIADB}{ROWS}"));
    let run = sandbox.runner(&LEDGER);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("no table sqitch.changes that this user may read"), "{run:#?}");
    admin("GRANT SELECT ON sqitch.changes TO runner@'%';");
    let before = sandbox.dump();
    sandbox.ok(&LEDGER);
    assert_eq!(sandbox.state(), RECORDED);
    assert_eq!(sandbox.dump(), before);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.ok(&["check", "plugins"]);
}

#[test]
fn a_database_of_another_name() {
    let server = Mariadb::own();
    let sandbox = grown(Sandbox::on(server.database()), "mysql");
    let sql = "CREATE DATABASE `town-registry`; USE `town-registry`;";
    sandbox.server().admin_sql(&format!(
        "{sql}{MARIADB}{ROWS} GRANT SELECT ON `town-registry`.changes TO runner@'%';"
    ));
    sandbox.ok(&[&LEDGER[..], &["--ledger", "town-registry.changes"]].concat());
    assert_eq!(sandbox.state(), RECORDED);
}
