//! Drafts: refused, allowed, and taken down where they have changed.

use super::*;

const DRAFT_ONE: &str = "a/x 1.0.0-100-one draft";
const DRAFT_TWO: &str = "a/x 1.1.0-200-two draft";
const THREE: &str = "a/x 1.2.0-300-three";

const STRICT: Policy = Policy {
    out_of_order: false,
    changed: false,
    missing: false,
    folders: Folders::Judged,
    drafts: false,
};
const ALLOWED: Policy = Policy { drafts: true, ..STRICT };

/// As `planned`, with the direction before each step.
fn ways(lines: &[&str], rows: &[&str], targets: &[&str]) -> Vec<String> {
    let target = Target::parse(targets).unwrap();
    let plan = deploy(&files(lines), &state(rows), Dialect::Sqlite, &target, ALLOWED);
    let text = shown(&plan);
    let steps = plan.steps.iter().map(|step| format!("{} ", step.direction));
    let ways = steps.chain(std::iter::repeat(String::new()));
    ways.zip(text).map(|(way, text)| way + &text).collect()
}

fn differs(id: &str) -> String {
    let (recorded, found) = (Checksum::of(b"edited"), Checksum::of(id.as_bytes()));
    format!(
        "a draft of a/x {id} is applied, and its file has changed since: {} was applied, the file has {}",
        recorded.short(),
        found.short()
    )
}

