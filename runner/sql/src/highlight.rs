//! SQL in parts for a reader's eyes: keywords, strings, numbers, comments, and everything else.
//!
//! Takes any text. What cannot be read as SQL of a dialect is one plain part up to its end.

use super::{
    Reading,
    lexer::Lexer,
    token::{Token, TokenKind},
};
use crate::alteration::Dialect;

/// All of them, for a text of which nobody said what it is written for.
pub const DIALECTS: [Dialect; 4] =
    [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mysql, Dialect::Mariadb];

/// How a part is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Keyword,
    Text,
    Number,
    Comment,
}

/// Gives `each` all of `text`, part by part, as it is read in `dialect`.
pub fn highlight<'a>(text: &'a str, dialect: Dialect, mut each: impl FnMut(Paint, &'a str)) {
    let mut lexer = Lexer::new(text, Reading::from(dialect));
    let mut done = 0;
    loop {
        match lexer.next() {
            Ok(Some(token)) => {
                let range = token.range();
                between(&text[done..range.start], &mut each);
                each(paint(token, text), &text[range.clone()]);
                done = range.end;
            }
            Ok(None) => return between(&text[done..], &mut each),
            Err(_) => return each(Paint::Plain, &text[done..]),
        }
    }
}

/// Paints what stands between tokens: white space and comments, which a reader takes in as one.
fn between<'a>(text: &'a str, each: &mut impl FnMut(Paint, &'a str)) {
    let start = text.len() - text.trim_ascii_start().len();
    let end = text.trim_ascii_end().len().max(start);
    for (paint, part) in [
        (Paint::Plain, &text[..start]),
        (Paint::Comment, &text[start..end]),
        (Paint::Plain, &text[end..]),
    ] {
        if !part.is_empty() {
            each(paint, part);
        }
    }
}

fn paint(token: Token, text: &str) -> Paint {
    match token.kind {
        TokenKind::Word if is_keyword(token.text(text)) => Paint::Keyword,
        TokenKind::Literal | TokenKind::EscapedLiteral | TokenKind::Body => Paint::Text,
        TokenKind::Number => Paint::Number,
        _ => Paint::Plain,
    }
}

