//! What a trigger of MySQL or MariaDB does to the session of whoever writes to its table.
//!
//! It runs with its definer's rights, but in that session: settings and user variables that it changes stay there.

use super::{Reading, statement::Statement, token::TokenKind, view::View};
use std::collections::BTreeSet;

const HEAD: &str = "CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW ";
/// Words behind which a statement begins.
const BEGINS: [&str; 7] = ["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW"];
/// Statements that have a SET of their own, for columns.
const CHANGES: [&str; 4] = ["UPDATE", "INSERT", "REPLACE", "WITH"];

/// Returns whether the body of a trigger may read or change variables of its session. What cannot be read may.
pub fn reaches_session(body: &str, reading: impl Into<Reading>) -> bool {
    let text = format!("{HEAD}{body}");
    let Ok(statement) = Statement::one(&text, reading) else { return true };
    let view = statement.view();
    let mut locals = BTreeSet::new();
    let mut is_change = false;
    let mut begins = true;
    for at in 0..view.tokens.len() {
        if view.is_symbol(at, b'@') {
            return true;
        }
        if begins {
            is_change = view.is_any(at, &CHANGES);
        }
        begins = view.is_symbol(at, b';') || view.is_any(at, &BEGINS);
        if view.is(at, "DECLARE") {
            locals.extend(declared(view, at + 1));
        }
        if view.is(at, "SET") && !is_change && !sets_own(view, at + 1, &locals) {
            return true;
        }
    }
    false
}

/// `DECLARE a, b int`
fn declared(view: View<'_>, mut at: usize) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(name) = view.name(at) {
        names.push(name.to_lowercase());
        if !view.is_symbol(at + 1, b',') {
            break;
        }
        at += 2;
    }
    names
}

/// Returns whether each assignment of a SET is to a column of the new row or to a declared variable.
fn sets_own(view: View<'_>, mut at: usize, locals: &BTreeSet<String>) -> bool {
    loop {
        let is_column = view.is(at, "NEW") && view.is_symbol(at + 1, b'.');
        let is_local = || {
            let next_is_equals = view.is_symbol(at + 1, b'=') || view.is_symbol(at + 1, b':');
            next_is_equals
                && view.name(at).is_some_and(|name| locals.contains(&name.to_lowercase()))
        };
        if !is_column && !is_local() {
            return false;
        }
        // Up to the next assignment.
        let mut depth = 0_usize;
        loop {
            let Some(token) = view.tokens.get(at) else { return true };
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Symbol(b';') => return true,
                TokenKind::Symbol(b',') if depth == 0 => break,
                _ => {}
            }
            at += 1;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::reaches_session;
    use crate::alteration::Dialect;

    #[test]
    fn what_reaches_the_session() {
        let table = [
            ("SET NEW.a = 1", false),
            ("SET NEW.a = f(1, 2), NEW.b = 3", false),
            ("BEGIN DECLARE a, b int DEFAULT 1; SET b = 2, a = b; UPDATE t SET x = a; END", false),
            (
                "BEGIN IF NEW.a > 1 THEN UPDATE t SET x = '@@a', y = 2; ELSE DELETE FROM t; END IF; END",
                false,
            ),
            ("INSERT INTO t SET x = NEW.a", false),
            ("SET foreign_key_checks = 0", true),
            ("SET SESSION sql_mode = ''", true),
            ("SET NEW.a = 1, foreign_key_checks = 0", true),
            ("SET @@sql_mode = ''", true),
            ("SET @a = 1", true),
            ("SELECT 1 INTO @a", true),
            ("BEGIN DECLARE a int; SET a = 1, unique_checks = 0; END", true),
            (
                "BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET unique_checks = 0; UPDATE t SET x = 1; END",
                true,
            ),
            ("BEGIN UPDATE t SET x = 1; SET unique_checks = 0; END", true),
            ("IF 1 THEN SET unique_checks = 0; END IF", true),
            ("BEGIN DECLARE a int; /*!50000 SET unique_checks = 0; */ END", true),
        ];
        for (body, expected) in table {
            assert_eq!(reaches_session(body, Dialect::Mariadb), expected, "{body}");
        }
    }
}
