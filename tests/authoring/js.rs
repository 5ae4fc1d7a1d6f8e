//! JavaScript and TypeScript, with Node.js and what npm installs.

use crate::{project::Project, story};
use std::fs;

const BUILD: &str = "npm ci && npm run build";

#[test]
fn javascript_from_nothing_to_a_deploy() {
    let project = Project::new("js", Vec::new());
    project.build(BUILD);
    project.run("npm test");
    project.deploy_and_roll_back();
    // Hooks may be `async`.
    let index = project.folder().join("src/index.js");
    let text = fs::read_to_string(&index).expect("a source");
    let text = text.replace("export function", "export async function");
    let text = text.replace("\n  db.", "\n  await null;\n  await db.");
    assert_eq!(text.matches("await null").count(), 2, "{text}");
    fs::write(&index, text).expect("written");
    project.run("npm run build -- --replace");
    project.deploy_and_roll_back();
}

#[test]
fn the_story_of_javascript() {
    story::run("authoring-js");
}

/// Also what `runner new` makes for it: tested, built, deployed and rolled back.
#[test]
fn the_story_of_typescript() {
    story::run("authoring-ts");
}
