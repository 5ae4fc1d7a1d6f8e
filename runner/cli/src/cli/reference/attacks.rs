//! The page of the attacks that the tests try on confined plugins: `tests/attacks/`.

use super::{page, prose, repository};
use std::{fmt::Write as _, fs};

const ABOUT: &str = "What the tests try with plugins that are hostile: each attack is deployed by the real binary to a real database. Then \
everything that is not the plugin's is compared with what it was: users, rights, objects, rows, settings, the runner's records. Most \
attacks go on: the application, or an administrator, works with what the plugin left, and all is compared again. An attack succeeds if \
anything is another one, or if a secret is in what the plugin keeps. None may succeed against a confined plugin.\n\nBy default the tests \
try a part of the attacks on each server; `RUNNER_FULL=1` tries all on each. This page shows the first part of long SQL; the whole is in \
`tests/attacks/` of the sources.";

/// One list of attacks.
struct List {
    database: &'static str,
    file: &'static str,
    about: &'static str,
}

const LISTS: [List; 3] = [
    List {
        database: "PostgreSQL",
        file: "postgresql.txt",
        about: "PostgreSQL 14, 15, 16 and 18, each with the URL of a database's owner and of a superuser; 14, 15 and 16 also of an \
            owner who makes no roles.",
    },
    List {
        database: "MySQL and MariaDB",
        file: "mysql.txt",
        about: "MySQL 9.7 and MariaDB 10.11, with the URL of a user who may make users and of one with all rights.",
    },
    List {
        database: "SQLite",
        file: "sqlite.txt",
        about: "The SQLite that is in the runner. All are tried, always.",
    },
];

/// Files of scenarios: what a plugin was granted, and what it may not do with it.
const SCENARIOS: [(&str, &str); 5] = [
    ("permissions.rs", "`reads` and `references`, PostgreSQL 14, 15, 16 and 18, both URLs"),
    (
        "alters.rs",
        "`alters`, `drops` and `leaves code on`, PostgreSQL 14, 15, 16 and 18, both URLs",
    ),
    (
        "drops.rs",
        "Drops of its own, upon which the application has made something, PostgreSQL 14, 15, 16 and 18",
    ),
    ("outside.rs", "Hooks outside of a transaction, PostgreSQL 14, 15, 16 and 18"),
    ("sqlite_alters.rs", "`alters`, SQLite"),
];
/// How much of an attack's SQL is shown.
const SQL_CHARS_MAX: usize = 160;

/// An attack, as it is written down.
#[derive(Default)]
struct Attack {
    name: String,
    sql: String,
    then: Vec<String>,
}

fn read(file: &str) -> Vec<Attack> {
    let text = fs::read_to_string(repository("tests/attacks").join(file)).unwrap();
    let mut attacks: Vec<Attack> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if let Some(name) = line.strip_prefix("== ") {
            attacks.push(Attack { name: name.to_owned(), ..Attack::default() });
            continue;
        }
        let attack = attacks.last_mut().expect("a name comes first");
        match line.strip_prefix("-- then ").and_then(|then| then.split_once(": ")) {
            Some((user, _)) if attack.then.iter().any(|known| known == user) => {}
            Some((user, _)) => attack.then.push(user.to_owned()),
            None => {
                let _ = write!(attack.sql, "{} ", line.trim());
            }
        }
    }
    attacks
}

/// Returns the names of the scenarios in a file: a field, or the first argument of what makes one.
fn scenarios(file: &str) -> Vec<String> {
    let text = fs::read_to_string(repository("tests/attacks").join(file)).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let named = lines.windows(2).filter_map(|pair| match pair {
        ["works(" | "attack(", name] => Some(*name),
        [_, line] => line.strip_prefix("name: "),
        _ => None,
    });
    let name = |literal: &str| {
        let name = literal.strip_prefix('"')?.strip_suffix("\",")?;
        Some(name.replace("\\\"", "\""))
    };
    named.filter_map(name).collect()
}

/// Shows SQL in a cell of a table.
fn code(sql: &str) -> String {
    let sql = sql.trim();
    let short: String = sql.chars().take(SQL_CHARS_MAX).collect();
    let more = if short.len() < sql.len() { " …" } else { "" };
    let fence = if short.contains('`') { "``" } else { "`" };
    let pad = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}{more}", short.trim_end().replace('|', "\\|"))
}

#[test]
fn is_what_the_tests_try() {
    let mut body = "| Database | Attacks | Where |\n|---|---|---|\n".to_owned();
    let mut count = 0;
    let lists = LISTS.map(|list| (read(list.file), list));
    for (attacks, List { database, about, .. }) in &lists {
        count += attacks.len();
        let _ = writeln!(body, "| {database} | {} | {about} |", attacks.len());
    }
    for (file, about) in SCENARIOS {
        let found = scenarios(file).len();
        assert!(found > 10, "{file} has {found} scenarios");
        count += found;
        let _ = writeln!(body, "| Scenarios | {found} | {about}. |");
    }
    let _ = writeln!(body, "| | {count} | |\n\n{LEVELS}");
    for (attacks, List { database, .. }) in &lists {
        let _ = writeln!(
            body,
            "\n## {database}\n\n| A confined plugin … | with | and afterwards |\n|---|---|---|"
        );
        for Attack { name, sql, then } in attacks {
            let then = then.join(", ");
            let _ = writeln!(body, "| {} | {} | {then} |", prose(name), code(sql));
        }
    }
    for (file, about) in SCENARIOS {
        let _ = writeln!(body, "\n## {about}\n");
        for name in scenarios(file) {
            let _ = writeln!(body, "- {}", prose(&name));
        }
    }
    page("attacks.md", "Attacks", ABOUT, &body);
}

const LEVELS: &str = "| Level | Verdict |\n|---|---|\n| confined | none succeeds, on any of these |\n| guarded | the runner's own records are \
out of reach; most of these attacks reach the application or other plugins, which is why the level has to be asked for. With a superuser's URL \
nothing runs |\n| trusted | you said that the plugin may do what you may; its statements do not end the runner's transaction |";

#[test]
fn sql_in_a_cell() {
    assert_eq!(code("SELECT 'a' || 'b'; "), "`SELECT 'a' \\|\\| 'b';`");
    assert_eq!(code("SELECT `a`"), "`` SELECT `a` ``");
    assert!(code(&"x".repeat(999)).ends_with("` …"));
}
