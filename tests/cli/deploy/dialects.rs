//! SQL that differs between databases: one file of a plugin works on each, and says where it does not.

use crate::{
    polite::run,
    support::{
        Sandbox, root,
        servers::{Mariadb, Mysql, Postgres},
    },
};
use std::fs;

/// A place on each database, by the name of its dialect.
fn grounds() -> Vec<(&'static str, Sandbox)> {
    let file = Sandbox::new();
    // So that there is a file to look at before the first deploy.
    file.sql("CREATE TABLE t (x); DROP TABLE t;");
    let mysql = Mysql::shared().map(|server| ("mysql", Sandbox::on(server.database())));
    let others = [
        ("sqlite", file),
        ("postgresql", Sandbox::on(Postgres::shared().database())),
        ("mariadb", Sandbox::on(Mariadb::shared().database())),
    ];
    others.into_iter().chain(mysql).collect()
}

fn is_mysql(dialect: &str) -> bool {
    matches!(dialect, "mysql" | "mariadb")
}

/// Packs `files` of `acme/shop` into `plugins`.
pub fn pack(sandbox: &Sandbox, files: &[(&str, &str)]) {
    let _ = fs::remove_dir_all(sandbox.path().join("sources"));
    let _ = fs::remove_dir_all(sandbox.path().join("plugins"));
    for (name, text) in files {
        sandbox.write(&format!("sources/{name}"), text);
    }
    sandbox.ok(&["pack", "sources", "--plugin", "acme/shop", "--out", "plugins"]);
}

/// The first screen of README, with the very files of the plugin.
#[test]
fn the_shop_on_each_database() {
    let shop = root().join("plugins/acme/shop");
    let shop = shop.to_str().expect("UTF-8");
    for (dialect, sandbox) in grounds() {
        let before = sandbox.dump();
        sandbox.ok(&["deploy", shop, "--yes"]);
        sandbox.sql(
            "INSERT INTO customers (full_name, created_at) VALUES ('Ada', '2025-01-01 00:00:00'), ('Bo', '2025-01-01 00:00:00');
            INSERT INTO orders (customer_id, placed_at, total_cents, status) VALUES
                (1, '2025-02-01 00:00:00', 1250, 'placed'), (1, '2025-02-02 00:00:00', 840, 'placed'),
                (1, '2025-02-02 00:00:00', 900, 'cancelled');",
        );
        if is_mysql(dialect) {
            sandbox.sql("UPDATE orders SET status = 'invoiced' WHERE id = 1;");
        }
        sandbox.sql(
            "INSERT INTO invoices (order_id, issued_at, total_cents) VALUES (1, '2025-03-01 00:00:00', 1250);",
        );
        let statuses = || sandbox.rows("SELECT status FROM orders ORDER BY id");
        assert_eq!(statuses(), ["invoiced", "placed", "cancelled"], "{dialect}");

        sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
        assert_eq!(statuses(), ["placed", "placed", "cancelled"], "{dialect}");
        let check = run(&sandbox, &["check", shop]);
        assert_eq!(check.code, Some(3), "{dialect}: {check:#?}");
        sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
        sandbox.ok(&["deploy", shop, "--yes"]);
        let points =
            sandbox.rows("SELECT cast(loyalty_points AS char(2)) FROM customers ORDER BY id");
        let points: Vec<_> = points.iter().map(|points| points.trim()).collect();
        assert_eq!(points, ["20", "0"], "{dialect}");
        assert_eq!(run(&sandbox, &["check", shop]).code, Some(0), "{dialect}");

        sandbox.ok(&["rollback", "--plugin", "acme/shop", "--to", "none", "--yes"]);
        assert_eq!(sandbox.dump(), before, "{dialect}: something is left");
    }
}

