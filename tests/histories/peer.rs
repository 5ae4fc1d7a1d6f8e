//! The tools whose histories these are, at work: sqlx-cli, diesel_cli, refinery_cli and dbmate, as
//! `tests/scripts/install-peers` installed them.
//!
//! golang-migrate, goose and Flyway come as Go and Java programs that no package registry of these tests has.
//! For them `cut` takes the SQL out of these very files as they would, and the database's own client runs it.

use crate::{
    cut, deb,
    history::{History, Tool},
    npm,
    support::{self, Sandbox, names, succeed},
};
use std::{path::Path, process::Command};

impl History {
    /// Applies all of it.
    pub fn up(&self, sandbox: &Sandbox, path: &Path) {
        let (folder, url) = (path.display().to_string(), sandbox.url());
        match self.tool {
            Tool::Sqlx => {
                // It opens no database file that is not there.
                let url = if url.starts_with("sqlite:") { format!("{url}?mode=rwc") } else { url };
                let args = ["migrate", "run", "--source", &folder, "--database-url", &url];
                peer(sandbox, "sqlx", &args);
            }
            Tool::Diesel => {
                let args = ["migration", "run", "--migration-dir", &folder, "--database-url", &url];
                peer(sandbox, "diesel", &args);
            }
            Tool::Dbmate => dbmate(sandbox, &folder, "up"),
            Tool::Refinery => {
                let args = ["migrate", "-e", "REFINERY_URL", "-p", &folder];
                let mut command = command(sandbox, "refinery");
                succeed(command.args(args).env("REFINERY_URL", url));
            }
            Tool::GolangMigrate | Tool::Goose | Tool::Flyway => cut::up(self, sandbox, path),
            Tool::SqlMigrate | Tool::Sqitch | Tool::Liquibase => deb::up(self, sandbox, path),
            _ => npm::up(self, sandbox, path),
        }
    }

    /// Takes the newest back, as many as have a way.
    pub fn down(&self, sandbox: &Sandbox, path: &Path) {
        let (folder, url) = (path.display().to_string(), sandbox.url());
        match self.tool {
            Tool::Sqlx => {
                let target = &versions(path)[self.alterations - self.back - 1];
                let args = ["migrate", "revert", "--source", &folder, "--database-url", &url];
                peer(sandbox, "sqlx", &[&args[..], &["--target-version", target]].concat());
            }
            Tool::Diesel => {
                let args = ["migration", "revert", "--migration-dir", &folder];
                let count = self.back.to_string();
                let rest = ["--database-url", &url, "-n", &count];
                peer(sandbox, "diesel", &[&args[..], &rest].concat());
            }
            Tool::Dbmate => (0..self.back).for_each(|_| dbmate(sandbox, &folder, "rollback")),
            Tool::Refinery => panic!("refinery has no way back"),
            Tool::GolangMigrate | Tool::Goose | Tool::Flyway => cut::down(self, sandbox, path),
            Tool::SqlMigrate | Tool::Sqitch | Tool::Liquibase => deb::down(self, sandbox, path),
            _ => npm::down(self, sandbox, path),
        }
    }
}

/// The numbers of the files, in order.
fn versions(folder: &Path) -> Vec<String> {
    let version = |name: &String| name.split('_').next().expect("a number").to_owned();
    let mut versions: Vec<_> = names(folder).iter().map(version).collect();
    versions.sort();
    versions.dedup();
    versions
}

fn dbmate(sandbox: &Sandbox, folder: &str, verb: &str) {
    // It knows MariaDB by the other name only.
    let url = sandbox.url().replacen("mariadb://", "mysql://", 1);
    let args = ["--url", &url, "--migrations-dir", folder, "--no-dump-schema", verb];
    peer(sandbox, "dbmate", &args);
}

fn peer(sandbox: &Sandbox, program: &str, args: &[&str]) {
    succeed(command(sandbox, program).args(args));
}

fn command(sandbox: &Sandbox, program: &str) -> Command {
    program_of(sandbox, &support::target_folder().join("peers/bin").join(program))
}

/// Returns a command of a tool, to be run in the sandbox's folder.
pub fn program_of(sandbox: &Sandbox, program: &Path) -> Command {
    let mut command = Command::new(installed(program));
    command.current_dir(sandbox.path()).env_remove("DATABASE_URL");
    command
}

/// Checks that what the tools' script installs is there.
pub fn installed(path: &Path) -> &Path {
    assert!(
        path.exists(),
        "{} is missing: run tests/scripts/install-peers, or the tests with tests/run",
        path.display()
    );
    path
}
