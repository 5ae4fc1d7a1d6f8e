//! `add`: the next alteration of a project, and the next release.

use crate::project::{Notes, names};
use serde_json::Value;
use std::fs;

#[test]
fn releases_are_opened_by_asking_or_one_after_the_other() {
    let notes = Notes::new();
    assert_eq!(notes.json(0, &["add", "second"])["release"], "0.1.0");
    let opened = notes.json(0, &["add", "--release", "0.4.0"]);
    assert_eq!((&opened["alteration"], &opened["release"]), (&Value::Null, &"0.4.0".into()));
    assert!(notes.read("sql/alteration.toml").contains("release = \"0.4.0\""));
    let third = notes.json(0, &["add", "third", "--description", "It says \"why\"."]);
    assert!(third["alteration"].as_str().expect("an id").starts_with("0.4.0-"), "{third}");
    assert_eq!(third["files"].as_array().expect("files").len(), 3, "{third}");
    // Two versions become two releases.
    notes.ok(&["release"]);
    assert_eq!(names(&notes.folder().join("released")).len(), 3);
    let sandbox = &notes.sandbox;
    let plan: Value =
        serde_json::from_str(&sandbox.ok(&["plan", "notes/released", "--format", "json"]).stdout)
            .expect("JSON");
    let said: Vec<&str> = plan["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["description"].as_str())
        .collect();
    assert_eq!(said, ["A table of tags.", "Second.", "It says \"why\"."]);
    assert_eq!(notes.json(0, &["add", "fourth"])["release"], "0.5.0");
    notes.refused(1, &["add", "x", "--release", "0.4.0"], &["0.4.0 is not newer than 0.4.0"]);
    notes.refused(2, &["add", "third"], &["another alteration of the project has it"]);
    notes.refused(2, &["add", "Third"], &["lower-case letters"]);
    notes.refused(2, &["add"], &["NAME"]);
    // A version that is no number would be newer than every release.
    notes.refused(1, &["add", "x", "--release", "next"], &["`next` is no release"]);
    fs::write(notes.folder().join("sql/next-4000000000-x.up.sql"), "SELECT 1;\n").expect("written");
    notes.ok(&["build"]);
    notes.refused(1, &["release"], &["`next-4000000000-x` is no release"]);
}

#[test]
fn manifests_of_any_layout_are_edited() {
    let notes = Notes::of("js");
    let path = notes.folder().join("alteration.json");
    let manifest: Value = serde_json::from_slice(&fs::read(&path).expect("it")).expect("JSON");
    fs::write(&path, manifest.to_string()).expect("written");
    notes.ok(&["add", "--release", "1.3.0"]);
    notes.ok(&["add", "second"]);
    let found: Value = serde_json::from_slice(&fs::read(&path).expect("it")).expect("JSON");
    assert_eq!((&found["release"], &found["$schema"]), (&"1.3.0".into(), &manifest["$schema"]));
    assert_eq!(found["alterations"].as_array().expect("them").len(), 2);
    let notes = Notes::new();
    notes.edit("sql", ".toml", "release = ", "release=");
    notes.edit("sql", ".toml", "\n", "\r\n");
    notes.ok(&["add", "--release", "1.3.0"]);
    notes.ok(&["add", "second"]);
    notes.ok(&["build"]);
    let text = notes.read("sql/alteration.toml");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
}
