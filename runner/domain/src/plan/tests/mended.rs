//! What was begun, and another file that is offered for it; components that are named to go down with.

use super::*;
use crate::record::Fit;

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
    let unchanged = "1.0.0-100-one resumes an unfinished attempt";
    let table: [(&str, Fit, &[&str]); 6] = [
        (running, goes_on(1), &["1.0.0-100-one resumes in the corrected file after 1 statement"]),
        (
            failed,
            goes_on(2),
            &[
                "1.0.0-100-one resumes in the corrected file after 2 statements",
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
        assert!(advice.contains("undo what took effect, run this, and deploy again:"), "{advice}");
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
    let idle = "!!the component of a/x 1.1.0-200-two was named, but nothing that it declares would be rolled back";
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
    assert_eq!(begun[0], "1.0.0-100-one resumes an unfinished attempt");
    assert!(
        begun[1].starts_with("!the rollback of a/x 1.0.0-100-one was begun with other"),
        "{begun:?}"
    );
}

/// As [`state`], of attempts that cannot be resumed.
fn cut(row: &str) -> Snapshot {
    let mut snapshot = state(&[row]);
    let key = snapshot.rows.keys().next().unwrap().clone();
    snapshot.cut.insert(key, "it was cut off".to_owned());
    snapshot
}

#[test]
fn what_cannot_be_resumed_is_never_said_to_go_on() {
    let (up, down) = ("1.0.0-100-one was begun and cannot be resumed", "the rollback of ");
    let found = |severity: &str, of: &str| {
        format!("{severity}{of}a/x 1.0.0-100-one cannot be resumed: it was cut off")
    };
    let table: [(&str, &[&str], &[String]); 7] = [
        ("a/x 1.0.0-100-one failed>", &[ONE], &[up.to_owned(), found("!", "")]),
        // A deploy ends what was left of it on the server, and stops.
        ("a/x 1.0.0-100-one running>", &[ONE], &[up.to_owned(), found("?", "")]),
        ("a/x 1.0.0-100-one failed!>", &[ONE], &[up.to_owned(), found("!", "")]),
        ("a/x 1.0.0-100-one running!>", &[ONE], &[up.to_owned(), found("!", "")]),
        ("a/x 1.0.0-100-one failed>", &[], &[found("!", "")]),
        ("a/x 1.0.0-100-one failed<", &[ONE], &[found("!", down)]),
        ("a/x 1.0.0-100-one running<", &[ONE], &[found("!", down)]),
    ];
    for (row, with, expected) in table {
        let (catalog, snapshot) = (files(with), cut(row));
        let policy = Policy { changed: true, ..Policy::default() };
        let plan = deploy(&catalog, &snapshot, Dialect::Mariadb, &Target::default(), policy);
        assert_eq!(shown(&plan), expected, "{row}, {with:?}");
        for finding in &plan.findings {
            let advice = finding.advice();
            assert!(advice.contains("by hand") && !advice.contains("resumes"), "{advice}");
        }
    }
}

#[test]
fn a_way_back_that_cannot_be_resumed() {
    let row = "a/x 1.0.0-100-one failed<";
    for (with, severity) in [(&[][..], "!"), (&[ONE], "!")] {
        let target = RollbackTarget::Steps(1);
        let plan = rollback(&cut(row), None, &target, false, (&files(with), Dialect::Mariadb));
        let told = shown(&plan);
        assert_eq!(told[0], "1.0.0-100-one was begun and cannot be resumed");
        let text = "the rollback of a/x 1.0.0-100-one cannot be resumed: it was cut off";
        assert_eq!(told[1..], [format!("{severity}{text}")], "{with:?}");
    }
}

/// What is half-way down is neither pending nor said to have changed nothing.
#[test]
fn what_is_going_down_is_no_step_of_a_deploy() {
    let (catalog, snapshot) = (files(&[ONE]), state(&["a/x 1.0.0-100-one failed<"]));
    let plan = deploy(&catalog, &snapshot, Dialect::Mariadb, &Target::default(), Policy::default());
    assert_eq!(shown(&plan), ["!the rollback of a/x 1.0.0-100-one was begun and has not ended"]);
    let lines = status(Some(&catalog), &snapshot, Dialect::Mariadb);
    assert_eq!(lines[0].direction, Some(Direction::Down));
    assert!(lines[0].flags.is_empty(), "{lines:?}");
}
