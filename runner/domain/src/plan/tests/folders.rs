//! Folders of one plugin: which files vouch for a folder, and what is said of the others.

use super::*;

/// Builds `path plugin id [contents]` lines into a catalog. Whatever a file holds, its manifest says that its source is what
/// is applied.
fn lying(lines: &[&str]) -> Catalog {
    let components = lines.iter().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [path, plugin, id] = words[..3] else { panic!("{line}") };
        let mut declaration = Declaration::new(id.parse().unwrap());
        declaration.checksum = Some(Checksum::of(id.as_bytes()));
        let manifest = Manifest::new(plugin.parse().unwrap(), vec![declaration]);
        let contents = words.get(3).unwrap_or(&id);
        ComponentFile::released(path, Checksum::of(contents.as_bytes()), manifest)
    });
    Catalog::new(components).unwrap()
}

fn found(catalog: &Catalog, rows: &[&str], policy: Policy) -> Vec<Finding> {
    let (rows, target) = (state(rows), Target::default());
    let plan = deploy(catalog, &rows, Dialect::Sqlite, &target, policy);
    let of_folders = |finding: &Finding| {
        matches!(finding, Finding::OtherFolder { .. } | Finding::SeveralFolders { .. })
    };
    plan.findings.into_iter().filter(of_folders).collect()
}

#[test]
fn another_folder_than_that_of_what_is_recorded() {
    const APPLIED: &[&str] = &["a/x 1-x applied"];
    let table: [(&str, &[&str], &[&str], &[&str]); 13] = [
        ("one folder", &["p/x/1.wasm a/x 1-x", "p/x/2.wasm a/x 2-x"], APPLIED, &[]),
        ("moved as a whole", &["/ci/x/1.wasm a/x 1-x", "/ci/x/2.wasm a/x 2-x"], APPLIED, &[]),
        (
            "another folder",
            &["p/x/1.wasm a/x 1-x", "p/evil/2.wasm a/x 2-x"],
            APPLIED,
            &["a/x 2-x lies in p/evil, and what is recorded of a/x in p/x"],
        ),
        (
            "a folder below",
            &["p/1.wasm a/x 1-x", "p/evil/2.wasm a/x 2-x"],
            APPLIED,
            &["a/x 2-x lies in p/evil, and what is recorded of a/x in p"],
        ),
        (
            "a folder above",
            &["p/x/1.wasm a/x 1-x", "p/2.wasm a/x 2-x"],
            APPLIED,
            &["a/x 2-x lies in p, and what is recorded of a/x in p/x"],
        ),
        (
            "two of them",
            &["p/x/1.wasm a/x 1-x", "p/e/2.wasm a/x 2-x", "p/e/3.wasm a/x 3-x"],
            APPLIED,
            &["2 alterations of a/x lie in p/e, and what is recorded of a/x in p/x"],
        ),
        (
            "a folder of the plugin's name, elsewhere",
            &["p/a/x/1.wasm a/x 1-x", "evil/a/x/2.wasm a/x 2-x"],
            APPLIED,
            &["a/x 2-x lies in evil/a/x, and what is recorded of a/x in p/a/x"],
        ),
        (
            "a folder for each release",
            &["p/x/1.0.0/1.wasm a/x 1-x", "p/x/v1.1.0/2.wasm a/x 2-x", "p/x/3.wasm a/x 3-x"],
            APPLIED,
            &["a/x comes from several folders: p/x, p/x/1.0.0, p/x/v1.1.0"],
        ),
        (
            "a release of another folder",
            &["p/x/1.0.0/1.wasm a/x 1-x", "p/evil/1.0.0/2.wasm a/x 2-x"],
            APPLIED,
            &["a/x 2-x lies in p/evil/1.0.0, and what is recorded of a/x in p/x/1.0.0"],
        ),
        (
            "nothing is recorded",
            &["p/x/1.wasm a/x 1-x", "p/evil/2.wasm a/x 2-x"],
            &[],
            &["a/x comes from several folders: p/evil, p/x"],
        ),
        (
            "all of it is applied",
            &["p/x/1.wasm a/x 1-x", "p/y/2.wasm a/x 2-x"],
            &["a/x 1-x applied", "a/x 2-x applied"],
            &[],
        ),
        (
            "what was allowed once vouches from then on",
            &["p/x/1.wasm a/x 1-x", "p/y/2.wasm a/x 2-x", "p/y/3.wasm a/x 3-x"],
            &["a/x 1-x applied", "a/x 2-x applied"],
            &["a/x comes from several folders: p/x, p/y"],
        ),
        (
            "what was rolled back is recorded too",
            &["p/x/1.wasm a/x 1-x", "p/evil/2.wasm a/x 2-x"],
            &["a/x 1-x reverted"],
            &["a/x 2-x lies in p/evil, and what is recorded of a/x in p/x"],
        ),
    ];
    for (name, files, rows, expected) in table {
        let findings = found(&lying(files), rows, Policy::default());
        let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(said, expected, "{name}");
        let other = |finding: &Finding| matches!(finding, Finding::OtherFolder { .. });
        let expected = findings.iter().map(|finding| match other(finding) {
            true => Severity::Decision,
            false => Severity::Note,
        });
        assert!(findings.iter().map(Finding::severity).eq(expected), "{name}");
    }
}

