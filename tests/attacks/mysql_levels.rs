//! Which level a plugin has on MySQL and MariaDB where nothing is said of it, and whose its tables are at each level.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Database, Instance, Mariadb, Mysql, PASSWORD},
};

/// Tables and views of plugins, and who made them.
const MAP: &str =
    "SELECT CONCAT_WS(' ', plugin, id, kind, name) FROM alteration_object ORDER BY name";

/// A sandbox with acme/shop, and the URL of a user who may make users.
fn ground(instance: &Instance) -> (Sandbox, String) {
    let sandbox = Sandbox::on(instance.database());
    let name = sandbox.server().name().to_owned();
    sandbox.server().admin_sql(&format!(
        "CREATE USER operator@'%' IDENTIFIED BY '{PASSWORD}'; GRANT CREATE USER ON *.* TO operator@'%';
         GRANT ALL ON {name}.* TO operator@'%' WITH GRANT OPTION;"
    ));
    sandbox.sql_plugin(
        "acme/shop",
        &[("1.0.0-1-orders", "CREATE TABLE orders (id int);", "DROP TABLE orders;")],
    );
    let url = sandbox.url().replace("//runner:", "//operator:");
    (sandbox, url)
}

/// Runs as an operator does who says nothing of levels.
fn unsaid(sandbox: &Sandbox, args: &[&str]) -> Run {
    finish(sandbox.command(args).env_remove("RUNNER_GUARD"))
}

fn levels(database: &Database) -> Vec<String> {
    database.rows("SELECT CONCAT_WS(' ', plugin, level) FROM alteration_state ORDER BY 1")
}

fn a_new_plugin(instance: &Instance) {
    let (sandbox, url) = ground(instance);
    let database = sandbox.server();
    // Its own user may not make users.
    let refused = unsaid(&sandbox, &["deploy", "plugins", "--yes"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
    for said in [
        "acme/shop cannot be confined",
        "may not make users",
        "GRANT CREATE USER ON *.* TO 'runner'@'%'",
        "--guard",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {refused:#?}");
    }
    assert!(database.rows("SHOW TABLES LIKE 'orders'").is_empty(), "{refused:#?}");

    let run = unsaid(&sandbox, &["deploy", "plugins", "--yes", "--database", &url]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("; confined)"), "{run:#?}");
    assert_eq!(levels(database), ["acme/shop confined"]);

    // With its user's rights by name only, and not as one who may make users.
    sandbox.sql_plugin("acme/crm", &[("1.0.0-1-people", "CREATE TABLE people (id int);", "")]);
    let guard = ["deploy", "plugins", "--yes", "--guard", "acme/crm"];
    let powerful = unsaid(&sandbox, &[&guard[..], &["--database", &url]].concat());
    assert_eq!(powerful.code, Some(1), "{powerful:#?}");
    assert!(powerful.stderr.contains("has CREATE USER on *.*"), "{powerful:#?}");
    let guarded = unsaid(&sandbox, &guard);
    assert_eq!(guarded.code, Some(0), "{guarded:#?}");
    assert_eq!(levels(database), ["acme/crm guarded", "acme/shop confined"]);
    let plan = unsaid(&sandbox, &["status", "--database", &url]);
    assert!(plan.stderr.contains("acme/crm is not confined"), "{plan:#?}");

    // What a guarded plugin made is known to be its own.
    assert_eq!(
        database.rows(MAP),
        ["acme/shop 1.0.0-1-orders table orders", "acme/crm 1.0.0-1-people table people"]
    );
}

/// What a guarded plugin does with tables, and what the map says after each.
const STEPS: [(&str, &str, &[&str]); 6] = [
    (
        "1.0.0-1-a",
        "CREATE TABLE IF NOT EXISTS users (id int); CREATE TABLE a (x int); CREATE VIEW v AS SELECT 1 AS one;",
        &["x/me 1.0.0-1-a table a", "x/me 1.0.0-1-a view v"],
    ),
    (
        "1.0.0-2-b",
        "RENAME TABLE a TO b, users TO people; CREATE TABLE c (x int);",
        &["x/me 1.0.0-1-a table b", "x/me 1.0.0-2-b table c", "x/me 1.0.0-1-a view v"],
    ),
    (
        "1.0.0-3-c",
        "CREATE TABLE new_b (x int, y int); INSERT INTO new_b SELECT x, 1 FROM b; DROP TABLE b; ALTER TABLE new_b RENAME TO b;
         CREATE TABLE new_people (id int); DROP TABLE people; RENAME TABLE new_people TO people;",
        &["x/me 1.0.0-1-a table b", "x/me 1.0.0-2-b table c", "x/me 1.0.0-1-a view v"],
    ),
    (
        "1.0.0-4-d",
        "DROP TABLE c; DROP VIEW v; INSERT INTO b VALUES (1, 2);",
        &["x/me 1.0.0-1-a table b"],
    ),
    ("1.0.0-5-e", "INSERT INTO b VALUES (3, 4);", &["x/me 1.0.0-1-a table b"]),
    (
        "1.0.0-6-f",
        "SET @name = 'x'; CREATE TEMPORARY TABLE scratch (x int); CREATE TABLE d AS SELECT @name AS name;",
        &["x/me 1.0.0-1-a table b", "x/me 1.0.0-6-f table d"],
    ),
];

fn a_map(instance: &Instance) {
    let sandbox = Sandbox::on(instance.database());
    let database = sandbox.server();
    database.admin_sql("CREATE TABLE users (id int)");
    let mut alterations = Vec::new();
    for (at, (id, up, expected)) in STEPS.into_iter().enumerate() {
        alterations.push((id, up, ""));
        sandbox.sql_plugin("x/me", &alterations);
        let level = if at % 2 == 0 { "--guard" } else { "--trust" };
        let run = unsaid(&sandbox, &["deploy", "plugins", "--yes", level, "x/me"]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert_eq!(database.rows(MAP), expected, "{id}");
    }
}

#[test]
fn a_new_plugin_is_confined_on_mariadb() {
    a_new_plugin(&Mariadb::own());
}

#[test]
fn a_new_plugin_is_confined_on_mysql() {
    if !Mysql::is_left_out() {
        a_new_plugin(&Mysql::own());
    }
}

#[test]
fn what_a_plugin_made_is_known_at_every_level_on_mariadb() {
    a_map(Mariadb::shared());
}

#[test]
fn what_a_plugin_made_is_known_at_every_level_on_mysql() {
    if !Mysql::is_left_out() {
        a_map(&Mysql::own());
    }
}
