//! The tools that come as packages of Debian, at work: sql-migrate and Sqitch; and Liquibase, whose jars come from npm, for
//! Debian's Java. `tests/scripts/install-peers` installs them.

use crate::{
    history::{History, LIQUIBASE_VALUES, Tool},
    peer::program_of,
    support::{self, Sandbox, succeed},
};
use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

pub fn up(history: &History, sandbox: &Sandbox, folder: &Path) {
    match history.tool {
        Tool::SqlMigrate => sql_migrate(sandbox, folder, &["up"]),
        Tool::Sqitch => sqitch(sandbox, folder, &["deploy", "--verify"]),
        _ => {
            let [(_, contexts), (_, labels)] = LIQUIBASE_VALUES;
            let chosen = [format!("--contexts={contexts}"), format!("--label-filter={labels}")];
            liquibase(sandbox, folder, &["update", &chosen[0], &chosen[1]]);
        }
    }
}

pub fn down(history: &History, sandbox: &Sandbox, folder: &Path) {
    let count = history.back.to_string();
    match history.tool {
        Tool::SqlMigrate => sql_migrate(sandbox, folder, &["down", &format!("-limit={count}")]),
        // All of it.
        Tool::Sqitch => sqitch(sandbox, folder, &["revert", "-y"]),
        _ => liquibase(sandbox, folder, &["rollback-count", &count]),
    }
}

fn sql_migrate(sandbox: &Sandbox, folder: &Path, args: &[&str]) {
    let url = sandbox.url();
    let sign = if url.contains('?') { '&' } else { '?' };
    let datasource = format!("{url}{sign}sslmode=disable");
    let conf = format!(
        "app:\n  dialect: postgres\n  datasource: {datasource}\n  dir: {}\n",
        folder.display()
    );
    sandbox.write("dbconfig.yml", &conf);
    let mut command = command(sandbox, Path::new("/usr/bin/sql-migrate"));
    succeed(command.args(args).args(["-config=dbconfig.yml", "-env=app"]));
}

fn sqitch(sandbox: &Sandbox, folder: &Path, args: &[&str]) {
    let url = sandbox.url().replacen("postgres://", "db:pg://", 1);
    let mut command = command(sandbox, Path::new("/usr/bin/sqitch"));
    command.current_dir(folder).env("SQITCH_FULLNAME", "Tester");
    command.env("SQITCH_EMAIL", "tester@example.org").env("HOME", sandbox.path());
    succeed(command.args(args).arg(url));
}

/// A changelog of its own includes all of the folder.
fn liquibase(sandbox: &Sandbox, folder: &Path, args: &[&str]) {
    let history = sandbox.path().join("changes");
    if !history.exists() {
        symlink(folder, &history).expect("a link");
    }
    let root = "databaseChangeLog:\n- includeAll:\n    path: changes/\n    relativeToChangelogFile: true\n";
    sandbox.write("root.yaml", root);
    let home =
        support::target_folder().join("peers/liquibase/node_modules/liquibase/dist/liquibase");
    let (user, password, place) = parts(&sandbox.url());
    let mut command = command(sandbox, &home.join("liquibase"));
    command.env("LIQUIBASE_HOME", home);
    command.args(["--changelog-file=root.yaml", "--show-banner=false"]);
    command.arg(format!("--url=jdbc:postgresql://{place}"));
    succeed(
        command.arg(format!("--username={user}")).arg(format!("--password={password}")).args(args),
    );
}

/// User, password, and what stands behind them in a URL.
fn parts(url: &str) -> (String, String, String) {
    let rest = url.split_once("://").expect("a URL").1;
    let (who, place) = rest.split_once('@').expect("a user");
    let (user, password) = who.split_once(':').unwrap_or((who, ""));
    (user.to_owned(), password.to_owned(), place.to_owned())
}

fn command(sandbox: &Sandbox, program: &Path) -> Command {
    let program = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    program_of(sandbox, &program)
}
