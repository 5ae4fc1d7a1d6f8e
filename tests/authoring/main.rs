//! What an author does, from nothing to a second release and to the end: for each language a story, whose commands are run
//! with this runner and the language's own tools.

mod builds;
mod python;
mod readme;
mod sql;
mod tools;

use alteration_test_support::{self as support, story};

/// JavaScript and TypeScript, with Node.js and what npm installs.
#[test]
fn javascript() {
    story::run("authoring-js");
}

#[test]
fn typescript() {
    story::run("authoring-ts");
}

/// Each language's story is a page of the guide, so that the guide's commands are those that are run here.
#[test]
fn the_guide_has_every_story() {
    let guide = support::root().join("runner/guide/src");
    let read = |name: &str| std::fs::read_to_string(guide.join(name)).expect("a page");
    for language in ["sql", "rust", "js", "ts", "python"] {
        let page = format!("tutorial/authoring-{language}.md");
        let story = format!("../../../../examples/authoring-{language}/README.md");
        assert_eq!(read(&page), format!("{{{{#include {story}}}}}\n"));
        assert!(guide.join("tutorial").join(&story).exists(), "{story}");
        assert!(read("SUMMARY.md").contains(&format!("({page})")), "{page}");
    }
}
