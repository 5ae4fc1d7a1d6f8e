//! Rust, with the toolchain that `tests/scripts/rust-for-wasm` finds.

use crate::{
    project::Project,
    story,
    support::{Sandbox, root, target_folder},
};
use std::process::Command;

#[test]
fn from_nothing_to_a_deploy() {
    let project = Project::new("rust", environment());
    project.build("./build");
    project.deploy_and_roll_back();
}

#[test]
fn the_story_of_rust() {
    story::run_in(&Sandbox::new(), "authoring-rust", &environment());
}

#[test]
fn what_needs_no_database_is_tested_without_one() {
    let target = target_folder().join("authoring").display().to_string();
    Project::new("rust", vec![("CARGO_TARGET_DIR".to_owned(), target)]).run("cargo test --quiet");
}

/// What an author sets up once. The standard library is compiled once for all of these tests.
fn environment() -> Vec<(String, String)> {
    let script = root().join("tests/scripts/rust-for-wasm");
    let output = Command::new(script).output().expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    let variables = lines.lines().filter_map(|line| line.split_once('='));
    let mut variables: Vec<_> = variables.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let target = target_folder().join("authoring").display().to_string();
    variables.push(("CARGO_TARGET_DIR".to_owned(), target));
    variables
}