/// An index that each database makes in its own way.
pub const INDEX: [(&str, &str); 8] = [
    ("1.0.0-1-a.up.sql", "CREATE TABLE a (x INT);"),
    ("1.0.0-1-a.down.sql", "DROP TABLE a;"),
    ("1.0.0-2-i.sqlite.up.sql", "CREATE INDEX i ON a (x);"),
    ("1.0.0-2-i.mysql.up.sql", "CREATE INDEX i ON a (x) COMMENT 'mysql';"),
    ("1.0.0-2-i.postgresql.before-up.sql", "CREATE INDEX CONCURRENTLY i ON a (x);"),
    ("1.0.0-2-i.sqlite.down.sql", "DROP INDEX i;"),
    ("1.0.0-2-i.mysql.down.sql", "DROP INDEX i ON a;"),
    ("1.0.0-2-i.postgresql.before-down.sql", "DROP INDEX CONCURRENTLY i;"),
];

/// What only PostgreSQL does outside of its transaction leaves the others their single transaction.
#[test]
fn a_hook_that_one_database_needs() {
    for (dialect, sandbox) in grounds() {
        pack(&sandbox, &INDEX);
        let before = sandbox.dump();
        if !is_mysql(dialect) {
            let rehearsed = sandbox.ok(&["deploy", "plugins", "--dry-run", "--format", "json"]);
            let document: serde_json::Value =
                serde_json::from_str(&rehearsed.stdout).expect("JSON");
            let expected = if dialect == "postgresql" { "partly-rehearsed" } else { "rehearsed" };
            assert_eq!(document["outcome"], expected, "{dialect}: {rehearsed:#?}");
        }
        sandbox.ok(&["deploy", "plugins"]);
        assert_ne!(sandbox.dump(), before, "{dialect}");
        if is_mysql(dialect) {
            let comment = "SELECT index_comment FROM information_schema.statistics WHERE table_schema = database() AND index_name = 'i'";
            assert_eq!(sandbox.rows(comment), ["mysql"], "{dialect}");
        }
        sandbox.ok(&["rollback", "--steps", "2"]);
        assert_eq!(sandbox.dump(), before, "{dialect}");
    }
}

#[test]
fn no_sql_for_a_database_is_an_error_there() {
    for (dialect, sandbox) in grounds() {
        pack(
            &sandbox,
            &[
                ("1.0.0-1-a.up.sql", "CREATE TABLE a (x INT);"),
                ("1.0.0-2-b.sqlite.up.sql", "CREATE TABLE b (x INT);"),
                ("1.0.0-2-b.mariadb.up.sql", "CREATE TABLE b (x INT);"),
            ],
        );
        let before = sandbox.dump();
        let deployed = run(&sandbox, &["deploy", "plugins"]);
        if matches!(dialect, "sqlite" | "mariadb") {
            assert_eq!(deployed.code, Some(0), "{dialect}: {deployed:#?}");
            continue;
        }
        assert_eq!(deployed.code, Some(1), "{dialect}: {deployed:#?}");
        let told = format!(
            "acme/shop 1.0.0-2-b is written for sqlite, mariadb, this database is {dialect}"
        );
        assert!(deployed.stderr.contains(&told), "{deployed:#?}");
        assert_eq!(sandbox.dump(), before, "{dialect}: something was altered");
    }
}

#[test]
fn what_only_some_databases_need_is_left_out_and_said() {
    for (dialect, sandbox) in grounds() {
        pack(
            &sandbox,
            &[
                ("1.0.0-1-a.up.sql", "CREATE TABLE a (x INT);"),
                ("1.0.0-2-b.postgresql.up.sql", "CREATE TABLE b (x INT);"),
                ("alteration.toml", "[alterations.'1.0.0-2-b']\ndialects = ['postgresql']\n"),
            ],
        );
        let plan = run(&sandbox, &["plan", "plugins"]);
        let said = "acme/shop 1.0.0-2-b  (left: only for postgresql)";
        assert_eq!(plan.stdout.contains(said), dialect != "postgresql", "{dialect}: {plan:#?}");
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(run(&sandbox, &["check", "plugins"]).code, Some(0), "{dialect}");
        let applied = if dialect == "postgresql" { 2 } else { 1 };
        assert_eq!(sandbox.state().len(), applied, "{dialect}");
        let status = run(&sandbox, &["status", "plugins"]);
        let said = "only for postgresql: nothing to do here";
        assert_eq!(status.stdout.contains(said), dialect != "postgresql", "{status:#?}");
        assert!(!status.stdout.contains("pending"), "{dialect}: {status:#?}");
    }
}

