//! What was begun and has not ended: it goes on first, and other jobs leave it alone.

use super::*;

#[test]
fn what_was_begun_goes_on_first() {
    let strict = Policy::default();
    let table: &[(&[&str], &[&str], &[&str])] = &[
        (
            &[ONE, TWO],
            &["a/x 1.0.0-100-one running>"],
            &["1.0.0-100-one resumes an unfinished attempt", "1.1.0-200-two not applied yet"],
        ),
        (
            &[ONE],
            &["a/x 1.0.0-100-one failed>"],
            &[
                "1.0.0-100-one resumes an unfinished attempt",
                "?a/x 1.0.0-100-one failed, and parts of it are done: broken",
            ],
        ),
        // It would go on with the bytes that began it, and these are others.
        (
            &[ONE],
            &["a/x 1.0.0-100-one running!>"],
            &[
                "1.0.0-100-one resumes an unfinished attempt",
                "!a/x 1.0.0-100-one was begun with other contents and has not ended: ",
            ],
        ),
        // Without its file nobody asked for it to go on.
        (
            &[TWO],
            &["a/x 1.0.0-100-one running>"],
            &["1.1.0-200-two not applied yet", "!a/x 1.0.0-100-one was begun and has not ended"],
        ),
        (
            &[ONE],
            &["a/x 1.0.0-100-one running<"],
            &["!the rollback of a/x 1.0.0-100-one was begun and has not ended"],
        ),
        // Nobody knows what this is.
        (
            &[ONE],
            &["a/x 1.0.0-100-one running"],
            &["!a/x 1.0.0-100-one was begun and has not ended"],
        ),
    ];
    for (lines, rows, expected) in table {
        let planned = planned(lines, rows, &[], strict);
        assert_eq!(planned.len(), expected.len(), "{rows:?}: {planned:?}");
        for (planned, expected) in planned.iter().zip(*expected) {
            assert!(planned.starts_with(expected), "{rows:?}: {planned:?}");
        }
    }
}

#[test]
fn rollbacks_take_up_what_they_began_and_leave_deploys_alone() {
    let back = |rows: &[&str], steps| {
        shown(&rollback(
            &state(rows),
            None,
            &RollbackTarget::Steps(steps),
            false,
            (&Catalog::default(), Dialect::Sqlite),
        ))
    };
    let begun = ["a/x 1.0.0-100-one applied", "a/x 1.1.0-200-two running<"];
    assert_eq!(back(&begun, 1), ["1.1.0-200-two resumes an unfinished attempt"]);
    assert_eq!(back(&begun, 0), ["!the rollback of a/x 1.1.0-200-two was begun and has not ended"]);
    let deploying = ["a/x 1.0.0-100-one applied", "a/x 1.1.0-200-two running>"];
    assert_eq!(
        back(&deploying, 1),
        ["1.0.0-100-one the last one applied", "!a/x 1.1.0-200-two was begun and has not ended"]
    );
}
