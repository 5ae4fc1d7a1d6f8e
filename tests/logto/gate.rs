//! The way of an upgrade: an application that does not start, deploys to a version, the latest and the next, and back.

use crate::{
    alike::assert_alike,
    component::{ok, pack, runner},
    failures::{Twins, assert_said, script},
    original::{AFTER, BEFORE, Original},
    place::Place,
    support::Run,
};

#[test]
fn from_one_release_to_the_next_and_back() {
    let place = Place::start();
    let source = place.sandbox();
    Original::install(&source, BEFORE).seed(&source);
    let [theirs, ours] = [(); 2].map(|()| place.twin(&source));
    let seeded = theirs.server().pg_dump(&[]);
    let original = Original::install(&theirs, AFTER);

    pack(&ours, BEFORE);
    ok(&ours, &["baseline", "plugins", "--to", "logto/core@latest"]);
    assert_said(&runner(&ours, &["check", "plugins"]), 0, &["is up to date"]);

    // The newer release does not start on what the older one left …
    pack(&ours, AFTER);
    let refused = runner(&ours, &["check", "plugins"]);
    assert_eq!(undeployed(&refused), 33);
    assert_said(&refused, 3, &["runner deploy plugins"]);
    // … nor half of the way …
    let run = ok(&ours, &["deploy", "plugins", "--target", "logto/core@1.40.0"]);
    assert_said(&run, 0, &["Applied 11 alterations"]);
    original.ok(&theirs, &["db", "alteration", "deploy", "1.40.0"]);
    assert_alike(&seeded, &theirs, &ours);
    assert_eq!(undeployed(&runner(&ours, &["check", "plugins"])), 22);
    // … and does at its end.
    assert_said(&ok(&ours, &["deploy", "plugins"]), 0, &["Applied 22 alterations"]);
    assert_said(&ok(&ours, &["check", "plugins"]), 0, &["is up to date"]);
    original.deploy(&theirs);
    assert_alike(&seeded, &theirs, &ours);

    // Back to a version, with the older release's files, which have nothing of what is taken back.
    pack(&ours, BEFORE);
    let ahead = runner(&ours, &["check", "plugins"]);
    assert_said(&ahead, 4, &["the database is ahead of the files of logto/core"]);
    ok(&ours, &["rollback", "--plugin", "logto/core", "--to", "1.40.0"]);
    original.roll_back(&theirs, "1.40.0");
    assert_alike(&seeded, &theirs, &ours);
    let run = ok(&ours, &["rollback", "--plugin", "logto/core", "--to", "1.37.1"]);
    assert_said(&run, 0, &["Rolled back 11 alterations"]);
    original.roll_back(&theirs, "1.37.1");
    assert_alike(&seeded, &theirs, &ours);
    ok(&ours, &["check", "plugins"]);
}

/// Returns how many alterations `check` names.
fn undeployed(check: &Run) -> usize {
    let named = check.stdout.lines().filter(|line| line.starts_with("  logto/core "));
    assert_said(check, 3, &["Found undeployed database alterations"]);
    named.count()
}

#[test]
fn what_is_not_released_waits_for_those_who_ask_for_it() {
    let add = |name: &str| {
        script(&format!("create table {name} (id integer)"), &format!("drop table {name}"))
    };
    let twins = Twins::with(&[
        ("1.44.0-1790000000-released", &add("released")),
        ("next-1790000001-not-yet", &add("not_yet")),
    ]);
    let (ours, run) = (&twins.ours, crate::failures::runner);
    let tables = "SELECT relname FROM pg_class WHERE relname IN ('released', 'not_yet') ORDER BY 1";

    twins.original.deploy(&twins.theirs);
    assert_said(&run(ours, &["deploy", "plugins"]), 0, &["Applied 1 alteration"]);
    assert_eq!(twins.rows(tables), [["released"], ["released"]]);
    assert_said(&run(ours, &["check", "plugins"]), 0, &["is up to date"]);

    twins.original.ok(&twins.theirs, &["db", "alteration", "deploy", "next"]);
    assert_said(
        &run(ours, &["deploy", "plugins", "--target", "next"]),
        0,
        &["next-1790000001-not-yet"],
    );
    assert_eq!(twins.rows(tables), [["not_yet", "released"], ["not_yet", "released"]]);

    // What was not released is above every version.
    twins.original.roll_back(&twins.theirs, "1.44.0");
    assert_said(&run(ours, &["rollback", "--plugin", "logto/core", "--to", "1.44.0"]), 0, &[]);
    assert_eq!(twins.rows(tables), [["released"], ["released"]]);
}
