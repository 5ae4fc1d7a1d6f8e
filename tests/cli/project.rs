//! An author's project to work in, in SQL because that needs no toolchain. The other languages go the same way in
//! `tests/authoring`.

use crate::{
    polite,
    support::{Run, Sandbox, finish},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A new project of `acme/notes`.
pub struct Notes {
    pub sandbox: Sandbox,
}

impl Notes {
    pub fn new() -> Self {
        Self::of("sql")
    }

    pub fn of(language: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.ok(&["new", "acme/notes", "--lang", language]);
        Self { sandbox }
    }

    pub fn folder(&self) -> PathBuf {
        self.sandbox.path().join("notes")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        command.current_dir(self.folder()).env_remove("DATABASE_URL");
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        let run = finish(&mut self.command(args));
        polite::check(&run);
        run
    }

    pub fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {run:#?}");
        run
    }

    pub fn json(&self, code: i32, args: &[&str]) -> Value {
        let run = self.run(&[args, &["--format", "json"]].concat());
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        serde_json::from_str(&run.stdout).expect("one document")
    }

    /// Fails with `code`; standard error says each of `expected`.
    pub fn refused(&self, code: i32, args: &[&str], expected: &[&str]) {
        let run = self.run(args);
        assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
        for text in expected {
            assert!(run.stderr.contains(text), "lacks `{text}`: {run:#?}");
        }
    }

    /// The id of the first alteration.
    pub fn id(&self) -> String {
        let name = self.file("tests", "-create-tags.sql");
        name.file_stem().expect("a name").to_str().expect("Unicode").to_owned()
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder().join(file)).expect("a file")
    }

    /// The one file of `folder` whose name ends so.
    pub fn file(&self, folder: &str, end: &str) -> PathBuf {
        let mut found = names(&self.folder().join(folder)).into_iter().filter(|n| n.ends_with(end));
        let name = found.next().expect("a file");
        assert_eq!(found.next(), None);
        self.folder().join(folder).join(name)
    }

    pub fn edit(&self, folder: &str, end: &str, from: &str, to: &str) {
        let path = self.file(folder, end);
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).expect("written");
    }
}

/// Returns the names in a folder, sorted; none where there is no folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().expect("Unicode")).collect();
    names.sort();
    names
}
