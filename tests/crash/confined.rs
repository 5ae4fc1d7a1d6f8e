//! Kills a deploy of confined plugins at its points, on a server of the test's own whose user may make roles.
//!
//! Afterwards the same command ends as if nothing had happened, each alteration took effect once, and the roles are shut.

use crate::{
    matrix::{chosen, trace},
    support::{Sandbox, finish, servers::Postgres},
};
use std::os::unix::process::ExitStatusExt as _;

const ENDED: &str = "SELECT concat_ws(' ', plugin, id, status, statements, rows_affected, revision > 0) FROM alteration_state ORDER BY 1";
const LEFT: &str = "SELECT concat_ws(' ', (SELECT count(*) FROM alteration_ticket), (SELECT count(*) FROM alteration_ending),
    (SELECT count(*) FROM alteration_dependent),
    (SELECT count(*) FROM pg_authid a JOIN alteration_role r ON r.role = a.rolname WHERE a.rolcanlogin OR a.rolpassword IS NOT NULL),
    (SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE r.rolname ~ '^runner_' AND a.privilege_type = 'CREATE'))";

/// The server is asked again until a session has ended, so that a run may have a few points less than another one.
const ASKED_AGAIN: usize = 6;

fn empty(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql("ALTER ROLE runner CREATEROLE; ALTER SCHEMA public OWNER TO runner; REVOKE CREATE ON SCHEMA public FROM PUBLIC;");
    sandbox
}

fn plain(server: &Postgres) -> Sandbox {
    let sandbox = empty(server);
    let first = "CREATE TABLE people (id integer PRIMARY KEY); INSERT INTO people VALUES (1), (2);";
    let second = "INSERT INTO people VALUES (3); CREATE FUNCTION people_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM people';
        CREATE TABLE brief (x integer); DROP TABLE brief;";
    sandbox.sql_plugin(
        "acme/people",
        &[
            ("1.0.0-1-first", first, "DROP TABLE people;"),
            (
                "1.0.0-2-second",
                second,
                "DROP FUNCTION people_count; DELETE FROM people WHERE id = 3;",
            ),
        ],
    );
    sandbox.sql_plugin(
        "globex/crm",
        &[(
            "1.0.0-3-third",
            "CREATE TABLE crm (x integer); INSERT INTO crm VALUES (1);",
            "DROP TABLE crm;",
        )],
    );
    sandbox
}

/// A plugin with statements outside of transactions, and one with the steps of a backfill.
fn in_parts(server: &Postgres) -> Sandbox {
    let sandbox = empty(server);
    for (file, sql) in [
        (
            "items/1.0.0-1-items.up",
            "CREATE TABLE items (n integer); INSERT INTO items VALUES (1), (2);",
        ),
        (
            "items/1.0.0-2-index.before-up",
            "UPDATE items SET n = n + 10; CREATE INDEX CONCURRENTLY items_n ON items (n);
             INSERT INTO items VALUES (3); CREATE TABLE brief (n integer); DROP TABLE brief; CREATE TABLE more (n integer); VACUUM items;",
        ),
        ("items/1.0.0-2-index.up", "UPDATE items SET n = n + 100;"),
        ("items/1.0.0-2-index.before-down", "DROP INDEX CONCURRENTLY items_n;"),
        ("items/1.0.0-2-index.down", "DROP TABLE more;"),
        (
            "names/1.0.0-3-names.up",
            "CREATE TABLE names (n integer); INSERT INTO names SELECT 0 FROM generate_series(1, 5);",
        ),
        (
            "names/1.0.0-3-names.step",
            "UPDATE names SET n = n + 1 WHERE ctid IN (SELECT ctid FROM names WHERE n = 0 LIMIT 2)",
        ),
    ] {
        sandbox.write(&format!("sources/{file}.sql"), sql);
    }
    for plugin in ["items", "names"] {
        let (source, out) = (format!("sources/{plugin}"), format!("plugins/{plugin}"));
        sandbox.ok(&["pack", &source, "--plugin", &format!("acme/{plugin}"), "--out", &out]);
    }
    sandbox
}