/// The texts of the server's dialect are judged, and no others.
#[test]
fn what_would_be_refused_elsewhere_does_not_matter() {
    for (dialect, sandbox) in grounds() {
        pack(
            &sandbox,
            &[
                ("1.0.0-1-a.up.sql", "CREATE TABLE a (x INT);"),
                ("1.0.0-2-b.up.sql", "CREATE TABLE b (x INT);\nCOMMIT;"),
                ("1.0.0-2-b.postgresql.up.sql", "CREATE TABLE b (x INT);"),
            ],
        );
        let before = sandbox.dump();
        let deployed = run(&sandbox, &["deploy", "plugins"]);
        if dialect == "postgresql" {
            assert_eq!(deployed.code, Some(0), "{deployed:#?}");
            continue;
        }
        assert_eq!(deployed.code, Some(1), "{dialect}: {deployed:#?}");
        let told = "acme/shop 1.0.0-2-b cannot run here: statement 2 of its up, in line 2";
        assert!(deployed.stderr.contains(told), "{dialect}: {deployed:#?}");
        assert_eq!(sandbox.dump(), before, "{dialect}: something was altered");
    }
}

#[test]
fn a_way_back_on_one_database_alone() {
    for (dialect, sandbox) in grounds() {
        pack(
            &sandbox,
            &[
                ("1.0.0-1-a.up.sql", "CREATE TABLE a (x INT);"),
                ("1.0.0-1-a.mysql.down.sql", "DROP TABLE a;"),
            ],
        );
        sandbox.ok(&["deploy", "plugins"]);
        let back = run(&sandbox, &["rollback", "--steps", "1"]);
        let expected = if is_mysql(dialect) { 0 } else { 4 };
        assert_eq!(back.code, Some(expected), "{dialect}: {back:#?}");
        assert_eq!(back.stderr.contains("is irreversible"), !is_mysql(dialect), "{back:#?}");
    }
}

#[test]
fn a_history_with_a_folder_for_each_database() {
    for (dialect, sandbox) in grounds() {
        for (name, text) in [
            ("sqlite/0001_users.up.sql", "CREATE TABLE users (sqlite INT);"),
            ("sqlite/0001_users.down.sql", "DROP TABLE users;"),
            ("postgres/0001_users.up.sql", "CREATE TABLE users (postgresql INT);"),
            ("postgres/0001_users.down.sql", "DROP TABLE users;"),
            ("mysql/0001_users.up.sql", "CREATE TABLE users (mysql INT);"),
            ("mysql/0001_users.down.sql", "DROP TABLE users;"),
            ("postgres/0002_uuid.up.sql", "CREATE TABLE uuids (x uuid);"),
            ("postgres/0002_uuid.down.sql", "DROP TABLE uuids;"),
        ] {
            sandbox.write(&format!("migrations/{name}"), text);
        }
        let args = ["pack", "migrations", "--plugin", "acme/shop", "--out", "plugins"];
        let packed = run(&sandbox, &args);
        assert_eq!(packed.code, Some(0), "{packed:#?}");
        for note in [
            "Read as histories of sqlx, one in each folder, for sqlite, postgresql, mysql",
            "0002-uuid is only for postgresql: no other folder has it.",
        ] {
            assert!(packed.stderr.contains(note), "{packed:#?}");
        }
        let before = sandbox.dump();
        sandbox.ok(&["deploy", "plugins"]);
        let column = if dialect == "mariadb" { "mysql" } else { dialect };
        sandbox.sql(&format!("INSERT INTO users ({column}) VALUES (1);"));
        let count = if dialect == "postgresql" { 2 } else { 1 };
        assert_eq!(sandbox.state().len(), count, "{dialect}");
        sandbox.ok(&["rollback", "--steps", "2"]);
        assert_eq!(sandbox.dump(), before, "{dialect}");
    }
}
