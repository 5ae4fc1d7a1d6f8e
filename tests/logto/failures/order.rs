//! What is deployed: the original keeps one cursor, the runner a record of each alteration.

use super::{Twins, assert_said, ok, runner, script};
use crate::{
    alike::assert_alike,
    component::{self, pack},
    original::{AFTER, BEFORE, Original},
    place::Place,
};
use sha2::{Digest as _, Sha256};
use std::fs;

const LATE: &str = "1.44.0-1790000000-add-late";
/// Of a release line that gets mends only, and older than what was deployed by then.
const EARLY: &str = "1.43.1-1788000000-add-early";
const TABLES: &str = "SELECT relname FROM pg_class WHERE relname IN ('late', 'early') ORDER BY 1";

fn table(name: &str) -> String {
    script(&format!("create table {name} (id integer)"), &format!("drop table {name}"))
}

#[test]
fn an_older_one_that_comes_later() {
    let twins = Twins::with(&[(LATE, &table("late"))]);
    assert_said(&twins.deploy_theirs(), 0, &["Found 1 alteration"]);
    ok(&twins.ours, &["deploy", "plugins"]);
    twins.ship(&[(EARLY, &table("early"))]);

    assert_said(&twins.deploy_theirs(), 0, &["Found 0 alteration"]);
    assert_eq!(twins.theirs.rows(TABLES), ["late"], "it is never deployed, and nobody is told");

    let refused = runner(&twins.ours, &["deploy", "plugins"]);
    assert_said(
        &refused,
        4,
        &[EARLY, "is out of order", LATE, "--out-of-order allow", "nothing was altered"],
    );
    assert_said(&runner(&twins.ours, &["check", "plugins"]), 4, &[EARLY]);
    assert_eq!(twins.ours.rows(TABLES), ["late"]);
    ok(&twins.ours, &["deploy", "plugins", "--out-of-order", "allow"]);
    assert_eq!(twins.ours.rows(TABLES), ["early", "late"]);
}

#[test]
fn taking_back_what_was_never_deployed() {
    let french = script(
        "insert into custom_phrases (tenant_id, id, language_tag, translation) values ('default', 'french', 'fr', '{}')",
        "delete from custom_phrases where language_tag = 'fr'",
    );
    let twins = Twins::with(&[(LATE, &table("late"))]);
    twins.deploy_theirs();
    ok(&twins.ours, &["deploy", "plugins"]);
    twins
        .sql("INSERT INTO custom_phrases VALUES ('default', 'by-hand', 'fr', '{\"a\": \"mots\"}')");
    twins.ship(&[(EARLY, &french), ("1.43.2-1789000000-add-early", &table("early"))]);
    let phrases = "SELECT id FROM custom_phrases";

    // Of the two that are younger than 1.43.0 and were never deployed, one fails for ever …
    let args = ["db", "alteration", "rollback", "1.43.0"];
    let missing = "table \"early\" does not exist";
    assert_said(&twins.original.run(&twins.theirs, &args), 1, &["Found 3 alterations", missing]);
    assert_said(&twins.original.run(&twins.theirs, &args), 1, &["Found 2 alterations", missing]);
    // … and the other, of the release before, deletes what a person has written.
    twins.theirs.sql("CREATE TABLE early ()");
    assert_said(&twins.original.run(&twins.theirs, &args), 0, &[]);
    assert_eq!(twins.theirs.rows(phrases), Vec::<String>::new());

    let run = ok(&twins.ours, &["rollback", "--plugin", "logto/core", "--to", "1.43.0"]);
    assert_said(&run, 0, &[LATE]);
    assert!(!run.stdout.contains("add-early") && !run.stderr.contains("add-early"), "{run:#?}");
    assert_eq!(twins.ours.rows(phrases), ["by-hand"]);
    assert_eq!(twins.ours.rows(TABLES), Vec::<String>::new());
}

#[test]
fn an_edited_one() {
    let twins = Twins::with(&[(LATE, &table("late"))]);
    assert_said(&twins.deploy_theirs(), 0, &["Found 1 alteration"]);
    ok(&twins.ours, &["deploy", "plugins"]);
    let edited = script("create table late (id bigint)", "drop table late");
    twins.ship(&[(LATE, &edited)]);

    assert_said(&twins.deploy_theirs(), 0, &["Found 0 alteration"]);

    let [applied, file] = [table("late"), edited]
        .map(|script| format!("{:x}", Sha256::digest(script))[..12].to_owned());
    for verb in ["check", "plan", "deploy"] {
        let run = runner(&twins.ours, &[verb, "plugins"]);
        let told =
            format!("was changed after it was applied: {applied} was applied, the file has {file}");
        assert_said(&run, 4, &[LATE, &told]);
    }
    // As it was released, it is as it was applied.
    twins.ship(&[(LATE, &table("late"))]);
    assert_said(&ok(&twins.ours, &["check", "plugins"]), 0, &["up to date"]);
}

#[test]
fn an_older_release_that_takes_a_newer_database_back() {
    let place = Place::start();
    let source = place.sandbox();
    let older = Original::install(&source, BEFORE);
    older.seed(&source);
    let [theirs, ours] = [(); 2].map(|()| place.twin(&source));
    let seeded = theirs.server().pg_dump(&[]);
    let newer = Original::install(&theirs, AFTER);
    newer.deploy(&theirs);
    pack(&ours, BEFORE);
    component::ok(&ours, &["baseline", "plugins", "--to", "logto/core@latest"]);
    pack(&ours, AFTER);
    component::ok(&ours, &["deploy", "plugins"]);

    // The older release has no file of what is to be taken back, takes nothing back, and is content.
    let new = "SELECT relname FROM pg_class WHERE relname = 'trusted_devices'";
    let run = older.run(&theirs, &["db", "alteration", "rollback", "1.37.0"]);
    assert_said(&run, 0, &["Found 0 alteration"]);
    assert_eq!(theirs.rows(new).len(), 1);

    pack(&ours, BEFORE);
    assert_said(
        &component::runner(&ours, &["check", "plugins"]),
        4,
        &["the database is ahead of the files", "runner rollback --plugin logto/core --steps 33"],
    );
    fs::remove_dir_all(ours.path().join("plugins")).expect("a folder");
    let run = component::ok(&ours, &["rollback", "--plugin", "logto/core", "--to", "1.37.0"]);
    assert_said(&run, 0, &["Rolled back 33 alterations"]);
    newer.roll_back(&theirs, "1.37.0");
    assert_alike(&seeded, &theirs, &ours);
    // And 1.37.1 may start.
    pack(&ours, BEFORE);
    component::ok(&ours, &["check", "plugins"]);
}
