//! Whether the text of a table of others differs from its former one by columns of one plugin only. Pure.
//!
//! Compares tokens, so that what SQLite makes of the text around a column does not count. Columns are never renamed there: an
//! authorizer refuses it.

use super::virtual_table::plain;
use crate::{alteration::Dialect, sql::Statement};
use std::collections::BTreeSet;

/// How a table's constraints begin. SQLite takes none of these words for a column's name unless it is quoted.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

/// The text of a table, taken apart.
struct Table {
    /// What comes before the columns, and what comes behind them.
    around: [Vec<String>; 2],
    pieces: Vec<Piece>,
}

/// A column, or a constraint of the table.
#[derive(Default, PartialEq)]
struct Piece {
    /// The column's name in lower case.
    column: Option<String>,
    tokens: Vec<String>,
}

/// Returns the plugin's columns in `after`, where `own` are those that it had in `before`; names are in lower case. `None` if
/// anything else is another one than before.
pub(super) fn own_columns(
    before: &str,
    after: &str,
    own: &BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    let (before, after) = (Table::read(before)?, Table::read(after)?);
    let former: BTreeSet<&String> = before.columns().filter(|name| !own.contains(*name)).collect();
    let is_former = |piece: &&Piece| piece.column.as_ref().is_none_or(|name| former.contains(name));
    let is_as_it_was = before.around == after.around
        && before.pieces.iter().filter(is_former).eq(after.pieces.iter().filter(is_former));
    is_as_it_was.then(|| after.columns().filter(|name| !former.contains(name)).cloned().collect())
}

/// Returns the columns of a table in lower case; none where its text cannot be understood.
pub(super) fn columns(sql: &str) -> BTreeSet<String> {
    Table::read(sql).map(|table| table.columns().cloned().collect()).unwrap_or_default()
}

impl Table {
    fn read(sql: &str) -> Option<Self> {
        let statement = Statement::one(sql, Dialect::Sqlite).ok()?;
        let (mut around, mut pieces) = ([Vec::new(), Vec::new()], Vec::new());
        let (mut depth, mut is_behind) = (0_usize, false);
        let mut piece = Piece::default();
        for token in statement.tokens() {
            let text = token.text(statement.text());
            depth = if text == ")" { depth.checked_sub(1)? } else { depth };
            let is_inside = depth > 0 && !is_behind;
            if depth == 0 && text == ")" && !is_behind {
                pieces.push(std::mem::take(&mut piece));
                is_behind = true;
            } else if is_inside && depth == 1 && text == "," {
                pieces.push(std::mem::take(&mut piece));
            } else if is_inside {
                let is_constraint =
                    || CONSTRAINTS.iter().any(|word| word.eq_ignore_ascii_case(text));
                if piece.tokens.is_empty() && !is_constraint() {
                    piece.column = Some(plain(*token, statement.text()).to_ascii_lowercase());
                }
                piece.tokens.push(text.to_owned());
            } else {
                around[usize::from(is_behind)].push(text.to_owned());
            }
            depth += usize::from(text == "(");
        }
        is_behind.then_some(Self { around, pieces })
    }

    fn columns(&self) -> impl Iterator<Item = &String> {
        self.pieces.iter().filter_map(|piece| piece.column.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> BTreeSet<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn told_apart() {
        // The text before, the plugin's columns in it, the text after, and the plugin's columns then.
        let table = [
            ("t (a, b)", "", "t (a, b, c INTEGER)", Some("c")),
            ("t (a, b)", "", "t (a, b, C DEFAULT (1 + (2)), e)", Some("c e")),
            ("t (a, CHECK (a))", "", "t (a, x, CHECK (a))", Some("x")),
            ("t (a, c TEXT, CHECK (a))", "c", "t (a, CHECK (a))", Some("")),
            ("t (a /* , c */, c TEXT) STRICT", "c", "t (a) STRICT", Some("")),
            ("t (a, c)", "c", "t (a, c, d)", Some("c d")),
            ("t (a, c, b)", "c", "t (a, b, e)", Some("e")),
            ("t (a, [c] NOT NULL)", "c", "t (a, c CHECK (a > 0))", Some("c")),
            ("t (a, b)", "", "t (a)", None),
            ("t (a, b)", "c", "t (a)", None),
            ("t (a, b)", "", "t (a, c)", None),
            ("t (a, b)", "", "t (a, b TEXT)", None),
            ("t (a, b)", "", "t (a, b) STRICT", None),
            ("t (a, b)", "", "\"t2\" (a, b)", None),
            ("t (a, b)", "", "t (c, b, d)", None),
            ("t (a, b)", "", "t (b, a)", None),
            ("t (a, b)", "", "t (a, b, CHECK (a > 0))", None),
            ("t (a, CHECK (a > 0))", "", "t (a)", None),
            ("t (a, CHECK (a))", "check", "t (a)", None),
            ("t (a, \"check\" TEXT)", "check", "t (a)", Some("")),
            ("t (a, b", "", "t (a, b, c)", None),
        ];
        for (before, own, after, expected) in table {
            let found = own_columns(
                &format!("CREATE TABLE {before}"),
                &format!("CREATE TABLE {after}"),
                &names(own),
            );
            assert_eq!(found, expected.map(names), "{before} -> {after}");
        }
    }

    #[test]
    fn names_of_columns() {
        let sql =
            "CREATE TABLE t (Id INTEGER PRIMARY KEY, \"b c\" TEXT DEFAULT (','), UNIQUE (id))";
        assert_eq!(columns(sql), ["b c", "id"].map(str::to_owned).into());
        assert!(columns("CREATE VIEW v AS SELECT 1").is_empty());
    }
}
