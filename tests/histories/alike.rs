//! Each history, deployed by its own tool and by the runner on the same server: schema and rows are alike
//! afterwards, and after the way back too; and the tool's database, adopted, is as the runner's own.
//!
//! The histories are in the folders beside this file; README.md says what each covers.

use crate::{
    history::{GOOSE_VALUES, History, LIQUIBASE_VALUES, Tool, forgotten, ledger},
    support::{Place, Sandbox, servers::USER},
};
use std::{fs, path::Path};

macro_rules! histories {
    ($($(#[$attribute:meta])* $name:ident: $history:expr,)*) => {
        $(mod $name {
            use super::*;

            #[test]
            $(#[$attribute])*
            fn deployed() {
                super::deployed(&$history);
            }

            #[test]
            $(#[$attribute])*
            fn taken_back() {
                super::taken_back(&$history);
            }

            #[test]
            fn tried() {
                super::tried(&$history);
            }
        })*

        /// All histories.
        pub fn all() -> Vec<History> {
            vec![$($history),*]
        }

        #[test]
        fn each_folder_has_its_tests() {
            let mut folders: Vec<_> = all().iter().map(|h| h.folder).collect();
            folders.sort_unstable();
            assert_eq!(folders, crate::history::folders());
        }
    };
}

histories! {
    sqlx: History {
        tool: Tool::Sqlx, folder: "sqlx", place: Place::Postgres, alterations: 25, back: 17,
    },
    sqlx_simple: History {
        tool: Tool::Sqlx, folder: "sqlx-simple", place: Place::Sqlite, alterations: 5, back: 0,
    },
    golang_migrate: History {
        tool: Tool::GolangMigrate, folder: "golang-migrate", place: Place::Mariadb, alterations: 22, back: 14,
    },
    diesel: History {
        tool: Tool::Diesel, folder: "diesel", place: Place::Postgres, alterations: 21, back: 10,
    },
    dbmate: History {
        tool: Tool::Dbmate, folder: "dbmate", place: Place::Sqlite, alterations: 22, back: 16,
    },
    dbmate_mariadb: History {
        tool: Tool::Dbmate, folder: "dbmate-mariadb", place: Place::Mariadb, alterations: 5, back: 5,
    },
    goose: History {
        tool: Tool::Goose, folder: "goose", place: Place::Postgres, alterations: 22, back: 17,
    },
    flyway: History {
        tool: Tool::Flyway, folder: "flyway", place: Place::Mariadb, alterations: 21, back: 11,
    },
    refinery: History {
        tool: Tool::Refinery, folder: "refinery", place: Place::Postgres, alterations: 22, back: 0,
    },
    prisma: History {
        tool: Tool::Prisma, folder: "prisma", place: Place::Sqlite, alterations: 17, back: 3,
    },
    drizzle: History {
        tool: Tool::Drizzle, folder: "drizzle", place: Place::Postgres, alterations: 17, back: 0,
    },
    supabase: History {
        tool: Tool::Supabase, folder: "supabase", place: Place::Postgres, alterations: 17, back: 0,
    },
    wrangler: History {
        tool: Tool::Wrangler, folder: "wrangler", place: Place::Sqlite, alterations: 17, back: 0,
    },
    atlas: History {
        tool: Tool::Atlas, folder: "atlas", place: Place::Postgres, alterations: 17, back: 2,
    },
    sql_migrate: History {
        tool: Tool::SqlMigrate, folder: "sql-migrate", place: Place::Postgres, alterations: 17, back: 3,
    },
    sqitch: History {
        tool: Tool::Sqitch, folder: "sqitch", place: Place::Postgres, alterations: 17, back: 17,
    },
    #[ignore = "RUNNER_FULL=1"]
    liquibase: History {
        tool: Tool::Liquibase, folder: "liquibase", place: Place::Postgres, alterations: 17, back: 15,
    },
}

fn deployed(history: &History) {
    let (theirs, ours) = (history.place.sandbox(), history.place.sandbox());
    let folder = history.path();
    history.up(&theirs, &folder);
    pack(history, &ours, &folder);
    ours.ok(&["deploy", "plugins"]);
    assert_eq!(ours.state().len(), history.alterations);
    let ledger = ledger(history.tool);
    assert!(theirs.dump().contains(ledger), "their tool was here");

    // The adopted database knows what the runner's own knows, and has nothing left to do.
    let plugins = ours.path().join("plugins").display().to_string();
    theirs.ok(&["baseline", &plugins, "--from", history.tool.as_str()]);
    let (repeatable, versioned): (Vec<_>, Vec<_>) =
        ours.state().into_iter().partition(|row| history.is_left(row));
    assert_eq!(theirs.state(), versioned);
    if !repeatable.is_empty() {
        // No ledger says which text of a repeatable script was run; once more does no harm.
        assert_eq!(theirs.runner(&["check", &plugins]).code, Some(3));
        theirs.ok(&["deploy", &plugins]);
    }
    theirs.ok(&["check", &plugins]);
    assert_eq!(theirs.state(), ours.state());
    ours.ok(&["check", "plugins"]);

    theirs.sql(&forgotten(history.tool));
    alike(&theirs, &ours);
}

fn taken_back(history: &History) {
    let (theirs, ours) = (history.place.sandbox(), history.place.sandbox());
    // A repeatable script has no way back, and stands behind all that have one.
    let folder = theirs.path().join("history");
    copy(&history.path(), &folder, &|name| !name.starts_with("R__"));
    pack(history, &ours, &folder);
    ours.ok(&["deploy", "plugins"]);
    let deployed = ours.dump();
    if history.back < history.alterations {
        // One more has no way back, and with it none of the others is taken back either.
        let steps = (history.back + 1).to_string();
        let refused = ours.runner(&["rollback", "--steps", &steps, "--yes"]);
        assert_eq!(refused.code, Some(4), "{refused:#?}");
        assert_eq!(ours.dump(), deployed);
    }
    if history.back == 0 {
        return;
    }

    ours.ok(&["rollback", "--steps", &history.back.to_string(), "--yes"]);
    assert_eq!(ours.state().iter().filter(|row| row.ends_with(" reverted")).count(), history.back);
    assert_ne!(ours.dump(), deployed);
    history.up(&theirs, &folder);
    history.down(&theirs, &folder);
    theirs.sql(&forgotten(history.tool));
    alike(&theirs, &ours);

    // And forward again, from the archive's point of view a new attempt at each.
    ours.ok(&["deploy", "plugins"]);
    ours.ok(&["check", "plugins"]);
}

/// Up, down and up again, one at a time: what has a way back comes back to what was before.
fn tried(history: &History) {
    let sandbox = history.place.sandbox();
    pack(history, &sandbox, &history.path());
    if history.place == Place::Mariadb {
        // The right to make databases of these names, which an author's own server gives.
        let grant = format!("GRANT ALL ON `runner\\_test\\_%`.* TO {USER}@'%'");
        sandbox.server().admin_sql(&grant);
    }
    let url = sandbox.url();
    sandbox.ok(&["test", "plugins", "--database", &url]);
}

pub fn pack(history: &History, sandbox: &Sandbox, folder: &Path) {
    let source = folder.display().to_string();
    let tool = history.tool.as_str();
    let args = ["pack", &source, "--plugin", "acme/app", "--from", tool, "--out", "plugins"];
    let values: &[_] = match history.tool {
        Tool::Goose => &GOOSE_VALUES,
        Tool::Liquibase => &LIQUIBASE_VALUES,
        _ => &[],
    };
    let values: Vec<String> =
        values.iter().map(|(name, value)| format!("--placeholder={name}={value}")).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    sandbox.ok(&[&args[..], &values].concat());
}

/// Copies a folder with those of its files that `is_wanted`, by name.
fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name), is_wanted);
        } else if is_wanted(&name.to_string_lossy()) {
            fs::copy(path, to.join(name)).expect("a file");
        }
    }
}

/// Equal dumps, and where they are not, the lines that only one has.
pub fn alike(theirs: &Sandbox, ours: &Sandbox) {
    // MariaDB keeps with each routine and trigger in which mode it was made, and the runner's sessions have
    // another one than the server's default: stricter, and the same everywhere.
    let is_mode = |line: &&str| line.starts_with("/*!50003 SET sql_mode ");
    let dump = |sandbox: &Sandbox| -> String {
        let dump = sandbox.dump();
        dump.lines().filter(|line| !is_mode(line)).flat_map(|line| [line, "\n"]).collect()
    };
    let (theirs, ours) = (dump(theirs), dump(ours));
    if theirs == ours {
        return;
    }
    let only = |one: &str, other: &str| -> String {
        let lines = one.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.collect::<Vec<_>>().join("\n")
    };
    panic!(
        "only the tool's database has:\n{}\nonly the runner's has:\n{}\nlines in another order, if both are empty",
        only(&theirs, &ours),
        only(&ours, &theirs)
    );
}
