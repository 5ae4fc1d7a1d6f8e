//! What was begun, and another file that is offered for it; components that are named to go down with.

use super::*;
use crate::backend::Fit;

/// The plan for a file of `ONE` that is not the one that was begun, and stands so to what took effect.
fn with(row: &str, fit: Fit, policy: Policy) -> Vec<String> {
    let (catalog, mut snapshot) = (files(&[ONE]), state(&[row]));
    let file = catalog.iter().next().unwrap();
    snapshot.mend(&Attempt::up(file), fit, Vec::new());
    shown(&deploy(&catalog, &snapshot, Dialect::Mariadb, &Target::default(), policy))
}

#[test]
fn what_was_begun_goes_on_where_the_file_begins_with_it() {
    let (running, failed) = ("a/x 1.0.0-100-one running!>", "a/x 1.0.0-100-one failed!>");
    let goes_on = |statements| Fit::GoesOn { statements };
    let otherwise = "!a/x 1.0.0-100-one was begun with other contents and has not ended: ";
    let unchanged = "1.0.0-100-one was begun and goes on";
    let table: [(&str, Fit, &[&str]); 6] = [
        (running, goes_on(1), &["1.0.0-100-one goes on in the mended file after 1 statement"]),
        (
            failed,
            goes_on(2),
            &[
                "1.0.0-100-one goes on in the mended file after 2 statements",
                "?a/x 1.0.0-100-one failed, and parts of it are done: broken",
            ],
        ),
        (
            failed,
            Fit::Anew,
            &[
                "1.0.0-100-one failed before, changed nothing",
                "?a/x 1.0.0-100-one failed and changed nothing: broken",
            ],
        ),
        (running, Fit::Anew, &["1.0.0-100-one not applied yet"]),
        (running, Fit::Differs, &[unchanged, otherwise]),
        (failed, Fit::Unknown, &[unchanged, otherwise]),
    ];
    for policy in [Policy::default(), Policy { changed: true, ..Policy::default() }] {
        for (row, fit, expected) in table {
            let planned = with(row, fit, policy);
            let is_as_expected = planned.len() == expected.len()
                && planned.iter().zip(expected).all(|(line, start)| line.starts_with(start));
            assert!(is_as_expected, "{row}, {fit:?}: {planned:?}");
        }
    }
}

#[test]
fn what_goes_on_is_recorded_as_the_file_that_it_goes_on_in() {
    let (catalog, mut snapshot) = (files(&[ONE]), state(&["a/x 1.0.0-100-one running!>"]));
    let file = catalog.iter().next().unwrap();
    snapshot.mend(&Attempt::up(file), Fit::GoesOn { statements: 1 }, Vec::new());
    let (row, run) = (&snapshot.rows[&file.key], &snapshot.runs[&file.key]);
    assert_eq!((row.checksum, row.component_checksum), (file.checksum, file.component_checksum));
    assert_eq!((row.status, run.component_checksum), (Status::Running, file.component_checksum));
}

#[test]
fn advice_names_the_way_out_and_never_a_loop() {
    let allowed = Policy { changed: true, ..Policy::default() };
    for (fit, tries) in [(Fit::Differs, false), (Fit::Unknown, true)] {
        let (catalog, mut snapshot) = (files(&[ONE]), state(&["a/x 1.0.0-100-one failed!>"]));
        let file = catalog.iter().next().unwrap();
        snapshot.mend(&Attempt::up(file), fit, Vec::new());
        let plan = deploy(&catalog, &snapshot, Dialect::Mariadb, &Target::default(), allowed);
        let advice = plan.objections().next().unwrap().advice();
        assert!(advice.contains("runner resolve a/x 1.0.0-100-one --as reverted"), "{advice}");
        assert_eq!(advice.contains("--changed allow"), tries, "{advice}");
    }
}

/// Going back one step with these components.
fn down(rows: &[&str], with: &[&str]) -> Vec<String> {
    let (with, target) = (files(with), RollbackTarget::Steps(1));
    shown(&rollback(&state(rows), None, &target, false, (&with, Dialect::Sqlite)))
}

#[test]
fn components_to_go_down_with() {
    let last = "1.0.0-100-one the last one applied";
    let idle =
        "!!the component of a/x 1.1.0-200-two was named, and nothing that it declares goes down";
    let table: [(&str, &[&str], &[&str]); 4] = [
        ("a/x 1.0.0-100-one applied!", &[ONE], &[last]),
        ("a/x 1.0.0-100-one applied!^", &[ONE], &[last]),
        (
            "a/x 1.0.0-100-one applied^",
            &[],
            &[last, "!a/x 1.0.0-100-one is irreversible: it has no way back"],
        ),
        ("a/x 1.0.0-100-one applied", &[ONE, TWO], &[last, idle]),
    ];
    for (row, with, expected) in table {
        assert_eq!(down(&[row], with), expected, "{row}, {with:?}");
    }
    let begun = down(&["a/x 1.0.0-100-one running!<"], &[ONE]);
    assert_eq!(begun[0], "1.0.0-100-one was begun and goes on");
    assert!(
        begun[1].starts_with("!the rollback of a/x 1.0.0-100-one was begun with other"),
        "{begun:?}"
    );
}
