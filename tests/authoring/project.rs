//! A project that `runner new` made, and its story.

use crate::support::{Sandbox, finish};
use std::{fs, path::PathBuf, process::Command};

/// A new project of `acme/notes` in a sandbox.
pub struct Project {
    pub sandbox: Sandbox,
    /// Lines NAME=VALUE that its commands need.
    environment: Vec<(String, String)>,
}

impl Project {
    pub fn new(language: &str, environment: Vec<(String, String)>) -> Self {
        let sandbox = Sandbox::new();
        let run = sandbox.ok(&["new", "acme/notes", "--lang", language]);
        assert!(run.stdout.ends_with("Made acme/notes in notes.\n"), "{run:#?}");
        Self { sandbox, environment }
    }

    pub fn folder(&self) -> PathBuf {
        self.sandbox.path().join("notes")
    }

    /// Runs a command line in the project's folder, with this runner as `runner`; it must succeed.
    pub fn run(&self, line: &str) {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_runner"));
        let programs = binary.parent().expect("its folder").display().to_string();
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", line]).current_dir(self.folder());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let path = self.environment.iter().find(|(name, _)| name == "PATH");
        let path = path.map_or_else(|| variable("PATH"), |(_, path)| path.clone());
        command.env("PATH", format!("{programs}:{path}"));
        let run = finish(&mut command);
        assert_eq!(run.code, Some(0), "{line}: {run:#?}");
    }

    /// The command that `runner new` and the README both name.
    pub fn build(&self, command: &str) {
        let readme = fs::read_to_string(self.folder().join("README.md")).expect("a README");
        assert!(readme.contains(&format!("\n    {command}")), "{readme}");
        self.run(command);
        // A second time, nothing that was packed may change.
        self.run(command);
    }

    /// Deploys what was built, and takes it back.
    pub fn deploy_and_roll_back(&self) {
        let tags = "SELECT slug FROM notes_tags ORDER BY id";
        self.sandbox.ok(&["deploy", "notes/dist"]);
        assert_eq!(self.sandbox.rows(tags), ["to-do", "in-progress"]);
        self.sandbox.ok(&["check", "notes/dist"]);
        self.sandbox.ok(&["rollback", "--steps", "1"]);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'notes_tags'";
        assert_eq!(self.sandbox.rows(tables), ["0"]);
    }
}
