//! Which other tables a virtual table reads: an index of a table that is not its own, or what looks into such an index. Pure.
//!
//! SQLite asks an authorizer when such a table is used, not when it is made; by then the application may be the one that
//! uses it.

use crate::{
    alteration::Dialect,
    sql::{Statement, Token},
};

/// Modules whose arguments name the table that they look into.
const LOOKING: [&str; 2] = ["fts4aux", "fts5vocab"];
/// Modules that index another table, named by this option, and whether they take its beginning for it.
const INDEXING: [(&str, bool); 2] = [("fts4", false), ("fts5", true)];
const CONTENT: &str = "content";

/// Returns the tables that a virtual table reads beside its own; `None` where its text cannot be understood.
pub(super) fn read_by(sql: &str) -> Option<Vec<String>> {
    let statement = Statement::one(sql, Dialect::Sqlite).ok()?;
    let words: Vec<String> =
        statement.tokens().iter().map(|token| plain(*token, statement.text())).collect();
    let using = words.iter().position(|word| word.eq_ignore_ascii_case("USING"))?;
    let module = words.get(using + 1)?.to_ascii_lowercase();
    let arguments = words.get(using + 2..).unwrap_or_default();
    if LOOKING.contains(&module.as_str()) {
        // The schema of the table, the kind of what is shown: to take all of them for tables is on the safe side.
        let names = arguments.iter().filter(|word| !["(", ")", ","].contains(&word.as_str()));
        let kinds = ["main", "temp", "row", "col", "instance"];
        return Some(
            names
                .filter(|name| !kinds.iter().any(|k| k.eq_ignore_ascii_case(name)))
                .cloned()
                .collect(),
        );
    }
    let Some((_, is_shortened)) = INDEXING.iter().find(|(name, _)| *name == module) else {
        return Some(Vec::new());
    };
    let is_content = |word: &str| {
        let is_long_enough = *is_shortened || word.len() == CONTENT.len();
        let start = CONTENT.get(..word.len()).filter(|start| !start.is_empty());
        is_long_enough && start.is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let contents = arguments
        .windows(3)
        .filter(|three| is_content(&three[0]) && three[1] == "=" && !three[2].is_empty());
    Some(contents.map(|three| three[2].clone()).collect())
}

/// Returns a token's text without its quotes.
pub(super) fn plain(token: Token, sql: &str) -> String {
    let text = token.text(sql);
    let close = match text.as_bytes().first() {
        Some(quote @ (b'\'' | b'"' | b'`')) => char::from(*quote),
        Some(b'[') => ']',
        _ => return text.to_owned(),
    };
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    inner.replace(&format!("{close}{close}"), &close.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found() {
        let table: [(&str, &[&str]); 12] = [
            ("CREATE VIRTUAL TABLE d USING fts5(title, content)", &[]),
            ("CREATE VIRTUAL TABLE d USING fts5(title, content='')", &[]),
            (
                "CREATE VIRTUAL TABLE d USING fts5(title, content='orders', content_rowid='id')",
                &["orders"],
            ),
            ("CREATE VIRTUAL TABLE d USING FTS5(title, content = \"or\"\"ders\")", &["or\"ders"]),
            ("CREATE VIRTUAL TABLE d USING fts4(title, content=[orders])", &["orders"]),
            ("CREATE VIRTUAL TABLE d USING fts4(content=orders, title)", &["orders"]),
            ("CREATE VIRTUAL TABLE d USING fts4(con=orders, title)", &[]),
            (
                "CREATE VIRTUAL TABLE d USING fts5(title, Cont = 'orders', content_rowid='id')",
                &["orders"],
            ),
            ("CREATE VIRTUAL TABLE d USING fts5(title, c=orders, columnsize=0)", &["orders"]),
            ("CREATE VIRTUAL TABLE v USING fts5vocab('main', 'orders', 'row')", &["orders"]),
            ("CREATE VIRTUAL TABLE v USING fts4aux(orders)", &["orders"]),
            ("CREATE VIRTUAL TABLE r USING rtree(id, content, orders)", &[]),
        ];
        for (sql, expected) in table {
            assert_eq!(read_by(sql).unwrap(), expected, "{sql}");
        }
    }
}
