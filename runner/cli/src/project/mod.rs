//! An author's project: the next alteration, the build of its drafts, their release.
//!
//! ```text
//! manifest + sources --describe--> what each alteration is made of --+
//! alterations.lock  -------------> what was released ----------------+--build--> dist/ (drafts) --release--> released/
//! ```
//!
//! Talks to `pack`, to `new` for the files of one more alteration, and to the tools of a language through
//! `process`. Tests nothing itself and prints nothing: the command line does both, in between.

mod add;
mod build;
mod describe;
mod error;
mod kept;
mod lock;
mod manifest;
mod process;
mod release;
mod rust_sources;
mod stamp;
mod tools;
mod watch;

pub use add::{Added, NextAlteration};
pub use build::{BuildOptions, Built};
pub use error::ProjectError;
pub use lock::{Lock, LockError, Released};
pub use release::{ReleaseReport, Tested};
pub use watch::Watch;

use crate::new::Language;
use std::path::{Path, PathBuf};

/// Where builds put components of drafts; not kept in version control.
pub const DIST: &str = "dist";
/// Where released components are; kept in version control.
pub const RELEASED: &str = "released";
/// Rows that a database may hold before an alteration, by its id.
pub const TESTS: &str = "tests";
/// What a build keeps for the next one.
const WORK: &str = ".build";

/// A folder that `runner new` made.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    language: Language,
}

impl Project {
    /// Recognises the project in `root` by its files.
    pub fn open(root: &Path) -> Result<Self, ProjectError> {
        let has = |name: &str| root.join(name).exists();
        let language = match has(manifest::JSON) {
            _ if has(manifest::TOML) => Language::Sql,
            true if has("Cargo.toml") => Language::Rust,
            true if has("package.json") && has("tsconfig.json") => Language::TypeScript,
            true if has("package.json") => Language::JavaScript,
            true if has("alterations") => Language::Python,
            _ => return Err(ProjectError::NoProject { root: root.to_owned() }),
        };
        Ok(Self { root: root.to_owned(), language })
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn wasm_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    files
}
