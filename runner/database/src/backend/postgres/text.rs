//! Text that is put into SQL: quoted names and literals, and the statement that is sent in place of
//! a guest's own when parameters travel inside of it.
//!
//! Pure. Knows nothing of types: what a literal's text must be is decided in `parameter.rs`.

pub(super) use crate::backend::identifier::in_quotes as quote;

use std::{borrow::Cow, fmt::Write, ops::Range};

/// A string literal that means the same however `standard_conforming_strings` is set.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 4);
    quoted.push_str("E'");
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Bytes as the text that `bytea` reads.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

/// The bytes that such text stands for; `None` where it is not hexadecimal.
pub(super) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"\\x")?;
    if digits.len() % 2 != 0 {
        return None;
    }
    let digit = |byte| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

/// What takes the place of one parameter's mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replacement {
    /// It stays a parameter, with this number.
    Number(usize),
    /// A whole expression.
    Expression(String),
}

/// The text that goes to the server, and where its parts come from.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub(super) text: Cow<'a, str>,
    /// Ranges of `text` that stand for a parameter, with the mark's place in the original and the
    /// parameter's number.
    replaced: Vec<(Range<usize>, Range<usize>, usize)>,
    /// Bytes of what the runner put in front.
    prefix: usize,
    /// Where the original begins in what the guest gave.
    offset: usize,
}

impl<'a> Sent<'a> {
    /// The statement as it is.
    pub(super) fn plain(sql: &'a str) -> Self {
        Self { text: Cow::Borrowed(sql), replaced: Vec::new(), prefix: 0, offset: 0 }
    }

    /// The guest's statement begins at this byte of what it gave.
    pub(super) fn at_byte(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// The same with something of the runner's in front, once.
    pub(super) fn behind(self, prefix: &str) -> Self {
        let text = Cow::Owned(format!("{prefix}{}", self.text));
        Self { text, prefix: prefix.len(), ..self }
    }

    /// `sql` with each mark replaced by what belongs to its number, which counts from 1.
    pub(super) fn replacing(
        sql: &'a str,
        marks: &[(Range<usize>, usize)],
        replacements: &[Replacement],
    ) -> Self {
        let mut text = String::with_capacity(sql.len() + 32 * marks.len());
        let (mut replaced, mut copied) = (Vec::with_capacity(marks.len()), 0);
        for (mark, number) in marks {
            text.push_str(&sql[copied..mark.start]);
            let start = text.len();
            match number.checked_sub(1).and_then(|at| replacements.get(at)) {
                Some(Replacement::Number(new)) => {
                    write!(text, "${new}").expect("writing to a string cannot fail");
                }
                Some(Replacement::Expression(expression)) => text.push_str(expression),
                None => text.push_str(&sql[mark.clone()]),
            }
            replaced.push((start..text.len(), mark.clone(), *number));
            copied = mark.end;
        }
        text.push_str(&sql[copied..]);
        Self { text: Cow::Owned(text), replaced, prefix: 0, offset: 0 }
    }

    /// Where a character of the sent text, counted from 1, comes from: the byte in the original,
    /// and the parameter that it belongs to, if any.
    pub(super) fn origin(&self, character: usize) -> Option<(usize, Option<usize>)> {
        let at = self.text.char_indices().nth(character.checked_sub(1)?).map(|(at, _)| at);
        let at = at.unwrap_or(self.text.len()).checked_sub(self.prefix)?;
        let mut origin = at;
        for (sent, mark, number) in &self.replaced {
            if sent.contains(&at) {
                return Some((self.offset + mark.start, Some(*number)));
            }
            if sent.end <= at {
                origin = mark.end + (at - sent.end);
            }
        }
        Some((self.offset + origin, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals() {
        assert_eq!(quote("a\"b\0c"), "\"a\"\"bc\"");
        let table = [("", "E''"), ("it's", "E'it''s'"), ("\\'; COMMIT", "E'\\\\''; COMMIT'")];
        for (text, expected) in table {
            assert_eq!(literal(text), expected);
        }
    }

    #[test]
    fn bytes_as_text() {
        assert_eq!(hex(&[0, 255, 16]), "\\x00ff10");
        assert_eq!(from_hex(b"\\x00FF10"), Some(vec![0, 255, 16]));
        for wrong in ["", "\\x0", "00", "\\xzz"] {
            assert_eq!(from_hex(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn positions_are_told_in_the_original() {
        let sql = "SELECT é, $2, $1 FROM x";
        let second = sql.find("$2").unwrap();
        let first = sql.find("$1").unwrap();
        let marks = [(second..second + 2, 2), (first..first + 2, 1)];
        let sent = Sent::replacing(
            sql,
            &marks,
            &[Replacement::Number(1), Replacement::Expression("(E'long'::text)".into())],
        );
        assert_eq!(sent.text, "SELECT é, (E'long'::text), $1 FROM x");
        let at = |part: &str| {
            let byte = sent.text.find(part).unwrap();
            sent.origin(sent.text[..byte].chars().count() + 1)
        };
        assert_eq!(at("SELECT"), Some((0, None)));
        assert_eq!(at("long"), Some((second, Some(2))));
        assert_eq!(at("FROM"), Some((sql.find("FROM").unwrap(), None)));
        assert_eq!(sent.origin(10_000), Some((sql.len(), None)));
        assert_eq!(sent.origin(0), None);
    }

    #[test]
    fn what_the_runner_puts_in_front_is_no_place() {
        let sent = Sent::plain("SELECT x").at_byte(2).behind("/* é */ ");
        assert_eq!(sent.text, "/* é */ SELECT x");
        assert_eq!(sent.origin(1), None);
        assert_eq!(sent.origin(9), Some((2, None)));
    }

    #[test]
    fn a_mark_beyond_the_values_stays() {
        let sent = Sent::replacing("SELECT $7", &[(7..9, 7)], &[]);
        assert_eq!(sent.text, "SELECT $7");
    }
}
