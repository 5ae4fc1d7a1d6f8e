//! The guide's commands, run as they stand on a real server.
//!
//! In a block of the kind `console`, `$ ` begins a command; each line behind it has to be in what the command prints, in
//! any order, and `exit N` is its exit code, which else is 0.

use crate::{
    polite, samples,
    support::{
        Sandbox, finish, root,
        servers::{Mariadb, Postgres},
    },
    wasm,
};
use std::{fs, process::Command};

struct Step<'a> {
    command: &'a str,
    prints: Vec<&'a str>,
    code: i32,
}

/// The commands of each block of a page.
fn blocks(page: &str) -> Vec<Vec<Step<'_>>> {
    let mut blocks = Vec::new();
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("a block ends");
        let mut steps: Vec<Step<'_>> = Vec::new();
        for line in block.lines() {
            match (line.strip_prefix("$ "), line.strip_prefix("exit "), steps.last_mut()) {
                (Some(command), _, _) => steps.push(Step { command, prints: Vec::new(), code: 0 }),
                (None, Some(code), Some(step)) => step.code = code.parse().expect("a number"),
                (None, None, Some(step)) => step.prints.push(line),
                (None, _, None) => panic!("a block begins with a command: {line}"),
            }
        }
        blocks.push(steps);
    }
    blocks
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("runner/guide/src").join(name)).expect("a page")
}

/// A sandbox on PostgreSQL with one plugin.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::on(Postgres::shared().database());
    let up = "CREATE TABLE events (at timestamptz NOT NULL);";
    sandbox.sql_plugin("acme/app", &[("1.0.0-1718000000-create-events", up, "DROP TABLE events;")]);
    sandbox
}

/// Pages about one plugin on PostgreSQL, each with a database of its own.
#[test]
fn on_a_server() {
    for (name, blocks_min) in [
        ("how-to/deploy-to-a-server.md", 2),
        ("how-to/deploy-from-a-pipeline.md", 1),
        ("how-to/rehearse.md", 1),
        ("how-to/grants-and-settings.md", 1),
        ("how-to/place-of-the-tables.md", 1),
        ("reference/urls.md", 1),
    ] {
        run_page(&sandbox(), name, blocks_min);
    }
}

/// A sandbox on a server of its own, whose user may make roles.
fn confining(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    let may = "ALTER ROLE runner CREATEROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner;";
    sandbox.server().admin_sql(may);
    let up = "CREATE TABLE events (at timestamptz NOT NULL);";
    sandbox.sql_plugin("acme/app", &[("1.0.0-1718000000-create-events", up, "DROP TABLE events;")]);
    sandbox
}

#[test]
fn confine_a_plugin() {
    let server = Postgres::own();
    run_page_at(&confining(&server), "how-to/confine-a-plugin.md", 2, Levels::Unsaid);
}

#[test]
fn confine_an_installed_plugin() {
    let server = Postgres::own();
    let sandbox = confining(&server);
    // Its user may make roles, which before PostgreSQL 16 takes trust.
    sandbox.ok(&["deploy", "plugins", "--trust", "acme/app"]);
    run_page_at(&sandbox, "how-to/confine-an-installed-plugin.md", 2, Levels::Unsaid);
}

/// With the components that a clone has.
#[test]
fn first_deploy() {
    let sandbox = Sandbox::new();
    sandbox.shipped_shop();
    run_page(&sandbox, "tutorial/first-deploy.md", 6);
}

#[test]
fn adopt_a_history() {
    let sandbox = Sandbox::new();
    write_files(&page("how-to/adopt-a-history.md"), &sandbox);
    run_page(&sandbox, "how-to/adopt-a-history.md", 2);
}

#[test]
fn pin_what_may_be_deployed() {
    let sandbox = samples::shop_and_crm();
    let page = page("how-to/pin-what-may-be-deployed.md");
    assert_eq!(follow_with_files(&page, &sandbox), 8);
}

#[test]
fn read_what_runs() {
    let sandbox = sandbox();
    let sql = "CREATE TABLE notes (text varchar(80));";
    let code = wasm::with_manifest(
        &wasm::running(sql),
        br#"{"manifest":1,"plugin":"acme/code","alterations":[{"id":"1.0.0-1718000100-notes"}]}"#,
    );
    sandbox.write("code.wasm", code);
    run_page(&sandbox, "how-to/read-what-runs.md", 2);
}

