//! Compiles drafts in Rust, to the same bytes in every folder.

use crate::project::{ProjectError, process, tools::TARGET};
use alteration_domain::alteration::AlterationId;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Compiles the drafts `ids` of a crate; returns the path of the module.
pub(super) fn cargo(
    root: &Path,
    ids: &[AlterationId],
    progress: &dyn Fn(&str),
) -> Result<PathBuf, ProjectError> {
    let names: Vec<&str> = ids.iter().map(AlterationId::as_str).collect();
    let mut command = Command::new("cargo");
    command
        .args(["build", "--release", "--target", TARGET])
        .env("RUNNER_ALTERATIONS", names.join(","))
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(root))
        .current_dir(root);
    process::run(&mut command, "Building Rust", progress)?;
    let mut command = Command::new("cargo");
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root);
    let folder = process::answer(&mut command)
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .and_then(|value| value.get("target_directory")?.as_str().map(PathBuf::from))
        .unwrap_or_else(|| root.join("target"));
    Ok(folder.join(TARGET).join("release/alterations.wasm"))
}

/// Returns the author's own flags, and some that make the same bytes in every folder: what a panic says to an operator
/// names no folder of this machine.
fn rust_flags(root: &Path) -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let own = set("CARGO_ENCODED_RUSTFLAGS")
        .or_else(|| {
            let flags = set("RUSTFLAGS")?;
            Some(flags.split_whitespace().collect::<Vec<_>>().join("\u{1f}"))
        })
        .unwrap_or_default();
    let home = set("CARGO_HOME")
        .or_else(|| set("HOME").map(|home| format!("{home}/.cargo")))
        .unwrap_or_default();
    let mut flags: Vec<String> = own.split('\u{1f}').map(str::to_owned).collect();
    flags.retain(|flag| !flag.is_empty());
    flags.push(format!("--remap-path-prefix={}=.", root.display()));
    if !home.is_empty() {
        flags.push(format!("--remap-path-prefix={home}=cargo"));
    }
    flags.join("\u{1f}")
}
