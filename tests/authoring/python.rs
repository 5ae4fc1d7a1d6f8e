//! Python, and the story of examples/authoring-python.

use crate::{
    project::Project,
    story,
    support::{finish, root, target_folder},
};
use std::process::Command;

/// One build for both, because it takes half a minute.
#[test]
fn from_nothing_to_a_deploy_as_its_story_tells() {
    story::run("authoring-python");
}

#[test]
fn what_needs_no_database_is_tested_without_one() {
    Project::new("python", Vec::new()).run("PYTHONPATH=sdk python3 -m unittest");
}

#[test]
fn the_sdk_itself() {
    let environment = target_folder().join("guests-build/python");
    let run = finish(Command::new(root().join("plugins/sdk-python/test")).arg(environment));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.ends_with("\nOK\n"), "{run:#?}");
}
