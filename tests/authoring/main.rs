//! What an author does, from nothing to a second release and to the end: for each language a story, whose commands are run
//! with this runner and the language's own tools.

mod builds;
mod python;
mod sql;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod tools;

/// JavaScript and TypeScript, with Node.js and what npm installs.
#[test]
fn javascript() {
    story::run("authoring-js");
}

#[test]
fn typescript() {
    story::run("authoring-ts");
}
