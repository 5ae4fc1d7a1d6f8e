//! Renamed plugins: what would be taken over, what speaks against it, and the plan that follows.

use super::*;

const NEW: &str = "b/y 1.0.0-100-one replaces:a/x";
const LATER: &str = "b/y 1.1.0-200-two replaces:a/x";
const APPLIED: &str = "a/x 1.0.0-100-one applied";

/// Returns what is said of the takeovers, and then the plan of the state as it will be.
fn seen(lines: &[&str], rows: &[&str], accepted: &[&str]) -> Vec<String> {
    let (catalog, snapshot) = (files(lines), state(rows));
    let accepted = accepted.iter().map(|rename| rename.parse().unwrap()).collect();
    let (found, findings) = takeovers(&catalog, &snapshot, &accepted);
    let after = found.iter().fold(snapshot, |snapshot, takeover| snapshot.taken_over(takeover));
    let target = Target::parse::<&str>(&[]).unwrap();
    let mut plan = deploy(&catalog, &after, Dialect::Sqlite, &target, Policy::default());
    plan.findings.splice(0..0, findings);
    shown(&plan)
}

#[test]
fn what_is_said_of_it() {
    let said = "!b/y says that it replaces a/x, and would take over 1 applied alteration of it";
    let accepted = "?b/y takes over 1 applied alteration of a/x";
    let table: &[(&[&str], &[&str], &[&str], &[&str])] = &[
        // Nothing is recorded, or nothing is applied any more: there is nothing to take.
        (&[NEW], &[], &[], &["1.0.0-100-one not applied yet"]),
        (&[NEW], &["a/x 1.0.0-100-one reverted"], &[], &["1.0.0-100-one not applied yet"]),
        (&[NEW], &[APPLIED], &[], &[said]),
        (&[NEW, LATER], &[APPLIED], &[], &["1.1.0-200-two not applied yet", said]),
        (&[NEW], &[APPLIED], &["a/x=b/y"], &[accepted]),
        (&[NEW], &[APPLIED], &["b/y=a/x", "a/x=c/z", "c/z=b/y"], &[said]),
        // What else there is to say goes by the new name.
        (
            &[LATER],
            &[APPLIED],
            &["a/x=b/y"],
            &[
                "1.1.0-200-two not applied yet",
                accepted,
                "!b/y 1.0.0-100-one is applied, but its file is missing",
            ],
        ),
        (
            &[NEW],
            &["a/x 1.0.0-100-one applied!"],
            &["a/x=b/y"],
            &[accepted, "!b/y 1.0.0-100-one was changed after it was applied: …"],
        ),
        // What failed under the new name gives way, what is applied does not.
        (&[NEW], &[APPLIED, "b/y 1.0.0-100-one failed"], &["a/x=b/y"], &[accepted]),
        (
            &[NEW],
            &[APPLIED, "b/y 1.0.0-100-one applied"],
            &["a/x=b/y"],
            &[
                "!b/y cannot take over from a/x: 1.0.0-100-one is applied under both names",
                "?a/x has 1 applied alteration, but none of its files are here",
            ],
        ),
        // Who requires the old name is met by the new one.
        (
            &[NEW, "c/z 1-z a/x@>=1.0.0"],
            &[APPLIED],
            &["a/x=b/y"],
            &["1-z not applied yet", accepted],
        ),
    ];
    for (lines, rows, accepts, expected) in table {
        let found = seen(lines, rows, accepts);
        let is_checksums = |line: &str| line.contains("was changed after");
        assert_eq!(found.len(), expected.len(), "{lines:?} {rows:?}: {found:?}");
        for (found, expected) in found.iter().zip(*expected) {
            assert!(
                found == expected || (is_checksums(found) && is_checksums(expected)),
                "{found}"
            );
        }
    }
}

#[test]
fn what_is_unfinished_comes_first() {
    for row in
        ["a/x 1.0.0-100-one running>", "a/x 1.0.0-100-one failed>", "a/x 1.0.0-100-one running"]
    {
        let rows = &["a/x 0.9.0-50-zero applied", row];
        let found = seen(&[NEW], rows, &["a/x=b/y"]);
        let told =
            "!b/y cannot take over from a/x yet: a/x 1.0.0-100-one was begun and has not ended";
        assert!(found.iter().any(|line| line == told), "{row}: {found:?}");
        assert!(!found.iter().any(|line| line.contains("takes over")), "{row}: {found:?}");
    }
}

#[test]
fn old_files_are_told_from_a_plugin_that_never_ran() {
    let takeover = crate::record::Takeover {
        from: "a/x".parse().unwrap(),
        to: "b/y".parse().unwrap(),
        checksums: Default::default(),
    };
    let after = state(&[APPLIED]).taken_over(&takeover);
    let target = Target::parse::<&str>(&[]).unwrap();
    let plan = |lines: &[&str], after: &Snapshot| {
        shown(&deploy(&files(lines), after, Dialect::Sqlite, &target, Policy::default()))
    };
    let old = plan(&[ONE], &after);
    let told = "!a/x was renamed: its records in this database belong to b/y";
    assert!(old.contains(&told.to_owned()), "{old:?}");
    assert!(plan(&[NEW], &after).is_empty());
    // Once nothing of it is applied any more, the old name is free again.
    let mut gone = after.clone();
    gone.rows.values_mut().for_each(|row| row.status = Status::Reverted);
    assert!(!plan(&[ONE], &gone).contains(&told.to_owned()));
    // What requires the old name keeps the new one in place.
    let mut required = state(&[APPLIED, "c/z 1-z applied a/x@>=1.0.0"]).taken_over(&takeover);
    let all = |snapshot: &Snapshot| {
        shown(&rollback(
            snapshot,
            Some(&takeover.to),
            &RollbackTarget::Nothing,
            false,
            (&Catalog::default(), Dialect::Sqlite),
        ))
    };
    assert!(all(&required).iter().any(|line| line.contains("c/z 1-z is applied and requires")));
    required.successors.clear();
    assert!(!all(&required).iter().any(|line| line.contains("c/z")));
}

#[test]
fn names_that_go_in_a_circle_end() {
    let mut snapshot = Snapshot::empty();
    let name = |text: &str| text.parse::<PluginName>().unwrap();
    for (from, to) in
        [("a/a", "b/b"), ("b/b", "c/c"), ("c/c", "a/a"), ("d/d", "e/e"), ("e/e", "f/f")]
    {
        snapshot.successors.insert(name(from), name(to));
    }
    snapshot.name_now(&name("a/a"));
    assert_eq!(snapshot.name_now(&name("d/d")), &name("f/f"));
    assert_eq!(snapshot.name_now(&name("f/f")), &name("f/f"));
}

#[test]
fn renames_are_two_names() {
    assert_eq!("a/x=b/y".parse::<Rename>().unwrap().to_string(), "a/x=b/y");
    for bad in ["", "a/x", "a/x=", "=b/y", "a/x=b/y=c/z", "a/x b/y", "A/x=b/y"] {
        assert!(bad.parse::<Rename>().is_err(), "{bad}");
    }
}