/// Runs the commands of a page, one after the other.
fn run_page(sandbox: &Sandbox, name: &str, blocks_min: usize) {
    run_page_at(sandbox, name, blocks_min, Levels::Guarded);
}

/// At which level new plugins run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Levels {
    /// As in other tests: the servers that they share let nobody make roles.
    Guarded,
    /// As where nothing is said of it.
    Unsaid,
}

fn run_page_at(sandbox: &Sandbox, name: &str, blocks_min: usize, levels: Levels) {
    let page = page(name);
    let blocks = blocks(&page);
    assert!(blocks.len() >= blocks_min, "the page has {} blocks", blocks.len());
    blocks.iter().for_each(|block| follow(block, sandbox, levels));
}

/// What is renamed on the first page is removed on the second.
#[test]
fn rename_and_remove() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    samples::renamed(&sandbox);
    run_page(&sandbox, "how-to/rename-a-plugin.md", 1);
    run_page(&sandbox, "how-to/remove-a-plugin.md", 1);
}

/// Runs commands as a person types them; only the program is the one that was built.
fn follow(steps: &[Step<'_>], sandbox: &Sandbox, levels: Levels) {
    let binary = sandbox.command(&[]).get_program().to_owned();
    for step in steps {
        let words = step.command.strip_prefix("runner ").expect("a command of the runner");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("\"$RUNNER\" {words}")]).current_dir(sandbox.path());
        for (name, value) in sandbox.command(&[]).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // What is kept is of this page.
        command.env("RUNNER_CACHE_DIR", sandbox.path().join("cache"));
        command.env("RUNNER", &binary).env_remove("RUNNER_YES");
        if levels == Levels::Unsaid {
            command.env_remove("RUNNER_GUARD");
        }
        command.stdin(std::process::Stdio::null());
        let run = finish(&mut command);
        polite::check(&run);
        assert_eq!(run.code, Some(step.code), "{}: {run:#?}", step.command);
        // Columns are as wide as their cells.
        let all = format!("{}{}", run.stdout, run.stderr);
        let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in &step.prints {
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(all.contains(&line), "{} lacks `{line}`: {run:#?}", step.command);
        }
    }
}

/// Writes the files that a part of a page shows: a line with the name, as `` `sql/x.sql`: ``, then a block with the contents.
fn write_files(part: &str, sandbox: &Sandbox) {
    let mut lines = part.lines();
    while let Some(line) = lines.next() {
        let name = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:"));
        let Some(name) = name else { continue };
        let block = lines.by_ref().skip_while(|line| !line.starts_with("```")).skip(1);
        let contents: Vec<&str> = block.take_while(|line| *line != "```").collect();
        sandbox.write(name, contents.join("\n"));
    }
}

/// Follows a page that shows files and commands: each block of commands works with the files that were shown up to it. How
/// many commands it has.
fn follow_with_files(page: &str, sandbox: &Sandbox) -> usize {
    let mut commands = 0;
    let (files, parts) = page.split_once("```console\n").expect("commands");
    write_files(files, sandbox);
    for part in parts.split("```console\n") {
        let (block, files) = part.split_once("\n```\n").expect("a block ends");
        for steps in blocks(&format!("```console\n{block}")) {
            commands += steps.len();
            follow(&steps, sandbox, Levels::Guarded);
        }
        write_files(files, sandbox);
    }
    commands
}

#[test]
fn recover() {
    let sandbox = Sandbox::on(Postgres::shared().database());
    assert_eq!(follow_with_files(&page("how-to/recover.md"), &sandbox), 12);
}

#[test]
fn sql_for_several_databases() {
    let page = page("how-to/sql-for-several-databases.md");
    for sandbox in [
        Sandbox::new(),
        Sandbox::on(Postgres::shared().database()),
        Sandbox::on(Mariadb::shared().database()),
    ] {
        assert_eq!(follow_with_files(&page, &sandbox), 9);
    }
}
