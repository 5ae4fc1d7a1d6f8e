//! README.md at the top: its commands are run with the components of a clone, and what they show is compared.

use crate::{
    story,
    support::{Sandbox, root},
};
use std::fs;

#[test]
fn the_readme_shows_what_happens() {
    let sandbox = Sandbox::new();
    sandbox.shipped_shop();
    // From `examples`, where the other stories are.
    story::run_in(&sandbox, "..", &[]);
}

/// The command for a fresh clone is the first one that the README shows.
#[test]
fn the_first_command_is_the_one_that_is_shown() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let after = |prefix: &str| {
        let line = readme.lines().find_map(|line| line.strip_prefix(prefix));
        line.unwrap_or_else(|| panic!("no line begins with {prefix:?}"))
    };
    assert_eq!(after("    cargo run --release -- "), after("    $ runner "));
}
