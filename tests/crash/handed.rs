//! Killed at every point of a journaled preparation that reads a setting, and run again with another value.
//!
//! A replay that was handed the new value would make other calls than the journal holds, or leave a database
//! in which half of the rows have the one and half the other.

use crate::{
    matrix::{chosen, trace},
    place::Place,
    scenarios::guest_plugin,
    support::{Sandbox, finish},
};
use std::os::unix::process::ExitStatusExt as _;

const ID: &str = "1.0.0-1710000006-prepares-with-setting";
const KEPT: &str =
    "resumes with the settings that it was begun with, not with the new values of `REGION`";

fn deploy(plugins: &Sandbox, region: &str) -> Vec<String> {
    let plugins = plugins.path().join("plugins").display().to_string();
    let setting = format!("hostile/guests:REGION={region}");
    ["deploy", &plugins, "--set", &setting].map(str::to_owned).into()
}

fn regions(sandbox: &Sandbox) -> Vec<String> {
    let of = |table: u8| format!("SELECT region FROM prepares_with_setting_{table}");
    sandbox.rows(&[of(1), of(2), of(3)].join(" UNION ALL "))
}

fn killed_anywhere(place: Place) {
    if place.is_left_out() {
        return;
    }
    let _noise = place.noise();
    let start = guest_plugin(place, "hostile-preparation", ID, r#","settings":["REGION"]"#);
    let (done, points) = trace(&place.copy(&start), &deploy(&start, "first"));
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(points.len() > 60, "only {} points", points.len());
    let mut kept = 0;
    for point in chosen(points.len()) {
        let sandbox = place.copy(&start);
        let run = |region: &str| {
            let args = deploy(&start, region);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            sandbox.command(&args)
        };
        let killed = run("first").env("RUNNER_CRASH_AT", point.to_string()).output();
        assert_eq!(killed.expect("starts").status.signal(), Some(9), "{}", points[point - 1]);
        place.wait_until_alone(&sandbox);
        let count = |table| match place.has_table(&sandbox, table) {
            true => sandbox.rows(&format!("SELECT count(*) FROM {table}"))[0] == "1",
            false => false,
        };
        let is_begun = count("alteration_run");
        let is_applied = count("alteration_state") && !is_begun;
        let again = finish(&mut run("second"));
        assert_eq!(again.code, Some(0), "{}: {again:#?}", points[point - 1]);
        let expected = if is_begun || is_applied { "first" } else { "second" };
        assert_eq!(regions(&sandbox), [expected; 4], "{}", points[point - 1]);
        assert_eq!(again.stderr.contains(KEPT), is_begun, "{}", again.stderr);
        assert!(!again.stderr.contains("second"), "a value is shown: {}", again.stderr);
        kept += usize::from(is_begun);
    }
    assert!(kept > 10, "only {kept} runs were taken up");
}

#[test]
fn on_sqlite() {
    killed_anywhere(Place::Sqlite);
}

#[test]
fn on_postgres() {
    killed_anywhere(Place::Postgres);
}

#[test]
fn on_mariadb() {
    killed_anywhere(Place::Mariadb);
}

#[test]
#[ignore = "RUNNER_FULL=1"]
fn on_postgres_18() {
    killed_anywhere(Place::Postgres18);
}

#[test]
#[ignore = "RUNNER_FULL=1"]
fn on_mysql() {
    killed_anywhere(Place::Mysql);
}
