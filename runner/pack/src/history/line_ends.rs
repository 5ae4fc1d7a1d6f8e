//! Lines that end with CR alone. Some tools and servers see a new line there and others do not, so that a comment,
//! or a mark in it, ends where it is only said by whom it is read. Pure.

use super::statements::{DIALECTS, each_statement};
use crate::sql_text::SqlTextError;
use std::ops::Range;

/// Refuses a CR without LF. What is in a string or in a quoted name stays as it is.
pub(crate) fn refuse_lone_cr(text: String) -> Result<String, SqlTextError> {
    let mut lone = lone(&text).peekable();
    if lone.peek().is_none() {
        drop(lone);
        return Ok(text);
    }
    let strings = strings(&text);
    let is_data = |at: usize| strings.iter().any(|token| token.contains(&at));
    match lone.find(|at| !is_data(*at)) {
        Some(at) => Err(SqlTextError::CarriageReturn { line: line_at(&text, at) }),
        None => {
            drop(lone);
            Ok(text)
        }
    }
}

/// Returns the CRs that no LF follows; the last one of several.
fn lone(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let is_last = |next: Option<&u8>| !matches!(next, Some(b'\n' | b'\r'));
    (0..bytes.len()).filter(move |at| bytes[*at] == b'\r' && is_last(bytes.get(at + 1)))
}

/// Tokens that hold one, as some dialect reads the text.
fn strings(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for dialect in DIALECTS {
        // Whatever cannot be read is told when the statements are looked at.
        let _ = each_statement(text, dialect, |start, statement| {
            let ranges = statement.tokens().iter().map(|token| token.range());
            let ranges = ranges.map(|range| start + range.start..start + range.end);
            found.extend(ranges.filter(|range| {
                text.as_bytes().get(range.clone()).is_some_and(|token| token.contains(&b'\r'))
            }));
            Ok(())
        });
    }
    found
}

/// Returns the line of byte `at`, from 1, where such a CR ends a line too.
fn line_at(text: &str, at: usize) -> usize {
    let ends = lone(text).take_while(|end| *end < at).count();
    1 + ends + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused() {
        let table = [
            ("CREATE TABLE a (id int);\r-- Down\rDROP TABLE a;\r", 1),
            ("A;\r\nB;\n-- Down\rDROP TABLE a;\n", 3),
            ("INSERT INTO a VALUES ('x\ry');\n\nA;\rB;", 4),
            ("A\r", 1),
            ("/* a\r */ A;", 1),
        ];
        for (text, line) in table {
            let error = Err(SqlTextError::CarriageReturn { line });
            assert_eq!(refuse_lone_cr(text.to_owned()), error, "{text:?}");
        }
    }

    #[test]
    fn taken() {
        for text in [
            "A;\r\nB;\r\n",
            "A;\r\r\n",
            "INSERT INTO a VALUES ('x\ry');",
            "SELECT E'\r', \"a\rb\";",
            "CREATE FUNCTION f() RETURNS text AS $$ SELECT '\r' $$ LANGUAGE sql;",
        ] {
            assert_eq!(refuse_lone_cr(text.to_owned()).as_deref(), Ok(text));
        }
    }
}
