//! The command line as an operator meets it: what it prints, how it exits, what it leaves behind.
//!
//! Every test runs the real binary in a sandbox of its own. What varies between machines is
//! replaced before it is compared (`redact.rs`); everything else is compared exactly. Whatever a
//! test is about, its output also has to pass the rules of `polite.rs`.
//!
//! A module for each verb; what is the same for all of them is in `every_verb`.

use alteration_test_support as support;

mod polite;
mod project;
mod redact;
mod samples;
mod stopped;
mod terminal;
mod transcript;
mod wasm;

mod add;
mod baseline;
mod build;
mod check;
mod confine;
mod deploy;
mod dev;
mod documents;
mod every_verb;
mod guide;
mod help;
mod inspect;
mod lock;
mod new;
mod pack;
mod packages;
mod permissions;
mod plan;
mod release;
mod resolve;
mod rollback;
mod status;
mod test;
