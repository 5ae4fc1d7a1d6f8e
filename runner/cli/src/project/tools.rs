//! Looks for the tools of a language before anything is compiled, and names the command that installs what is
//! missing.

use super::{ProjectError, process};
use crate::new::Language;
use std::{path::Path, process::Command};

/// What Rust is compiled for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";
/// The oldest versions that do.
const NODE_MIN: u32 = 18;
const PYTHON_MIN: (u32, u32) = (3, 11);

pub(super) fn check(root: &Path, language: Language) -> Result<(), ProjectError> {
    match language {
        Language::Sql => Ok(()),
        Language::Rust => rust(root),
        Language::JavaScript => node(root),
        Language::TypeScript => node(root).and_then(|()| {
            installed(root, "node_modules/.bin/tsc", "the TypeScript compiler is not installed")
        }),
        Language::Python => python(root),
    }
}

fn missing(what: impl Into<String>, install: impl Into<String>) -> ProjectError {
    ProjectError::MissingTool { what: what.into(), install: install.into() }
}

fn rust(root: &Path) -> Result<(), ProjectError> {
    if process::answer(Command::new("cargo").arg("--version")).is_none() {
        return Err(missing(
            "cargo was not found",
            "install Rust with rustup, then `rustup target add wasm32-unknown-unknown`",
        ));
    }
    // Cargo compiles the standard library itself.
    if std::env::var_os("CARGO_UNSTABLE_BUILD_STD").is_some() {
        return Ok(());
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = process::answer(
        Command::new(rustc)
            .args(["--print", "target-libdir", "--target", TARGET])
            .current_dir(root),
    );
    if folder.is_some_and(|folder| Path::new(folder.trim_end()).is_dir()) {
        return Ok(());
    }
    let what =
        format!("this Rust toolchain cannot build for WebAssembly: it has no target {TARGET}");
    Err(match process::answer(Command::new("rustup").arg("--version")) {
        Some(_) => missing(what, format!("rustup target add {TARGET}")),
        None => missing(
            what,
            format!(
                "install Rust with rustup, then `rustup target add {TARGET}`; on Debian 13 and later `apt-get install libstd-rust-dev-wasm32`"
            ),
        ),
    })
}

fn node(root: &Path) -> Result<(), ProjectError> {
    let install = format!(
        "install Node.js {NODE_MIN} or later with npm, on Debian: `apt-get install nodejs npm`"
    );
    let Some(version) = process::answer(Command::new("node").arg("--version")) else {
        return Err(missing("node was not found", install));
    };
    let version = version.trim();
    let major = version.strip_prefix('v').and_then(|it| it.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MIN) {
        return Err(missing(format!("this is Node.js {version}, which is too old"), install));
    }
    installed(root, "node_modules/.package-lock.json", "the project's packages are not installed")
}

fn installed(root: &Path, file: &str, what: &str) -> Result<(), ProjectError> {
    if root.join(file).exists() {
        return Ok(());
    }
    match process::answer(Command::new("npm").arg("--version")) {
        Some(_) => Err(missing(what, "npm ci")),
        None => Err(missing(
            format!("{what}, and npm was not found"),
            "install npm, on Debian: `apt-get install npm`; then `npm ci`",
        )),
    }
}

fn python(root: &Path) -> Result<(), ProjectError> {
    // What is there was made by a Python that did.
    if root.join(".venv/bin/componentize-py").exists() {
        return Ok(());
    }
    let (major, minor) = PYTHON_MIN;
    let install = format!(
        "install Python {major}.{minor} or later with venv, on Debian: `apt-get install python3-venv`"
    );
    let ask = "import sys; print(*sys.version_info[:2])";
    let Some(answer) = process::answer(Command::new("python3").args(["-c", ask])) else {
        return Err(missing("python3 was not found", install));
    };
    let mut numbers = answer.split_whitespace().map(str::parse::<u32>);
    let (Some(Ok(found)), Some(Ok(found_minor))) = (numbers.next(), numbers.next()) else {
        return Err(missing("python3 does not tell its version", install));
    };
    if (found, found_minor) < PYTHON_MIN {
        let what = format!("this is Python {found}.{found_minor}, which is too old");
        return Err(missing(what, install));
    }
    match process::answer(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        Some(_) => Ok(()),
        None => Err(missing("this Python cannot make environments", install)),
    }
}
