//! The page of the runner's own tables.

use super::{page, prose, source::Sources};
use std::fmt::Write as _;

const ABOUT: &str = "The tables that `runner` keeps in each database that it deploys to. Read them as you like; change them only with \
`runner resolve` and `runner baseline`. The types are those of each database: `key` is a text that can be indexed, `text`, `integer` (64 \
bits) and `bytes` are what they say. On PostgreSQL the tables are in the schema that `--state-schema` names. \
On MySQL and MariaDB `alteration_role` also says from where a plugin's user may log in (`host`) and whether it can now (`is_open`), and \
`alteration_ticket` has a row for each statement.";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS @";

#[test]
fn is_what_the_code_says() {
    let sources = Sources::read();
    let mut tables: Vec<&String> =
        sources.texts.iter().filter(|text| text.contains(CREATE)).collect();
    tables.sort_by_key(|text| text.split_once(CREATE).map(|(_, name)| name));
    // As many as there are, those included that are made only where they are needed.
    assert_eq!(tables.len(), 18, "{tables:#?}");
    let mut body = String::new();
    for text in tables {
        one(text, &mut body);
    }
    page("tables.md", "Tables", ABOUT, &body);
}

fn one(text: &str, body: &mut String) {
    let mut said = Vec::new();
    let mut lines = text.lines().map(str::trim);
    let name = loop {
        let line = lines.next().expect("a table");
        match (line.strip_prefix("-- "), line.strip_prefix(CREATE)) {
            (Some(comment), _) => said.push(comment),
            (None, Some(name)) => break name.trim_end_matches(" ("),
            (None, None) => panic!("before the table: {line}"),
        }
    };
    assert!(!said.is_empty(), "say what the table {name} is");
    let about = prose(&std::mem::take(&mut said).join(" "));
    let _ = writeln!(
        body,
        "\n## `alteration_{name}`\n\n{about}\n\n| Column | Type | Meaning |\n|---|---|---|"
    );
    for line in lines {
        if let Some(comment) = line.strip_prefix("-- ") {
            said.push(comment);
            continue;
        }
        if let Some(key) = line.strip_prefix("PRIMARY KEY ") {
            let _ = writeln!(body, "\nPrimary key: `{}`.", key.trim_matches(['(', ')']));
        }
        let (column, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some((_, rest)) = rest.split_once('{').filter(|_| column != "PRIMARY") else {
            continue;
        };
        assert!(!said.is_empty(), "say what {name}.{column} is");
        let about = prose(&std::mem::take(&mut said).join(" "));
        let (of_type, rest) = rest.split_once('}').expect("a type");
        let null =
            if rest.contains("NOT NULL") || rest.contains("PRIMARY KEY") { "" } else { " or null" };
        let _ = writeln!(body, "| `{column}` | {of_type}{null} | {about} |");
    }
}
