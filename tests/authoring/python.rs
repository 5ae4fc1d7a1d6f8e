//! Python.

use crate::{
    story,
    support::{finish, root, target_folder},
};
use std::process::Command;

#[test]
fn from_nothing_to_the_end() {
    story::run("authoring-python");
}

#[test]
fn the_sdk_itself() {
    let environment = target_folder().join("guests-build/python");
    let run = finish(Command::new(root().join("plugins/sdk-python/test")).arg(environment));
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.ends_with("\nOK\n"), "{run:#?}");
}
