//! Finds the sources of each alteration of a project in Rust: its module and the crate's own files that it names.
//!
//! ```text
//! describe -> modules: the crate's tree, from file to file -> words: what the tokens of one file name
//! ```
//!
//! Reads the text of the crate without compiling it, by the lexer of the SDK's build script, so that both see
//! the same hooks. Names what an alteration could use rather than what it does: a module brings its children,
//! an item of the crate's root brings the whole crate. Does not count the SDK, crates of others, and what
//! a procedural macro or a build script reads.

mod modules;
#[cfg(test)]
mod tests;
mod words;

use alteration_domain::{
    alteration::{AlterationId, Checksum, ParseIdError},
    escape::Escaped,
};
use alteration_sdk_build::scan::{found, tokens};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use modules::Sources;

const ROOT: &str = "src/lib.rs";
const FOLDER: &str = "src/alterations";

/// One alteration's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RustAlteration {
    /// The checksum of the files' names and texts, without the carriage returns that version control may add.
    pub(super) source: Checksum,
    /// The module first, each relative to the project.
    pub(super) files: Vec<PathBuf>,
    /// Hooks that it exports, by their names in the interface.
    pub(super) hooks: BTreeSet<String>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RustSourcesError {
    #[error("{}: {error}", shown(.path))]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: the file's name is no id of an alteration: {error}", shown(.path))]
    Id { path: PathBuf, error: ParseIdError },
    #[error("{}: no `impl Alteration for` a type", shown(.path))]
    NoHooks { path: PathBuf },
    #[error("{}: {} are an Alteration; give each a module of its own", shown(.path), Escaped(&.types.join(" and ")))]
    SeveralHooks { path: PathBuf, types: Vec<String> },
}

fn shown(path: &Path) -> String {
    Escaped(&path.display().to_string()).to_string()
}

/// Describes every alteration of the project at `root`: each `src/alterations/<id>.rs`.
pub(super) fn describe(
    root: &Path,
) -> Result<BTreeMap<AlterationId, RustAlteration>, RustSourcesError> {
    let mut sources = Sources::new(root)?;
    let mut found = Vec::new();
    for (stem, path) in alteration_files(root)? {
        let id =
            stem.parse().map_err(|error| RustSourcesError::Id { path: path.clone(), error })?;
        let hooks = hooks(&path, &sources.text(&path)?)?;
        found.push((id, sources.alteration(&stem, &path)?, path, hooks));
    }
    sources.resolve();
    let described = found.into_iter().map(|(id, node, path, hooks)| {
        let mut files = sources.reached(node);
        files.remove(&path);
        let files: Vec<PathBuf> = std::iter::once(path).chain(files).collect();
        let source = sources.checksum(&files)?;
        Ok((id, RustAlteration { source, files, hooks }))
    });
    described.collect()
}

/// Returns a checksum of all that decides what a component of the project is, but for the compiler: a draft is built
/// again when any of it changes.
pub(super) fn toolchain(root: &Path) -> Result<Checksum, RustSourcesError> {
    let mut files: BTreeSet<PathBuf> =
        ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo/config.toml"].map(PathBuf::from).into();
    for folder in ["src", "sdk"] {
        files_below(root, Path::new(folder), &mut files)
            .map_err(|error| RustSourcesError::Io { path: folder.into(), error })?;
    }
    let sums = files.iter().filter_map(|file| {
        let contents = fs::read(root.join(file)).ok()?;
        Some(format!("{} {}\n", name(file), Checksum::of(&contents)))
    });
    Ok(Checksum::of(sums.collect::<String>().as_bytes()))
}

/// Returns the files whose names hold a `-`, which no module of Rust's own naming does, by their stems.
fn alteration_files(root: &Path) -> Result<BTreeMap<String, PathBuf>, RustSourcesError> {
    let io = |error| RustSourcesError::Io { path: FOLDER.into(), error };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root.join(FOLDER)).map_err(io)? {
        let file = PathBuf::from(entry.map_err(io)?.file_name());
        let is_rust = file.extension().is_some_and(|extension| extension == "rs");
        match file.file_stem().and_then(|stem| stem.to_str()) {
            Some(stem) if is_rust && stem.contains('-') => {
                files.insert(stem.to_owned(), Path::new(FOLDER).join(&file))
            }
            _ => None,
        };
    }
    Ok(files)
}

fn hooks(path: &Path, text: &str) -> Result<BTreeSet<String>, RustSourcesError> {
    let found = found(&tokens(text));
    match found.types.len() {
        0 => return Err(RustSourcesError::NoHooks { path: path.to_owned() }),
        1 => {}
        _ => {
            let types = found.types;
            return Err(RustSourcesError::SeveralHooks { path: path.to_owned(), types });
        }
    }
    let groups = [
        (true, ["up", "down"].as_slice()),
        (found.preparation, &["before-up", "before-down"]),
        (found.backfill, &["step"]),
    ];
    let there = groups.iter().filter(|(is_there, _)| *is_there).flat_map(|(_, hooks)| *hooks);
    Ok(there.map(|hook| (*hook).to_owned()).collect())
}

/// Adds the files of a folder and those below it, but what a build leaves there.
fn files_below(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true if entry.file_name() == "target" => {}
            true => files_below(root, &path, files)?,
            false => {
                files.insert(path);
            }
        }
    }
    Ok(())
}

/// Returns the path with `/`, as on every system.
fn name(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