fn ends(sandbox: &Sandbox, tables: &[&str]) -> Vec<String> {
    let mut rows = sandbox.rows(ENDED);
    for table in tables {
        rows.extend(
            sandbox.rows(&format!("SELECT '{table} ' || t::text FROM {table} t ORDER BY 1")),
        );
    }
    rows.extend(sandbox.rows("SELECT concat_ws(' ', indexrelid::regclass, indisvalid) FROM pg_index WHERE indrelid >= 16384 AND indexrelid::regclass::text ~ '^(items|more|names)'"));
    rows.extend(sandbox.rows(
        "SELECT concat_ws(' ', kind, place, name, plugin) FROM alteration_object ORDER BY 1",
    ));
    rows.extend(sandbox.server().rows(LEFT));
    rows
}

#[test]
fn a_killed_deploy_is_gone_on_with() {
    gone_on_with(plain, &["people", "crm"], 60);
}

#[test]
fn a_killed_preparation_or_backfill_is_gone_on_with() {
    gone_on_with(in_parts, &["items", "more", "names"], 150);
}

fn gone_on_with(start: fn(&Postgres) -> Sandbox, tables: &[&str], points_min: usize) {
    let ends_well = |sandbox: &Sandbox| ends(sandbox, tables);
    let server = Postgres::with_settings(&[("fsync", "off")]);
    let args: Vec<String> =
        ["deploy", "plugins", "--confine", "*", "--yes"].map(str::to_owned).to_vec();
    let whole = start(&server);
    let (run, points) = trace(&whole, &args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = ends_well(&whole);
    assert!(points.len() > points_min, "only {} points: {points:#?}", points.len());
    for point in chosen(points.len()) {
        let sandbox = start(&server);
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

const OWNERS: &str = "SELECT concat_ws(' ', relname, relowner::regrole) FROM pg_class
    WHERE relname IN ('people', 'people_pkey') ORDER BY 1";
const ROLES: &str = "SELECT rolname FROM pg_roles WHERE rolname ~ '^runner_'";
/// Points before the transaction that are tried.
const BEFORE: usize = 2;
const LEVELS: &str = "SELECT DISTINCT level FROM alteration_state WHERE plugin = 'acme/people'";

/// Killed at any point, `runner confine` has changed everything or nothing, and so has its way back.
#[test]
fn a_killed_change_of_level_is_whole_or_none() {
    let server = Postgres::with_settings(&[("fsync", "off")]);
    let begin = |is_confined: bool| {
        let sandbox = plain(&server);
        sandbox.server().admin_sql("ALTER ROLE runner NOCREATEROLE");
        sandbox.ok(&["deploy", "plugins/acme"]);
        sandbox.server().admin_sql("ALTER ROLE runner CREATEROLE");
        if is_confined {
            sandbox.ok(&["confine", "acme/people"]);
        }
        sandbox
    };
    for flags in [&[][..], &["--undo"]] {
        let args = [&["confine", "acme/people"], flags].concat();
        let owned: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let whole = begin(!flags.is_empty());
        let (run, points) = trace(&whole, &owned);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(points.len() >= 20, "only {} points: {points:#?}", points.len());
        let at = |name: &str| points.iter().position(|point| point.contains(name));
        let first = at("after a transfer began").expect("a point of the transfer");
        assert!(at("before a transfer is committed").is_some_and(|last| last > first));
        // What comes before it only reads.
        for point in first.saturating_sub(BEFORE)..=points.len() {
            let sandbox = begin(!flags.is_empty());
            let was = sandbox.server().rows(ROLES).len();
            let mut killed = sandbox.command(&args);
            let killed =
                killed.env("RUNNER_CRASH_AT", point.to_string()).output().expect("it starts");
            if killed.status.success() && point + ASKED_AGAIN > points.len() {
                continue;
            }
            assert_eq!(killed.status.signal(), Some(9), "point {point} of {}", points.len());
            let database = sandbox.server();
            let is_confined = database.rows(LEVELS) == ["confined"];
            let owners = database.rows(OWNERS);
            let is_given = |row: &String| row.contains(" runner_acme_people_");
            assert!(owners.iter().all(|row| is_given(row) == is_confined), "{point}: {owners:#?}");
            assert_eq!(
                database.rows(ROLES).len(),
                was + usize::from(is_confined) - usize::from(!flags.is_empty()),
                "{point}"
            );
            sandbox.ok(&args);
            assert_eq!(database.rows(LEVELS) == ["confined"], flags.is_empty());
            assert_eq!(sandbox.rows("SELECT count(*) FROM people"), ["3"]);
        }
    }
}
