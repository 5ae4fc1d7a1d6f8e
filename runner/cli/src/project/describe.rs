//! What the alterations of a project are made of: their files, hooks and a checksum of their sources.
//!
//! JavaScript, TypeScript and Python are described by the SDK in the project, which a file asks and a file
//! answers; Rust and SQL by the runner itself.

use super::{
    ProjectError, process,
    rust_sources::{self, RustAlteration, RustSourcesError},
    stamp,
};
use crate::new::Language;
use alteration_domain::alteration::{AlterationId, Checksum};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the SDK's builder is asked.
#[derive(Debug, Serialize)]
struct Request<'a> {
    manifest: &'a Path,
    answer: &'a Path,
    components: &'a [Wanted],
}

/// A component to build.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Wanted {
    pub(super) output: PathBuf,
    pub(super) alterations: Vec<AlterationId>,
}

/// All alterations of a project, the released ones as well.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Description {
    /// Changes when a tool does.
    pub(super) toolchain: String,
    pub(super) alterations: BTreeMap<AlterationId, Described>,
}

/// One alteration's sources.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub(super) source: Checksum,
    pub(super) files: Vec<PathBuf>,
    /// As `up`, `before-up`, `step`.
    #[serde(default)]
    pub(super) hooks: BTreeSet<String>,
}

impl Described {
    pub(super) fn has_preparation(&self) -> bool {
        self.hooks.contains("before-up") || self.hooks.contains("before-down")
    }

    pub(super) fn has_backfill(&self) -> bool {
        self.hooks.contains("step")
    }
}

/// Calls the SDK's builder in the project at `root`, an absolute path: describes all alterations, and builds
/// what is wanted.
pub(super) fn ask(
    root: &Path,
    language: Language,
    wanted: &[Wanted],
    progress: &dyn Fn(&str),
) -> Result<Description, ProjectError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| ProjectError::Io { path, error }
    };
    let work = stamp::work_folder(root).map_err(io(root))?;
    let (request, answer) = (work.join("request.json"), work.join("answer.json"));
    let contents =
        Request { manifest: Path::new(super::manifest::JSON), answer: &answer, components: wanted };
    let contents = serde_json::to_vec(&contents).expect("paths and ids are what JSON can say");
    fs::write(&request, contents).map_err(io(&request))?;
    // An older answer is none.
    let _ = fs::remove_file(&answer);
    let (mut command, name) = match language {
        Language::Python => {
            let mut command = Command::new(root.join(".venv/bin/python"));
            command.args(["-B", "-m", "alteration_sdk.build"]).env("PYTHONPATH", "sdk");
            (command, "Python")
        }
        _ => {
            let mut command = Command::new("node");
            command.arg("sdk/build.mjs");
            (command, "JavaScript")
        }
    };
    command.arg("--request").arg(&request).current_dir(root);
    let doing = if wanted.is_empty() { "Reading" } else { "Building" };
    process::run(&mut command, &format!("{doing} {name}"), progress)?;
    let text = fs::read(&answer).map_err(io(&answer))?;
    serde_json::from_slice(&text)
        .map_err(|error| ProjectError::Answer { language, reason: error.to_string() })
}

/// Describes the alterations of a crate.
pub(super) fn rust(root: &Path) -> Result<Description, ProjectError> {
    let failed = |error: RustSourcesError| ProjectError::Sources(error.to_string());
    let compiler =
        process::answer(Command::new("rustc").arg("-V").current_dir(root)).unwrap_or_default();
    let toolchain = format!("{compiler}{}", rust_sources::toolchain(root).map_err(failed)?);
    let described = rust_sources::describe(root).map_err(failed)?.into_iter();
    let alterations = described.map(|(id, RustAlteration { source, files, hooks })| {
        (id, Described { source, files, hooks })
    });
    Ok(Description { toolchain, alterations: alterations.collect() })
}

/// Describes alterations in SQL by their files, whose names begin with their ids.
pub(super) fn sql(
    folder: &Path,
    ids: &BTreeSet<AlterationId>,
) -> Result<BTreeMap<AlterationId, Described>, ProjectError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| ProjectError::Io { path, error }
    };
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(io(folder))? {
        let path = entry.map_err(io(folder))?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && name.ends_with(".sql")
        {
            files.insert(name.to_owned(), path);
        }
    }
    let mut described = BTreeMap::new();
    for id in ids {
        let start = format!("{id}.");
        let own = files.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start));
        let own: Vec<_> = own.collect();
        let mut parts = Vec::new();
        for (name, path) in &own {
            let text = fs::read_to_string(path).map_err(io(path))?;
            // Version control may write the same source with other ends of lines.
            parts.extend([(*name).clone(), text.replace("\r\n", "\n")]);
        }
        let source = Checksum::of_parts(parts.iter().map(String::as_bytes));
        let files = own.iter().map(|(name, _)| Path::new("sql").join(name)).collect();
        described.insert(id.clone(), Described { source, files, hooks: BTreeSet::new() });
    }
    Ok(described)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_made_of_the_files_of_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let describe = || {
            let id: AlterationId = "0.1.0-17-a".parse().unwrap();
            sql(folder.path(), &[id.clone()].into()).unwrap().remove(&id).unwrap()
        };
        write("0.1.0-17-a.up.sql", "SELECT 1;\n");
        write("0.1.0-17-a.down.sql", "SELECT 2;\n");
        write("0.1.0-17-ab.up.sql", "SELECT 3;\n");
        write("0.1.0-17-a.notes.txt", "not SQL");
        let before = describe();
        let names: Vec<_> = before.files.iter().map(|file| file.display().to_string()).collect();
        assert_eq!(names, ["sql/0.1.0-17-a.down.sql", "sql/0.1.0-17-a.up.sql"]);
        write("0.1.0-17-ab.up.sql", "SELECT 4;\n");
        write("0.1.0-17-a.up.sql", "SELECT 1;\r\n");
        assert_eq!(describe().source, before.source);
        write("0.1.0-17-a.up.sql", "SELECT 2;\n");
        assert_ne!(describe().source, before.source);
        write("0.1.0-17-a.up.sql", "SELECT 1;\n");
        write("0.1.0-17-a.postgresql.up.sql", "SELECT 1;\n");
        assert_ne!(describe().source, before.source);
    }
}
