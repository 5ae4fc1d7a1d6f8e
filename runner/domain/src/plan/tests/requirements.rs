//! Requirements: they order plugins, must be met, and come along with a target.

use super::*;

#[test]
fn requirements_order_plugins_and_must_be_met() {
    let core = "z/core 1.2.0-900-core";
    let table: &[(&[&str], &[&str], &[&str])] = &[
        // The stamp of another plugin plays no part; the requirement does.
        (
            &["a/ext 0.1.0-100-ext z/core@>=1.2", core],
            &[],
            &["1.2.0-900-core not applied yet", "0.1.0-100-ext not applied yet"],
        ),
        (
            &["a/ext 0.1.0-100-ext z/core@>=1.2"],
            &["z/core 1.2.0-900-core applied"],
            &[
                "0.1.0-100-ext not applied yet",
                "?z/core has 1 applied alteration, but none of its files are here",
            ],
        ),
        (
            &["a/ext 0.1.0-100-ext z/core@>=1.2"],
            &[],
            &[
                "0.1.0-100-ext not applied yet",
                "!!a/ext requires z/core >=1.2, but it is not applied and not among the files",
            ],
        ),
        (
            &["a/ext 0.1.0-100-ext z/core@>=1.2"],
            &["z/core 1.2.0-900-core reverted"],
            &[
                "0.1.0-100-ext not applied yet",
                "!!a/ext requires z/core >=1.2, but it is not applied and not among the files",
            ],
        ),
        // So it is with what an alteration needs of its own plugin: in the plan, applied, or nowhere.
        (&["a/x 1-x", "a/x 2-y needs:1-x"], &[], &["1-x not applied yet", "2-y not applied yet"]),
        (&["a/x 1-x", "a/x 2-y needs:1-x"], &["a/x 1-x applied"], &["2-y not applied yet"]),
        (
            &["a/x 2-y needs:1-x"],
            &["a/x 1-x reverted"],
            &[
                "2-y not applied yet",
                "!!a/x 2-y needs 1-x, which is not applied, and not in this plan",
            ],
        ),
        (
            &["a/ext 0.1.0-100-ext z/core@>=2", core],
            &[],
            &[
                "1.2.0-900-core not applied yet",
                "0.1.0-100-ext not applied yet",
                "!!a/ext requires z/core >=2, but it would be at 1.2.0",
            ],
        ),
        (
            &["a/ext 0.1.0-100-ext z/core@*", "z/core 100-x"],
            &[],
            &["100-x not applied yet", "0.1.0-100-ext not applied yet"],
        ),
        (
            &["a/ext 0.1.0-100-ext z/core@>=1", "z/core 100-x"],
            &[],
            &[
                "100-x not applied yet",
                "0.1.0-100-ext not applied yet",
                "!!a/ext requires z/core >=1, but its alterations carry no version",
            ],
        ),
        (
            &["a/x 1-x b/x@*", "b/x 1-x c/x@*", "c/x 1-x a/x@*"],
            &[],
            &["!!plugins require each other in a circle: a/x -> b/x -> c/x -> a/x"],
        ),
    ];
    for (lines, rows, expected) in table {
        assert_eq!(planned(lines, rows, &[], Policy::default()), *expected, "{lines:?}");
    }
}

#[test]
fn a_target_brings_what_it_requires_and_nothing_else() {
    let lines =
        ["a/ext 0.1.0-100-ext z/core@>=1.2", "z/core 1.2.0-900-core", "b/other 1.0.0-1-other"];
    assert_eq!(
        planned(&lines, &[], &["a/ext@latest"], Policy::default()),
        [
            "1.2.0-900-core not applied yet",
            "0.1.0-100-ext not applied yet",
            "-1.0.0-1-other its plugin is not in the target"
        ]
    );
}

#[test]
fn what_is_left_out_is_no_unmet_requirement() {
    let mut only = Declaration::new("1.2.0-1-a".parse().unwrap());
    only.dialects = [Dialect::Postgresql].into();
    let core = Manifest::new("a/core".parse().unwrap(), vec![only]);
    let id = "1.0.0-2-b".parse().unwrap();
    let mut other = Manifest::new("b/other".parse().unwrap(), vec![Declaration::new(id)]);
    other.requires.insert("a/core".parse().unwrap(), ">=1.2.0".parse().unwrap());
    let file = |manifest: Manifest, path: &str| {
        let component_checksum = Checksum::of(path.as_bytes());
        ComponentFile::released(path, component_checksum, manifest)
    };
    let catalog = Catalog::new([file(core, "a"), file(other, "b")]).unwrap();
    let plan = deploy(
        &catalog,
        &Snapshot::empty(),
        Dialect::Sqlite,
        &Target::default(),
        Policy::default(),
    );
    assert_eq!(shown(&plan), ["1.0.0-2-b not applied yet", "-1.2.0-1-a only for postgresql"]);
}
