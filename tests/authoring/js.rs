//! JavaScript and TypeScript, with Node.js and what npm installs.

use crate::{project::Project, support::finish};
use std::fs;

const BUILD: &str = "npm ci && npm run build";

fn from_nothing_to_a_deploy(language: &str) -> Project {
    let project = Project::new(language, Vec::new());
    project.build(BUILD);
    project.run("npm test");
    project.deploy_and_roll_back();
    project
}

#[test]
fn javascript_from_nothing_to_a_deploy() {
    let project = from_nothing_to_a_deploy("js");
    // Hooks may be `async`.
    let index = project.folder().join("src/index.js");
    let text = fs::read_to_string(&index).expect("a source");
    let text = text.replace("export function", "export async function");
    fs::write(&index, text.replace("\n  db.", "\n  await null;\n  await db.")).expect("written");
    project.run("npm run build -- --replace");
    project.deploy_and_roll_back();
}

#[test]
fn typescript_from_nothing_to_a_deploy() {
    let project = from_nothing_to_a_deploy("ts");
    // The types are checked by the build itself.
    let index = project.folder().join("src/index.ts");
    let text = fs::read_to_string(&index).expect("a source");
    fs::write(&index, text.replace("slugOf(title)", "slugOf(at)")).expect("written");
    let mut build = std::process::Command::new("npm");
    let run = finish(build.args(["run", "build"]).current_dir(project.folder()));
    assert_ne!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("src/index.ts"), "{run:#?}");
}
