//! The tables and views that a script makes on MySQL or MariaDB, by their names. What a routine or a prepared text makes
//! is not seen.

use super::{
    Reading, as_client, split::statement_length, statement::Statement, token::TokenKind, view::View,
};
use std::collections::BTreeSet;

/// Words behind CREATE that are about no table or view, or about one of the session's own.
const OTHERS: [&str; 18] = [
    "TEMPORARY",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "AGGREGATE",
    "PACKAGE",
    "EVENT",
    "INDEX",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "DATABASE",
    "SCHEMA",
    "USER",
    "ROLE",
    "SERVER",
    "TABLESPACE",
    "LOGFILE",
];

/// Returns the names, as they are written, without their database.
pub fn made(text: &str, reading: impl Into<Reading>) -> BTreeSet<String> {
    let reading = reading.into();
    let mut made = BTreeSet::new();
    let Ok(text) = as_client(text, reading) else { return made };
    let mut start = 0;
    while let Ok(Some(length)) = statement_length(&text[start..], reading) {
        if let Ok(statement) = Statement::one(&text[start..start + length], reading) {
            made.extend(names(statement.view()));
        }
        start += length;
    }
    made
}

fn names(view: View<'_>) -> Vec<String> {
    match view.word(0).unwrap_or_default().as_str() {
        "CREATE" => created(view).into_iter().collect(),
        "RENAME" if view.is_any(1, &["TABLE", "TABLES"]) => {
            let targets = (2..view.tokens.len()).filter(|at| view.is(*at, "TO"));
            targets.filter_map(|at| named(view, at + 1)).collect()
        }
        "ALTER" if (1..4).any(|at| view.is(at, "TABLE")) => renamed(view),
        _ => Vec::new(),
    }
}

fn created(view: View<'_>) -> Option<String> {
    for at in 1..view.tokens.len() {
        // The definer of a view comes first, a name or a string.
        let is_named = [b'=', b'@', b'.'].iter().any(|sign| view.is_symbol(at - 1, *sign));
        if is_named {
            continue;
        }
        if view.is_any(at, &OTHERS) {
            return None;
        }
        if view.is_any(at, &["TABLE", "VIEW", "SEQUENCE"]) {
            let skips = view.from(at + 1).starts_with(&["IF", "NOT", "EXISTS"]);
            return named(view, at + 1 + if skips { 3 } else { 0 });
        }
    }
    None
}

/// The new names of ALTER TABLE … RENAME.
fn renamed(view: View<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut from = 1;
    while let Some(at) = view.find(from, "RENAME") {
        let skips = view.is_any(at + 1, &["TO", "AS"]) || view.is_symbol(at + 1, b'=');
        if !view.is_any(at + 1, &["INDEX", "KEY", "COLUMN"]) {
            names.extend(named(view, at + 1 + usize::from(skips)));
        }
        from = at + 1;
    }
    names
}

/// The name at `at`, behind its database.
fn named(view: View<'_>, at: usize) -> Option<String> {
    let at = if view.is_symbol(at + 1, b'.') { at + 2 } else { at };
    match view.tokens.get(at)?.kind {
        // Names are told apart by case on most servers.
        TokenKind::Word => Some(view.text_at(at).to_owned()),
        _ => view.name(at),
    }
}

#[cfg(test)]
mod tests {
    use super::made;
    use crate::alteration::Dialect;

    #[test]
    fn what_a_script_makes() {
        let table = [
            ("CREATE TABLE Orders (id int); INSERT INTO x VALUES (1)", &["Orders"][..]),
            ("create table if not exists `shop`.`a b` like x", &["a b"]),
            ("CREATE OR REPLACE TABLE t AS SELECT 1", &["t"]),
            ("CREATE TEMPORARY TABLE t (x int)", &[]),
            (
                "CREATE OR REPLACE ALGORITHM = MERGE DEFINER = 'table'@'%' SQL SECURITY INVOKER VIEW v AS SELECT 1",
                &["v"],
            ),
            ("CREATE SEQUENCE IF NOT EXISTS s", &["s"]),
            ("CREATE UNIQUE INDEX i ON t (x)", &[]),
            ("CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1", &[]),
            ("RENAME TABLE a TO b, c TO d.e", &["b", "e"]),
            ("ALTER TABLE a RENAME INDEX i TO j, RENAME COLUMN x TO y, RENAME TO b", &["b"]),
            ("ALTER ONLINE TABLE a RENAME AS b", &["b"]),
            ("ALTER TABLE a ADD COLUMN b int", &[]),
            (
                "DELIMITER //\nCREATE TABLE a (x int)//\nCREATE PROCEDURE p() BEGIN CREATE TABLE hidden (x int); END//",
                &["a"],
            ),
        ];
        for (text, expected) in table {
            let found: Vec<String> = made(text, Dialect::Mariadb).into_iter().collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