#[test]
fn a_pending_draft_is_refused_unless_drafts_are_allowed() {
    let refused = "!a/x 1.0.0-100-one is a draft, which may still change";
    let pending = "1.0.0-100-one not applied yet";
    assert_eq!(planned(&[DRAFT_ONE], &[], &[], STRICT), [pending, refused]);
    assert_eq!(planned(&[DRAFT_ONE], &[], &[], ALLOWED), [pending]);
    // What a target leaves out is nobody's concern; what goes on is.
    let left = ["-1.0.0-100-one its plugin is not in the target"];
    let lines = [DRAFT_ONE, "b/y 1.0.0-1-y"];
    let done = ["b/y 1.0.0-1-y applied"];
    assert_eq!(planned(&lines, &done, &["b/y@latest"], STRICT), left);
    let begun = ["a/x 1.0.0-100-one running~>"];
    let goes_on = "1.0.0-100-one resumes an unfinished attempt";
    assert_eq!(planned(&[DRAFT_ONE], &begun, &[], STRICT), [goes_on, refused]);
    assert_eq!(planned(&[DRAFT_ONE], &begun, &[], ALLOWED), [goes_on]);
    let plan = deploy(
        &files(&[DRAFT_ONE, TWO]),
        &state(&[]),
        Dialect::Sqlite,
        &Target::default(),
        ALLOWED,
    );
    assert_eq!(plan.steps.iter().map(|step| step.draft).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_baseline_records_no_draft() {
    let catalog = files(&[ONE, DRAFT_TWO]);
    let record = |id: &str| {
        let keys = catalog.iter().map(|a| a.key.clone()).filter(|key| key.id.as_str() == id);
        let keys = keys.collect();
        shown(&baseline(&catalog, &state(&[]), Dialect::Sqlite, &keys))
    };
    assert_eq!(
        record("1.0.0-100-one"),
        ["1.0.0-100-one recorded, does not run", "-1.1.0-200-two stays pending"]
    );
    assert_eq!(
        record("1.1.0-200-two"),
        [
            "1.1.0-200-two recorded, does not run",
            "-1.0.0-100-one stays pending",
            "!a/x 1.1.0-200-two is a draft, which may still change: a baseline records what is released"
        ]
    );
}

#[test]
fn an_applied_draft_that_is_offered_as_it_was_stays() {
    for line in [DRAFT_ONE, ONE] {
        for row in ["a/x 1.0.0-100-one applied~", "a/x 1.0.0-100-one applied"] {
            for policy in [STRICT, ALLOWED] {
                assert!(planned(&[line], &[row], &[], policy).is_empty(), "{line}, {row}");
            }
        }
    }
}

#[test]
fn an_applied_draft_that_is_released_as_it_was_is_recorded_so() {
    let released = |lines: &[&str], rows: &[&str], targets: &[&str], policy| {
        let target = Target::parse(targets).unwrap();
        let plan = deploy(&files(lines), &state(rows), Dialect::Sqlite, &target, policy);
        plan.released.iter().map(|key| key.id.to_string()).collect::<Vec<_>>()
    };
    let (one, two) = ("1.0.0-100-one", "1.1.0-200-two");
    let applied = "a/x 1.0.0-100-one applied~";
    let table: &[(&[&str], &[&str], &[&str])] = &[
        (&[ONE], &[applied], &[one]),
        (&[ONE, TWO], &[applied, "a/x 1.1.0-200-two applied~"], &[one, two]),
        (&[ONE, DRAFT_TWO], &[applied, "a/x 1.1.0-200-two applied~"], &[one]),
        (&[ONE, TWO], &[applied, "a/x 1.1.0-200-two applied"], &[one]),
        // Still a draft, without a file, another one, or not applied.
        (&[DRAFT_ONE], &[applied], &[]),
        (&[TWO], &[applied], &[]),
        (&[ONE], &["a/x 1.0.0-100-one applied~!"], &[]),
        (&[ONE], &["a/x 1.0.0-100-one applied"], &[]),
        (&[ONE], &["a/x 1.0.0-100-one reverted~"], &[]),
        (&[ONE], &["a/x 1.0.0-100-one running~>"], &[]),
        (&[ONE], &["a/x 1.0.0-100-one running~<"], &[]),
    ];
    for (lines, rows, expected) in table {
        for policy in [STRICT, ALLOWED] {
            assert_eq!(released(lines, rows, &[], policy), *expected, "{lines:?}, {rows:?}");
        }
    }
    // However far the deploy goes.
    let lines = [ONE, TWO, "b/y 1.0.0-1-y"];
    let rows = [applied, "a/x 1.1.0-200-two applied~"];
    for target in ["b/y@latest", "a/x@1.0.0"] {
        assert_eq!(released(&lines, &rows, &[target], STRICT), [one, two]);
    }
    // What goes down and up again is applied as what it is then.
    let rows = ["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two applied~"];
    assert!(released(&[ONE, TWO], &rows, &[], ALLOWED).is_empty());
    // A baseline records what it was asked for.
    let catalog = files(&[ONE]);
    let plan = baseline(&catalog, &state(&[applied]), Dialect::Sqlite, &Default::default());
    assert!(plan.released.is_empty());
}

#[test]
fn a_changed_draft_is_refused_or_left() {
    let rows = ["a/x 1.0.0-100-one applied~!"];
    for line in [DRAFT_ONE, ONE] {
        let found = planned(&[line], &rows, &[], STRICT);
        assert_eq!(found, [format!("!{}", differs("1.0.0-100-one"))]);
        let left = Policy { changed: true, ..STRICT };
        let found = planned(&[line], &rows, &[], left);
        assert_eq!(found, [format!("?{}", differs("1.0.0-100-one"))]);
    }
    // What was released is no draft, whatever is offered now.
    let released = ["a/x 1.0.0-100-one applied!"];
    for policy in [STRICT, ALLOWED] {
        let found = planned(&[DRAFT_ONE], &released, &[], policy);
        assert!(found[0].starts_with("!a/x 1.0.0-100-one was changed after it was"), "{found:?}");
        assert_eq!(found.len(), 1);
    }
}

#[test]
fn a_changed_draft_goes_down_with_what_came_after_it_and_up_again() {
    let changed = "down 1.0.0-100-one a draft that has changed";
    let again = ["up 1.0.0-100-one again, as it is now", "up 1.1.0-200-two again, as it is now"];
    for line in [DRAFT_ONE, ONE] {
        assert_eq!(
            ways(&[line, DRAFT_TWO], &["a/x 1.0.0-100-one applied~!"], &[]),
            [changed, again[0], "up 1.1.0-200-two not applied yet"]
        );
        assert_eq!(
            ways(
                &[line, DRAFT_TWO],
                &["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two applied~"],
                &[]
            ),
            [
                "down 1.1.0-200-two applied after 1.0.0-100-one, a draft that has changed",
                changed,
                again[0],
                again[1],
            ]
        );
    }
    // What was applied before stays, whatever its place by its stamp; another plugin's is untouched.
    assert_eq!(
        ways(
            &[DRAFT_ONE, TWO, "b/y 1.0.0-1-y"],
            &["a/x 1.1.0-200-two applied", "a/x 1.0.0-100-one applied~!", "b/y 1.0.0-1-y applied"],
            &[]
        ),
        [changed, again[0]]
    );
    // Two plugins at once: the last that was applied goes first.
    assert_eq!(
        ways(
            &[DRAFT_ONE, "b/y 1.0.0-1-y draft"],
            &["a/x 1.0.0-100-one applied~!", "b/y 1.0.0-1-y applied~!"],
            &[]
        ),
        [
            "down 1.0.0-1-y a draft that has changed",
            changed,
            again[0],
            "up 1.0.0-1-y again, as it is now"
        ]
    );
}

#[test]
fn what_keeps_a_changed_draft_from_going_down_is_said() {
    let stays = |why: &str| {
        format!(
            "!a draft of a/x 1.0.0-100-one is applied and has changed, and cannot be reverted: {why}"
        )
    };
    let table: &[(&[&str], &[&str], &[&str], &str)] = &[
        (
            &[DRAFT_ONE, TWO],
            &["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two applied"],
            &[],
            "a/x 1.1.0-200-two, applied after it, is released",
        ),
        (&[DRAFT_ONE], &["a/x 1.0.0-100-one applied~!^"], &[], "it is irreversible"),
        (
            &[DRAFT_ONE, DRAFT_TWO],
            &["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two applied~^"],
            &[],
            "a/x 1.1.0-200-two, applied after it, is irreversible",
        ),
        (
            &[DRAFT_ONE, "b/y 1.0.0-1-y a/x@*"],
            &["a/x 1.0.0-100-one applied~!", "b/y 1.0.0-1-y applied a/x@*"],
            &[],
            "b/y 1.0.0-1-y is applied and requires a/x",
        ),
        (
            &[DRAFT_ONE, TWO],
            &["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two running>"],
            &[],
            "a/x 1.1.0-200-two was begun and has not ended",
        ),
    ];
    for (lines, rows, targets, why) in table {
        let found: Vec<String> = ways(lines, rows, targets)
            .into_iter()
            .filter(|line| line.contains("cannot be reverted"))
            .collect();
        assert_eq!(found, [stays(why)], "{rows:?}");
        assert!(!ways(lines, rows, targets).iter().any(|line| line.starts_with("down")));
    }
    // Beyond the target, or without a file, it would go down for good.
    let rows = ["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two applied~"];
    let why = "a/x 1.1.0-200-two, applied after it, would not be applied again";
    let beyond = ways(&[DRAFT_ONE, DRAFT_TWO], &rows, &["a/x@1.0.0"]);
    assert!(beyond.contains(&stays(why)), "{beyond:?}");
    let missing = ways(&[DRAFT_ONE, THREE], &rows, &[]);
    assert!(missing.contains(&stays(why)), "{missing:?}");
}

#[test]
fn a_changed_draft_beyond_the_target_is_left_as_it_is() {
    let rows = ["a/x 1.0.0-100-one applied~", "a/x 1.1.0-200-two applied~!"];
    let found = ways(&[DRAFT_ONE, DRAFT_TWO], &rows, &["a/x@1.0.0"]);
    assert_eq!(
        found,
        [
            format!("?{}", differs("1.1.0-200-two")),
            "?a/x 1.1.0-200-two is applied, although it is newer than the target 1.0.0".to_owned()
        ]
    );
}

#[test]
fn what_was_begun_to_be_taken_down_goes_on() {
    let rows = ["a/x 1.0.0-100-one applied~!", "a/x 1.1.0-200-two running~<"];
    assert_eq!(
        ways(&[DRAFT_ONE, DRAFT_TWO], &rows, &[]),
        [
            "down 1.1.0-200-two resumes an unfinished attempt",
            "down 1.0.0-100-one a draft that has changed",
            "up 1.0.0-100-one again, as it is now",
            "up 1.1.0-200-two again, as it is now",
        ]
    );
    let unfinished = "!the rollback of a/x 1.1.0-200-two was begun and has not ended";
    let strict = planned(&[DRAFT_ONE, DRAFT_TWO], &rows, &[], STRICT);
    assert!(strict.contains(&unfinished.to_owned()), "{strict:?}");
    // Without its file it would not come back.
    let alone = ways(&[DRAFT_ONE], &["a/x 1.1.0-200-two running~<"], &[]);
    assert!(alone.contains(&unfinished.to_owned()), "{alone:?}");
    // What is no draft is no concern of this.
    let released = ways(&[DRAFT_ONE, TWO], &["a/x 1.1.0-200-two running<"], &[]);
    assert!(released.contains(&unfinished.to_owned()), "{released:?}");
}

#[test]
fn requirements_are_judged_by_what_is_there_in_the_end() {
    let lines = ["a/x 1.0.0-100-one draft", "b/y 1.0.0-1-y draft a/x@^1"];
    let rows = ["a/x 1.0.0-100-one applied~!"];
    assert_eq!(
        ways(&lines, &rows, &[]),
        [
            "down 1.0.0-100-one a draft that has changed",
            "up 1.0.0-100-one again, as it is now",
            "up 1.0.0-1-y not applied yet",
        ]
    );
}

#[test]
fn drafts_are_shown() {
    let table = [
        (DRAFT_ONE, "a/x 1.0.0-100-one applied~", true),
        (DRAFT_ONE, "a/x 1.0.0-100-one applied~!", true),
        (ONE, "a/x 1.0.0-100-one applied~!", true),
        // Released since, byte for byte.
        (ONE, "a/x 1.0.0-100-one applied~", false),
        (DRAFT_ONE, "a/x 1.0.0-100-one applied", false),
        (DRAFT_ONE, "a/x 1.0.0-100-one reverted", true),
        (ONE, "a/x 1.0.0-100-one reverted~", false),
        (ONE, "a/x 1.0.0-100-one running~>", false),
        (TWO, "a/x 1.0.0-100-one applied~", true),
        (DRAFT_ONE, "a/x 1.1.0-200-two applied", true),
    ];
    for (line, row, expected) in table {
        let lines = status(Some(&files(&[line])), &state(&[row]), Dialect::Sqlite);
        assert_eq!(lines[0].draft, expected, "{line}, {row}");
    }
    assert!(status(None, &state(&["a/x 1.0.0-100-one applied~"]), Dialect::Sqlite)[0].draft);
}
