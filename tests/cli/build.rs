//! `build`: drafts out of a project, and what it refuses to build.

use crate::{
    polite,
    project::{Notes, names},
    support::{Sandbox, finish},
};
use std::fs;

#[test]
fn a_project_is_needed() {
    let sandbox = Sandbox::new();
    for args in [&["build"][..], &["test"], &["add", "x"], &["release"], &["dev", "--once"]] {
        let run = sandbox.runner(args);
        polite::check(&run);
        assert_eq!(run.code, Some(2), "{args:?}: {run:#?}");
        assert!(run.stderr.contains("holds no project of a plugin"), "{run:#?}");
        assert!(run.stderr.contains("runner new"), "{run:#?}");
    }
    let elsewhere = sandbox.runner(&["build", "--project", "\u{1b}[2Jnowhere"]);
    assert_eq!(elsewhere.code, Some(2), "{elsewhere:#?}");
    polite::check(&elsewhere);
}

#[test]
fn what_the_manifest_says_of_a_released_one_stays() {
    let notes = Notes::new();
    notes.ok(&["release"]);
    notes.edit("sql", ".toml", "A table of tags.", "Another table.");
    notes.refused(4, &["build"], &["was released, and its source has changed", "alteration.toml"]);
}

#[test]
fn drafts_that_are_gone_leave_dist() {
    let notes = Notes::new();
    notes.ok(&["add", "second"]);
    notes.ok(&["build"]);
    assert_eq!(names(&notes.folder().join("dist")).len(), 2);
    for end in ["-second.up.sql", "-second.down.sql"] {
        fs::remove_file(notes.file("sql", end)).expect("removed");
    }
    notes.refused(1, &["build"], &["of which there is no SQL file"]);
    let toml = notes.read("sql/alteration.toml");
    let kept = &toml[..toml.rfind("[alterations.").expect("a table")];
    fs::write(notes.folder().join("sql/alteration.toml"), kept).expect("written");
    let run = notes.ok(&["build"]);
    assert!(run.stderr.contains("-second.wasm  removed"), "{run:#?}");
    assert_eq!(names(&notes.folder().join("dist")).len(), 1);
}

#[test]
fn missing_tools_are_named_before_anything_is_compiled() {
    // No tool but what is in this folder.
    let tools = tempfile::tempdir().expect("a folder");
    let path = tools.path().to_owned();
    let tool = |name: &str, answer: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let file = path.join(name);
        fs::write(&file, format!("#!/bin/sh\n{answer}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
    };
    let refused = |language: &str, what: &str, next: &str| {
        let notes = Notes::of(language);
        let run = finish(notes.command(&["build"]).env("PATH", &path));
        polite::check(&run);
        assert_eq!(run.code, Some(1), "{language}: {run:#?}");
        assert!(run.stderr.contains(what), "{language} lacks `{what}`: {run:#?}");
        assert!(run.stderr.contains(next), "{language} lacks `{next}`: {run:#?}");
    };
    refused("rust", "cargo was not found", "install Rust with rustup");
    refused("js", "node was not found", "apt-get install nodejs npm");
    refused("python", "python3 was not found", "apt-get install python3-venv");
    tool("cargo", "echo cargo 1.95.0");
    tool("rustc", "echo /nowhere");
    tool("rustup", "echo rustup 1");
    refused("rust", "no target wasm32-unknown-unknown", "rustup target add wasm32-unknown-unknown");
    tool("node", "echo v16.20.0");
    refused("js", "this is Node.js v16.20.0, which is too old", "Node.js 18 or later");
    tool("node", "echo v20.1.0");
    refused("ts", "npm was not found", "then `npm ci`");
    tool("npm", "echo 10");
    refused("ts", "the project's packages are not installed", "npm ci");
    tool("python3", "echo 3 9");
    refused("python", "this is Python 3.9, which is too old", "Python 3.11 or later");
}
