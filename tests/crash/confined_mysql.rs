//! Kills a deploy of confined plugins at its points, on servers of MariaDB and MySQL of the test's own.
//!
//! Afterwards the same command ends as if nothing had happened, each statement took effect once, and the users are shut.

use crate::{
    matrix::{chosen, trace},
    support::{
        Sandbox, finish,
        servers::{Instance, Mariadb, Mysql, PASSWORD, is_full},
    },
};
use std::os::unix::process::ExitStatusExt as _;

const ENDED: &str = "SELECT CONCAT_WS(' ', plugin, id, status, statements, rows_affected, level) FROM alteration_state ORDER BY 1";
const LEFT: &str = "SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM alteration_journal), (SELECT COUNT(*) FROM alteration_run),
    (SELECT COUNT(*) FROM alteration_role WHERE is_open <> 0), (SELECT COUNT(*) FROM alteration_role))";
const MADE: &str = "SELECT CONCAT_WS(' ', plugin, kind, name) FROM alteration_object ORDER BY 1";
const GIVEN: &str = "SELECT CONCAT_WS(' ', SUBSTRING_INDEX(grantee, '_', 3), table_name, COUNT(*)) FROM information_schema.table_privileges
    WHERE table_schema = DATABASE() GROUP BY grantee, table_name ORDER BY 1";

/// The server is asked again until a session has ended, so that a run may have a few points less than another one.
const ASKED_AGAIN: usize = 6;

fn start(server: &Instance) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::on(server.database());
    let name = sandbox.server().name();
    sandbox.server().admin_sql(&format!(
        "CREATE USER IF NOT EXISTS operator@'%' IDENTIFIED BY '{PASSWORD}'; GRANT CREATE USER ON *.* TO operator@'%';
         GRANT ALL ON {name}.* TO operator@'%' WITH GRANT OPTION;"
    ));
    let first = "CREATE TABLE people (id int PRIMARY KEY, name varchar(99));
        INSERT INTO people VALUES (1, 'a'), (2, 'b');
        INSERT INTO people SELECT id + 2, CONCAT(name, 'x') FROM people;
        ALTER TABLE people ADD COLUMN age int;
        UPDATE people SET age = id;
        CREATE VIEW names AS SELECT name FROM people;";
    let second =
        "INSERT INTO people (id, name) VALUES (5, 'c'); CREATE INDEX people_age ON people (age);";
    sandbox.sql_plugin(
        "acme/people",
        &[
            ("1.0.0-1-first", first, "DROP VIEW names; DROP TABLE people;"),
            ("1.0.0-2-second", second, "DROP INDEX people_age ON people;"),
        ],
    );
    let third = "CREATE TABLE crm (x int); INSERT INTO crm VALUES (1);";
    sandbox.sql_plugin("globex/crm", &[("1.0.0-3-third", third, "DROP TABLE crm;")]);
    let url = sandbox.url().replace("//runner:", "//operator:");
    let args = ["deploy", "plugins", "--confine", "*", "--yes", "--database", &url];
    let args = args.map(str::to_owned).to_vec();
    (sandbox, args)
}

fn ends_well(sandbox: &Sandbox) -> Vec<String> {
    let queries = [
        ENDED,
        LEFT,
        MADE,
        GIVEN,
        "SELECT CONCAT_WS(' ', id, name, age) FROM people ORDER BY id",
        "SELECT x FROM crm",
    ];
    queries.iter().flat_map(|sql| sandbox.server().rows(sql)).collect()
}

fn killed_everywhere(server: &Instance) {
    let (whole, args) = start(server);
    let (run, points) = trace(&whole, &args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = ends_well(&whole);
    assert!(points.len() > 150, "only {} points: {points:#?}", points.len());
    for point in chosen(points.len()) {
        let (sandbox, args) = start(server);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut killed = sandbox.command(&args);
        let killed = killed.env("RUNNER_CRASH_AT", point.to_string()).output().expect("it starts");
        if killed.status.success() && point + ASKED_AGAIN > points.len() {
            continue;
        }
        assert_eq!(killed.status.signal(), Some(9), "point {point} of {}", points.len());
        let again = finish(&mut sandbox.command(&args));
        assert_eq!(again.code, Some(0), "at {}: {again:#?}", points[point - 1]);
        assert_eq!(ends_well(&sandbox), expected, "at {}: {again:#?}", points[point - 1]);
    }
}

#[test]
fn a_killed_deploy_is_gone_on_with_on_mariadb() {
    killed_everywhere(&Mariadb::own());
}

#[test]
fn a_killed_deploy_is_gone_on_with_on_mysql() {
    if is_full() && !Mysql::is_left_out() {
        killed_everywhere(&Mysql::own());
    }
}
