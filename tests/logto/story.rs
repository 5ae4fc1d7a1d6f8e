//! The way of an operator in examples/logto/README.md: its commands are run, and what they show is compared.

use crate::{
    component::pack,
    original::{AFTER, BEFORE, Original},
    place::Place,
    support::{root, story},
};

#[test]
fn the_readme_says_what_happens() {
    let place = Place::start();
    let sandbox = place.sandbox();
    Original::install(&sandbox, BEFORE).seed(&sandbox);
    pack(&sandbox, AFTER);
    std::fs::rename(sandbox.path().join("plugins"), sandbox.path().join("dist")).expect("a folder");
    std::fs::copy(root().join("examples/logto/runner.toml"), sandbox.path().join("runner.toml"))
        .expect("a file");
    let environment = [("RUNNER_STATE_SCHEMA", "alterations".to_owned()), ("LOGTO", sandbox.url())];
    story::run_in(&sandbox, "logto", &environment.map(|(name, value)| (name.to_owned(), value)));
}
