//! The command line as an operator meets it: what it prints, how it exits, what it leaves behind.
//!
//! Every test runs the real binary in a sandbox of its own. What varies between machines is
//! replaced before it is compared (`redact.rs`); everything else is compared exactly. Whatever a
//! test is about, its output also has to pass the rules of `polite.rs`.

use alteration_test_support as support;

mod polite;
mod redact;
mod samples;
mod transcript;
mod wasm;

mod apart;
mod begun;
mod checks;
mod components;
mod confirm;
mod databases;
mod dialects;
mod disk;
mod drafts;
mod escapes;
mod files;
mod folders;
mod gate;
mod guide;
mod halted;
mod handed;
mod help;
mod history;
mod inspect;
mod judged;

mod keys;
mod listing;
mod manifests;
mod mending;
mod outside;
mod pack;
mod places;
mod plans;
mod projects;
mod rehearsal;
mod replaces;
mod rights;
mod secrets;
mod settings;
mod signals;
mod sqlite;
mod state;
mod story;
mod terminal;
mod trials;
mod trust;
mod uninstall;
mod usage;
mod versions;
