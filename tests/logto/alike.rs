//! Whether two databases are the same but for what each makes up itself: ids, secrets, keys and times.

use crate::support::Sandbox;
use std::collections::{BTreeMap, HashSet};

/// Compares schema with all its rights, and rows. What is not in `before`, the dump of the database that both
/// come from, and looks generated, is anything that looks the same.
pub fn assert_alike(before: &str, theirs: &Sandbox, ours: &Sandbox) {
    let [theirs, ours] = [theirs, ours].map(|sandbox| statements(before, sandbox));
    let differences: Vec<String> = theirs
        .iter()
        .filter(|(statement, count)| ours.get(*statement) != Some(count))
        .map(|(statement, _)| format!("- {statement}"))
        .chain(
            ours.iter()
                .filter(|(statement, count)| theirs.get(*statement) != Some(count))
                .map(|(statement, _)| format!("+ {statement}")),
        )
        .collect();
    assert!(theirs.len() > 20, "hardly a database: {theirs:#?}");
    assert!(differences.is_empty(), "- theirs, + ours:\n{}", differences.join("\n"));
}

/// Each statement of a dump, and how often it is there.
fn statements(before: &str, sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let server = sandbox.server();
    let dump = server.pg_dump(&["--exclude-schema=alterations", "--column-inserts"]);
    // It stands in names of roles, and in rows.
    let dump = dump.replace(server.name(), "DATABASE");
    let known: HashSet<&str> = words(before).collect();
    let mut statements = BTreeMap::new();
    for entry in dump.split("\n-- Name: ").skip(1).chain(dump.split("\n-- Data for Name: ").skip(1))
    {
        let (_, text) = entry.split_once("\n--\n").expect("pg_dump's own header");
        // The next one begins with a line of its own.
        let text = text.split("\n--\n").next().unwrap_or_default().trim_end_matches("--").trim();
        for statement in parts(text) {
            if statement.is_empty() {
                continue;
            }
            // The original's own record of what it deployed.
            if statement.starts_with("INSERT INTO public.systems ") {
                continue;
            }
            *statements.entry(masked(&statement, &known)).or_default() += 1;
        }
    }
    statements
}

/// Rows one by one, as they are; what is not a row without comments and white space, which the original takes
/// out before it sends a statement.
fn parts(text: &str) -> Vec<String> {
    if text.starts_with("INSERT INTO ") {
        let rows = text.trim_end().trim_end_matches(';').split(";\nINSERT INTO ");
        return rows
            .map(|row| format!("INSERT INTO {}", row.trim_start_matches("INSERT INTO ")))
            .collect();
    }
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    vec![lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")]
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// With a word for what was generated: keys, ids of 21 and secrets of 32 characters, and seconds since 1970.
/// Moments are compared to the day.
fn masked(statement: &str, known: &HashSet<&str>) -> String {
    let mut text = String::new();
    for (index, piece) in statement.split("-----BEGIN PRIVATE KEY-----").enumerate() {
        let rest = if index == 0 {
            piece
        } else {
            text.push_str("KEY");
            piece.split_once("-----END PRIVATE KEY-----").expect("the end of a key").1
        };
        text.push_str(rest);
    }
    let mut masked = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_generated = match word.len() {
            10 => word.bytes().all(|byte| byte.is_ascii_digit()),
            21 | 32 => true,
            _ => false,
        };
        masked.push_str(if is_generated && !known.contains(word) { "GENERATED" } else { word });
        let other = after.chars().next().map_or(0, char::len_utf8);
        masked.push_str(&after[..other]);
        rest = &after[other..];
    }
    without_time_of_day(&masked)
}

/// `2026-11-23 01:06:19.270123+00` as `2026-11-23 TIME`.
fn without_time_of_day(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("+00") {
        let (before, after) = rest.split_at(at);
        let start = before
            .rfind(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
            .map_or(0, |i| i + 1);
        let is_time = before[start..].matches(':').count() == 2;
        kept.push_str(if is_time { &before[..start] } else { before });
        kept.push_str(if is_time { "TIME" } else { "+00" });
        rest = &after[3..];
    }
    kept + rest
}

#[test]
fn only_what_was_generated_is_masked() {
    let known = HashSet::from(["zzzzzzzzzzzzzzzzzzzzz"]);
    let table = [
        ("'abcdefghijklmnopqrstu', 'short', 42", "'GENERATED', 'short', 42"),
        ("'zzzzzzzzzzzzzzzzzzzzz'", "'zzzzzzzzzzzzzzzzzzzzz'"),
        ("\"createdAt\": 1763859600}", "\"createdAt\": GENERATED}"),
        ("'2026-11-23 01:06:19.27+00', 'a+00'", "'2026-11-23 TIME', 'a+00'"),
        ("x -----BEGIN PRIVATE KEY-----\nMI+/\n-----END PRIVATE KEY----- y", "x KEY y"),
    ];
    for (text, expected) in table {
        assert_eq!(masked(text, &known), expected);
    }
    assert_eq!(parts("CREATE FUNCTION f\n  -- why\n  AS x;\n"), ["CREATE FUNCTION f AS x;"]);
    assert_eq!(parts("INSERT INTO t VALUES ('a  b');\nINSERT INTO t VALUES ('c\n');\n").len(), 2);
}
