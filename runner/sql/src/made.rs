//! The tables and views that statements make, rename and drop on MySQL or MariaDB, by their names. What a routine or a
//! prepared text does is not seen.

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

/// What a statement does to a table or view, if it takes effect. Names are as they are written, without their database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// There was none of the name before.
    Made(String),
    /// It is there afterwards, and may have been there before.
    MadeOrThere(String),
    Renamed {
        from: String,
        to: String,
    },
    /// It was there before.
    Dropped(String),
    /// It is not there afterwards, and may not have been there before.
    DroppedOrNotThere(String),
}

/// Returns what one statement does to tables and views, in order.
pub fn table_changes(sql: &str, reading: impl Into<Reading>) -> Vec<TableChange> {
    let reading = reading.into();
    let Ok(statement) = Statement::one(sql, reading) else { return Vec::new() };
    let view = statement.view();
    match view.word(0).unwrap_or_default().as_str() {
        "CREATE" => {
            let may_be_there = ["IF", "REPLACE"].into_iter().any(|word| {
                view.find(1, word).is_some_and(|at| {
                    view.find(1, "TABLE").or(view.find(1, "VIEW")).is_none_or(|kind| at <= kind + 1)
                })
            });
            let change = if may_be_there { TableChange::MadeOrThere } else { TableChange::Made };
            created(view).into_iter().map(change).collect()
        }
        "RENAME" if view.is_any(1, &["TABLE", "TABLES"]) => {
            let targets = (2..view.tokens.len()).filter(|at| view.is(*at, "TO"));
            targets
                .filter_map(|at| Some((before(view, at)?, named(view, at + 1)?)))
                .map(renamed_to)
                .collect()
        }
        "ALTER" if let Some(at) = (1..4).find(|at| view.is(*at, "TABLE")) => {
            let skips = if view.from(at + 1).starts_with(&["IF", "EXISTS"]) { 2 } else { 0 };
            let Some(from) = named(view, at + 1 + skips) else { return Vec::new() };
            let last = renamed(view).pop();
            last.into_iter().map(|to| renamed_to((from.clone(), to))).collect()
        }
        "DROP" if view.is_any(1, &["TABLE", "TABLES", "VIEW", "SEQUENCE"]) => {
            let skips = if view.from(2).starts_with(&["IF", "EXISTS"]) { 2 } else { 0 };
            let change =
                if skips > 0 { TableChange::DroppedOrNotThere } else { TableChange::Dropped };
            let starts = (2 + skips..view.tokens.len())
                .filter(|at| *at == 2 + skips || view.is_symbol(at - 1, b','));
            starts.filter_map(|at| named(view, at)).map(change).collect()
        }
        _ => Vec::new(),
    }
}

fn renamed_to((from, to): (String, String)) -> TableChange {
    TableChange::Renamed { from, to }
}

/// The name before the TO at `at` of a RENAME TABLE, which may say how long to wait.
fn before(view: View<'_>, at: usize) -> Option<String> {
    let last = match at {
        _ if view.is(at - 1, "NOWAIT") => at - 2,
        _ if view.is(at - 2, "WAIT") => at - 3,
        _ => at - 1,
    };
    named(view, last)
}

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
    use super::{TableChange, made, table_changes};
    use crate::alteration::Dialect;

    #[test]
    fn what_a_statement_does_to_tables() {
        use TableChange::*;
        let name = str::to_owned;
        let to = |from, to| Renamed { from: name(from), to: name(to) };
        let table = [
            ("CREATE TABLE a (x int)", vec![Made(name("a"))]),
            ("CREATE TABLE a SELECT IF(1, 2, 3)", vec![Made(name("a"))]),
            ("CREATE TABLE IF NOT EXISTS a (x int)", vec![MadeOrThere(name("a"))]),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", vec![MadeOrThere(name("v"))]),
            ("CREATE VIEW v AS SELECT REPLACE('a', 'b', 'c')", vec![Made(name("v"))]),
            ("RENAME TABLE a TO b, s.c TO `s`.`d`", vec![to("a", "b"), to("c", "d")]),
            ("RENAME TABLE a WAIT 5 TO b", vec![to("a", "b")]),
            ("RENAME TABLE a NOWAIT TO b", vec![to("a", "b")]),
            ("ALTER TABLE IF EXISTS s.a ADD COLUMN x int, RENAME TO b", vec![to("a", "b")]),
            ("ALTER TABLE a RENAME COLUMN x TO y", vec![]),
            ("DROP TABLE a, s.b, `c` CASCADE", ["a", "b", "c"].map(name).map(Dropped).into()),
            ("DROP VIEW IF EXISTS v", vec![DroppedOrNotThere(name("v"))]),
            ("DROP TEMPORARY TABLE t", vec![]),
            ("INSERT INTO a VALUES (1)", vec![]),
        ];
        for (sql, expected) in table {
            assert_eq!(table_changes(sql, Dialect::Mariadb), expected, "{sql}");
        }
    }

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