/// A file that only claims to be what is recorded vouches for no folder, as long as there is one that is.
#[test]
fn a_claim_does_not_vouch() {
    let rows = ["a/x 1-x applied", "a/x 2-x applied"];
    let forged =
        lying(&["p/x/1.wasm a/x 1-x", "p/evil/2.wasm a/x 2-x forged", "p/evil/3.wasm a/x 3-x"]);
    let findings = found(&forged, &rows, Policy { changed: true, ..Policy::default() });
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["a/x 3-x lies in p/evil, and what is recorded of a/x in p/x"]);
    // Where everything was built anew, there is nothing else to go by.
    let anew =
        lying(&["p/x/1.wasm a/x 1-x anew", "p/x/2.wasm a/x 2-x anew2", "p/evil/3.wasm a/x 3-x"]);
    let said: Vec<String> =
        found(&anew, &rows, Policy::default()).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["a/x 3-x lies in p/evil, and what is recorded of a/x in p/x"]);
}

#[test]
fn what_is_allowed_is_a_note_and_stays_elsewhere() {
    let files = lying(&["p/x/1.wasm a/x 1-x", "p/y/2.wasm a/x 2-x"]);
    let policy = Policy { folders: Folders::Allowed, ..Policy::default() };
    let rows = state(&["a/x 1-x applied"]);
    let plan = deploy(&files, &rows, Dialect::Sqlite, &Target::default(), policy);
    assert_eq!(plan.objections().count(), 0);
    let elsewhere: Vec<String> = plan.elsewhere().iter().map(ToString::to_string).collect();
    assert_eq!(elsewhere, ["a/x 2-x"]);
}

/// With a lock file the folder says nothing, and the bytes say everything.
#[test]
fn a_lock_file_in_the_place_of_folders() {
    use crate::lock_file::{LockFile, Pins};
    let lines = ["p/x/1.wasm a/x 1-x", "p/y/2.wasm a/x 2-x"];
    let file = LockFile::of(&lying(&lines), |_| "p".to_owned());
    let lock = Some(Pins { path: "runner.lock".into(), file });
    let rows = ["a/x 1-x applied"];
    assert!(found(&lying(&lines).locked(lock.clone()), &rows, Policy::default()).is_empty());
    let forged = lying(&[lines[0], "p/y/2.wasm a/x 2-x forged"]).locked(lock);
    let plan = deploy(
        &forged,
        &state(&rows),
        Dialect::Sqlite,
        &Target::default(),
        Policy { folders: Folders::Allowed, changed: true, missing: true, ..Policy::default() },
    );
    assert_eq!(plan.objections().count(), 1, "no policy allows it: {:?}", plan.findings);
}
