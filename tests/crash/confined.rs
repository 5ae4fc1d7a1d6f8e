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
    (SELECT count(*) FROM pg_authid a JOIN alteration_role r ON r.role = a.rolname WHERE a.rolcanlogin OR a.rolpassword IS NOT NULL),
    (SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE r.rolname ~ '^runner_' AND a.privilege_type = 'CREATE'))";

/// The server is asked again until a session has ended, so that a run may have a few points less than another one.
const ASKED_AGAIN: usize = 6;

fn start(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql("ALTER ROLE runner CREATEROLE; ALTER SCHEMA public OWNER TO runner; REVOKE CREATE ON SCHEMA public FROM PUBLIC;");
    let first = "CREATE TABLE people (id integer PRIMARY KEY); INSERT INTO people VALUES (1), (2);";
    let second = "INSERT INTO people VALUES (3); CREATE FUNCTION people_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM people';";
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

fn ends_well(sandbox: &Sandbox) -> Vec<String> {
    let mut rows = sandbox.rows(ENDED);
    rows.extend(sandbox.rows("SELECT count(*) FROM people"));
    rows.extend(sandbox.rows("SELECT count(*) FROM crm"));
    rows.extend(sandbox.server().rows(LEFT));
    rows
}

#[test]
fn a_killed_deploy_is_gone_on_with() {
    let server = Postgres::with_settings(&[("fsync", "off")]);
    let args: Vec<String> =
        ["deploy", "plugins", "--confine", "*", "--yes"].map(str::to_owned).to_vec();
    let whole = start(&server);
    let (run, points) = trace(&whole, &args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let expected = ends_well(&whole);
    assert!(points.len() > 60, "only {} points: {points:#?}", points.len());
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
        if again.stdout.contains("is up to date") {
            // No plugin had to be let in, so the role that was let in stays so, with a password that is lost. The next
            // run that works with it shuts it.
            sandbox.ok(&["rollback", "--steps", "1"]);
            sandbox.ok(&args);
        }
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
        let sandbox = start(&server);
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
