//! What an author sets up once.

use crate::support::{root, target_folder};
use std::process::Command;

/// The environment in which Rust is built for WebAssembly, as `tests/scripts/rust-for-wasm` finds it. The standard
/// library is compiled once for all of these tests.
pub fn rust() -> Vec<(String, String)> {
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
