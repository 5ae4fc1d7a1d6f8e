//! Two commands of psql that pg_dump writes around a dump, `restrict` and `unrestrict`. They keep psql from running other
//! commands of its own, which no server would, and mean nothing else.
//!
//! Blanks stand for them, so that every other byte stays where it is.

use super::split::statement_length;
use crate::alteration::Dialect;
use std::borrow::Cow;

const COMMANDS: [&str; 2] = ["\\restrict", "\\unrestrict"];

/// Returns `sql` with blanks for the two commands.
pub(super) fn without_restrictions(sql: &str) -> Cow<'_, str> {
    if !COMMANDS.iter().any(|command| sql.contains(command)) {
        return Cow::Borrowed(sql);
    }
    let (mut text, mut start) = (Cow::Borrowed(sql), 0);
    loop {
        match statement_length(&text[start..], Dialect::Postgresql) {
            Ok(Some(length)) => start += length,
            Ok(None) => return text,
            Err(error) => {
                let at = start + error.offset.unwrap_or_default();
                let Some(length) = command(&text[at..]) else { return text };
                text.to_mut().replace_range(at..at + length, &" ".repeat(length));
            }
        }
    }
}

/// Returns how long the command is that `rest` begins with: a word with a key of letters and digits, alone in its line.
fn command(rest: &str) -> Option<usize> {
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let (word, key) = line.split_once(' ')?;
    let key = key.trim_end();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_key && COMMANDS.contains(&word)).then_some(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_two() {
        let table = [
            (
                "-- x\n\\restrict aB3\n\nA;\n\\unrestrict aB3\n",
                "-- x\n             \n\nA;\n               \n",
            ),
            ("A '\n\\restrict a\n';\\restrict a", "A '\n\\restrict a\n';           "),
            ("\\restrict a\\! ls\nA", "\\restrict a\\! ls\nA"),
            ("\\restrict\nA", "\\restrict\nA"),
            ("\\connect x\n\\restrict a", "\\connect x\n\\restrict a"),
            ("A", "A"),
        ];
        for (sql, expected) in table {
            assert_eq!(without_restrictions(sql), expected, "{sql}");
        }
    }
}
