//! One history in the layouts of six tools of npm that keep both directions, deployed and taken back by the tool
//! itself and by the runner: schema and rows are alike.
//!
//! `town.sql` is the history; `peers.mjs` runs the tools. What no registry at hand has (tern, rambler, MyBatis) is in
//! `pack`'s own tests alone.

use crate::{alike::alike, peer::installed, support};
use std::{fs, path::Path, process::Command};
use support::{Place, Sandbox};

/// One alteration: its name, its way forward and its way back.
type Alteration = (String, String, String);

/// A tool, and how its users have the history.
struct Tool {
    name: &'static str,
    drop_ledger: &'static str,
    has_way_back: bool,
    /// `pack` knows it without being told.
    is_recognised: bool,
    /// The files of the alteration with this number, from 1.
    files: fn(usize, &Alteration) -> Vec<(String, String)>,
}

macro_rules! tools {
    ($($test:ident: $tool:expr,)*) => { $(
        #[test]
        fn $test() {
            as_the_tool_does(&$tool);
        }
    )* };
}

tools! {
    node_pg_migrate: Tool {
        name: "node-pg-migrate",
        drop_ledger: "DROP TABLE pgmigrations",
        has_way_back: true,
        is_recognised: true,
        files: |number, (name, up, down)| {
            let text = format!("-- Up Migration\n{up}\n-- Down Migration\n{down}");
            vec![(format!("{}_{name}.sql", 1_706_702_400_000 + number), text)]
        },
    },
    db_migrate: Tool {
        name: "db-migrate",
        drop_ledger: "DROP TABLE migrations",
        has_way_back: true,
        is_recognised: true,
        files: |number, (name, up, down)| {
            let stem = format!("sqls/{}-{name}", 20_240_131_120_000 + number);
            vec![(format!("{stem}-up.sql"), up.clone()), (format!("{stem}-down.sql"), down.clone())]
        },
    },
    postgrator: Tool {
        name: "postgrator",
        drop_ledger: "DROP TABLE schemaversion",
        has_way_back: true,
        is_recognised: true,
        files: |number, (name, up, down)| {
            let file = |way| format!("{number:03}.{way}.{name}.sql");
            vec![(file("do"), up.clone()), (file("undo"), down.clone())]
        },
    },
    postgres_migrations: Tool {
        name: "postgres-migrations",
        drop_ledger: "DROP TABLE migrations",
        has_way_back: false,
        is_recognised: false,
        files: |number, (name, up, _)| vec![(format!("{number}_{name}.sql"), up.clone())],
    },
    graphile_migrate: Tool {
        name: "graphile-migrate",
        drop_ledger: "DROP SCHEMA graphile_migrate CASCADE",
        has_way_back: false,
        is_recognised: true,
        files: |number, (name, up, _)| {
            vec![(format!("committed/{number:06}-{name}.sql"), up.clone())]
        },
    },
    umzug: Tool {
        name: "umzug",
        drop_ledger: "DROP TABLE \"SequelizeMeta\"",
        has_way_back: true,
        is_recognised: true,
        files: |number, (name, up, down)| {
            let file = format!("2024.01.31T12.00.{number:02}.{name}.sql");
            vec![(format!("down/{file}"), down.clone()), (file, up.clone())]
        },
    },
}

fn as_the_tool_does(tool: &Tool) {
    let (theirs, ours) = (Place::Postgres.sandbox(), Place::Postgres.sandbox());
    let town = town();
    let folder = theirs.path().join("migrations");
    for (number, alteration) in (1..).zip(&town) {
        for (name, text) in (tool.files)(number, alteration) {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
    }
    tool.run(&theirs, "up", &folder, 0);

    let source = folder.display().to_string();
    let from: &[&str] = if tool.is_recognised { &[] } else { &["--from", tool.name] };
    let args = ["pack", &source, "--plugin", "acme/town", "--out", "plugins"];
    ours.ok(&[&args[..], from].concat());
    ours.ok(&["deploy", "plugins"]);
    assert_eq!(ours.state().len(), town.len());

    let plugins = ours.path().join("plugins").display().to_string();
    theirs.ok(&["baseline", &plugins, "--from", tool.name]);
    theirs.ok(&["check", &plugins]);
    assert_eq!(theirs.state(), ours.state());
    theirs.sql(tool.drop_ledger);
    alike(&theirs, &ours);

    if tool.has_way_back {
        // All but the first.
        let steps = town.len() - 1;
        let theirs = Place::Postgres.sandbox();
        tool.run(&theirs, "up", &folder, 0);
        tool.run(&theirs, "down", &folder, steps);
        theirs.sql(tool.drop_ledger);
        ours.ok(&["rollback", "--steps", &steps.to_string(), "--yes"]);
        alike(&theirs, &ours);
        ours.ok(&["deploy", "plugins"]);
    }
}

impl Tool {
    fn run(&self, sandbox: &Sandbox, direction: &str, folder: &Path, steps: usize) {
        let peers = support::target_folder().join("peers/both-ways");
        let script = support::root().join("tests/histories/peers.mjs");
        let mut command = Command::new("node");
        command.arg(script).args([self.name, direction]).arg(folder).arg(sandbox.url());
        command.arg(steps.to_string()).env("PEERS", installed(&peers));
        support::succeed(&mut command);
    }
}

/// The alterations of `town.sql`: each begins with `--- NAME`, and its way back with `--- back`.
fn town() -> Vec<Alteration> {
    let mut town: Vec<Alteration> = Vec::new();
    let mut is_back = false;
    for line in include_str!("town.sql").lines() {
        match (line.strip_prefix("--- "), town.last_mut()) {
            (Some("back"), _) => is_back = true,
            (Some(name), _) => {
                is_back = false;
                town.push((name.to_owned(), String::new(), String::new()));
            }
            (None, Some((_, up, down))) => {
                let text = if is_back { down } else { up };
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => panic!("`town.sql` begins with a name"),
        }
    }
    assert!(
        town.len() >= 15 && town.iter().all(|(_, up, down)| !up.is_empty() && !down.is_empty())
    );
    town
}