/// Returns the first of `dialects` that `text` can be read in to its end; the first of them where there is none.
pub fn dialect_of(text: &str, dialects: &[Dialect]) -> Dialect {
    let reads = |dialect: Dialect| {
        let mut lexer = Lexer::new(text, Reading::from(dialect));
        loop {
            match lexer.next() {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    };
    let found = dialects.iter().copied().find(|dialect| reads(*dialect));
    found.or(dialects.first().copied()).unwrap_or(Dialect::Sqlite)
}

/// Returns what has to be added to `text` so that another statement can stand behind it: nothing, or a `;`, on a line
/// of its own where it would else be part of a comment. Nothing also where that cannot be known.
pub fn terminator(text: &str, dialect: Dialect) -> &'static str {
    // A command of the mysql client: what ends a statement there may be anything.
    let changes_it = |line: &str| {
        let word = line.trim_start().split_ascii_whitespace().next();
        word.is_some_and(|word| word.eq_ignore_ascii_case("DELIMITER"))
    };
    let mut lexer = Lexer::new(text, Reading::from(dialect));
    let mut last = None;
    loop {
        match lexer.next() {
            Ok(Some(token)) => last = Some(token),
            Ok(None) => break,
            Err(_) => return "",
        }
    }
    match last {
        None => "",
        Some(token) if token.is_symbol(b';') => "",
        Some(_) if text.lines().any(changes_it) => "",
        Some(token) if text[token.range().end..].trim_ascii().is_empty() => ";",
        Some(_) => "\n;",
    }
}

fn is_keyword(word: &str) -> bool {
    let mut upper = [0; KEYWORD_BYTES_MAX];
    let Some(upper) = upper.get_mut(..word.len()) else { return false };
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    str::from_utf8(upper).is_ok_and(|upper| KEYWORDS.binary_search(&upper).is_ok())
}

const KEYWORD_BYTES_MAX: usize = 17;

/// In order. Words that shape a statement in one of the dialects; types and functions are not among them.
const KEYWORDS: &[&str] = &[
    "ADD",
    "AFTER",
    "ALL",
    "ALTER",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "AUTO_INCREMENT",
    "BEFORE",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CALL",
    "CASCADE",
    "CASE",
    "CHANGE",
    "CHECK",
    "COLLATE",
    "COLUMN",
    "COMMENT",
    "COMMIT",
    "CONCURRENTLY",
    "CONFLICT",
    "CONSTRAINT",
    "COPY",
    "CREATE",
    "CROSS",
    "CURRENT_TIMESTAMP",
    "DATABASE",
    "DECLARE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DO",
    "DROP",
    "EACH",
    "ELSE",
    "END",
    "ENGINE",
    "EXCEPT",
    "EXECUTE",
    "EXISTS",
    "EXPLAIN",
    "EXTENSION",
    "FALSE",
    "FOR",
    "FOREIGN",
    "FROM",
    "FULL",
    "FUNCTION",
    "GENERATED",
    "GRANT",
    "GROUP",
    "HAVING",
    "IF",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LANGUAGE",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOCK",
    "MATERIALIZED",
    "MODIFY",
    "NATURAL",
    "NOT",
    "NULL",
    "OFFSET",
    "ON",
    "ONLY",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "POLICY",
    "PRIMARY",
    "PROCEDURE",
    "REFERENCES",
    "RENAME",
    "REPLACE",
    "RESTRICT",
    "RETURNING",
    "RETURNS",
    "REVOKE",
    "RIGHT",
    "ROLE",
    "ROLLBACK",
    "ROW",
    "SCHEMA",
    "SELECT",
    "SEQUENCE",
    "SET",
    "STORED",
    "STRICT",
    "TABLE",
    "TEMP",
    "TEMPORARY",
    "THEN",
    "TO",
    "TRIGGER",
    "TRUE",
    "TRUNCATE",
    "TYPE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALIDATE",
    "VALUES",
    "VIEW",
    "VIRTUAL",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHOUT",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, dialect: Dialect) -> Vec<(Paint, &str)> {
        let mut parts = Vec::new();
        highlight(text, dialect, |paint, part| parts.push((paint, part)));
        assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), text);
        parts.retain(|(paint, _)| *paint != Paint::Plain);
        parts
    }

    #[test]
    fn each_kind() {
        let text = "-- first\nCREATE TABLE select_ (x TEXT DEFAULT 'it''s' /* y */, \"from\" int); insert 12";
        assert_eq!(
            parts(text, Dialect::Sqlite),
            [
                (Paint::Comment, "-- first"),
                (Paint::Keyword, "CREATE"),
                (Paint::Keyword, "TABLE"),
                (Paint::Keyword, "DEFAULT"),
                (Paint::Text, "'it''s'"),
                (Paint::Comment, "/* y */"),
                (Paint::Keyword, "insert"),
                (Paint::Number, "12"),
            ]
        );
        let body = "DO $x$ SELECT 1 $x$";
        assert!(parts(body, Dialect::Postgresql).contains(&(Paint::Text, "$x$ SELECT 1 $x$")));
    }

    #[test]
    fn any_text_comes_out_whole() {
        let texts = [
            "",
            " ",
            "'",
            "SELECT 'x",
            "/* x",
            "é ß \u{1b}[2J \0",
            "$a$ $b$",
            "[x",
            "--",
            "/*! 1 */ x",
            "`",
        ];
        for text in texts {
            for dialect in DIALECTS {
                parts(text, dialect);
            }
        }
    }

    #[test]
    fn the_keywords_are_in_order() {
        assert!(KEYWORDS.is_sorted());
        assert!(KEYWORDS.iter().all(|word| word.len() <= KEYWORD_BYTES_MAX));
    }

    #[test]
    fn another_statement_can_stand_behind() {
        let table = [
            ("SELECT 1", ";"),
            ("SELECT 1 \n", ";"),
            ("SELECT 1;", ""),
            ("SELECT 1; -- x", ""),
            ("SELECT 1 -- x", "\n;"),
            ("-- x", ""),
            ("", ""),
            ("SELECT '", ""),
            ("DELIMITER //\nSELECT 1 //", ""),
        ];
        for (text, expected) in table {
            assert_eq!(terminator(text, Dialect::Mysql), expected, "{text}");
        }
    }

    #[test]
    fn the_dialect_that_fits() {
        let all = &DIALECTS;
        assert_eq!(dialect_of("SELECT [a b]", all), Dialect::Sqlite);
        assert_eq!(dialect_of("DO $x$ it's $x$", all), Dialect::Postgresql);
        assert_eq!(dialect_of(r"SELECT 'it\'s'", all), Dialect::Mysql);
        assert_eq!(dialect_of("'", &[]), Dialect::Sqlite);
    }
}
