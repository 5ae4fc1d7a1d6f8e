//! Logto's own tool, as `tests/scripts/build-logto` installed it, on the Node.js that it asks for.
//!
//! It copies the scripts into its own package each time it runs, so that each test gets a package of its own;
//! what it depends on is shared.

use crate::support::{Run, Sandbox, finish, names, target_folder};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// The release that databases of these tests come from, and the newest.
pub const BEFORE: &str = "1.37.1";
pub const AFTER: &str = "1.43.0";

/// What the original is told in its environment, and the runner as settings: neither asks a person, and
/// scripts do what they do in the vendor's own tests, where they lead to what a new database has.
pub const ENVIRONMENT: [(&str, &str); 2] = [("CI", "true"), ("ALTERATION_TEST", "true")];

/// An installed release.
pub struct Original {
    node: PathBuf,
    modules: PathBuf,
}

impl Original {
    /// A release, for the tests of one sandbox.
    pub fn install(sandbox: &Sandbox, release: &str) -> Self {
        let logto = target_folder().join("logto");
        let shared = installed(release);
        let modules = sandbox.path().join(format!("logto-{release}/node_modules"));
        fs::create_dir_all(modules.join("@logto")).expect("a folder");
        for name in names(&shared) {
            if name != "@logto" {
                symlink(shared.join(&name), modules.join(&name)).expect("a link");
            }
        }
        for name in names(&shared.join("@logto")) {
            let (from, to) =
                (shared.join("@logto").join(&name), modules.join("@logto").join(&name));
            match name.as_str() {
                "cli" | "schemas" => copy(&from, &to),
                _ => symlink(from, to).expect("a link"),
            }
        }
        Self { node: logto.join("node/bin/node"), modules }
    }

    /// The folder of its scripts, for tests that change some.
    pub fn scripts(&self) -> PathBuf {
        self.modules.join("@logto/schemas/alterations-js")
    }

    pub fn command(&self, sandbox: &Sandbox, args: &[&str]) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(self.modules.join("@logto/cli/bin/logto.js")).args(args);
        command.env_clear().envs(ENVIRONMENT).env("DB_URL", sandbox.url());
        command.current_dir(sandbox.path()).stdin(std::process::Stdio::null());
        command
    }

    pub fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        finish(&mut self.command(sandbox, args))
    }

    /// As [`Original::run`], and it must have succeeded.
    pub fn ok(&self, sandbox: &Sandbox, args: &[&str]) -> Run {
        let run = self.run(sandbox, args);
        assert_eq!(run.code, Some(0), "logto {args:?} failed: {run:#?}");
        run
    }

    /// A new database with the vendor's test data, without which some ways back have nothing to start from.
    pub fn seed(&self, sandbox: &Sandbox) {
        self.ok(sandbox, &["db", "seed", "--test"]);
    }

    pub fn deploy(&self, sandbox: &Sandbox) {
        self.ok(sandbox, &["db", "alteration", "deploy", "latest"]);
    }

    pub fn roll_back(&self, sandbox: &Sandbox, version: &str) {
        self.ok(sandbox, &["db", "alteration", "rollback", version]);
    }
}

/// Returns the folder with the packages of a release.
pub fn installed(release: &str) -> PathBuf {
    let folder = target_folder().join("logto").join(release).join("node_modules");
    assert!(folder.exists(), "{} is not there: run tests/scripts/build-logto", folder.display());
    folder
}

pub fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status().expect("cp");
    assert!(copied.success());
}
