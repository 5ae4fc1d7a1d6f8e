//! DELIMITER, a command of the mysql client: SQL that was written for that client, as a server reads it.
//!
//! Every byte stays where it is, so that positions in errors are those of the text as it was written. Does
//! not judge what is left: that is read and refused as any other text.

use super::{
    Reading,
    code_comment::{CodeComment, code_comment, passed_over},
    lexer::syntax_error,
    psql::without_restrictions,
};
use crate::{alteration::Dialect, session::SqlError};
use std::borrow::Cow;

const COMMAND: &str = "delimiter";

/// Returns `sql` with blanks for its DELIMITER lines, and `;` for the delimiters that they name. Unchanged
/// where there are none, and for other dialects than MySQL's and MariaDB's; for PostgreSQL, what psql reads of a dump
/// becomes blanks.
pub fn undelimited(sql: &str, reading: impl Into<Reading>) -> Result<Cow<'_, str>, SqlError> {
    let reading = reading.into();
    if reading.dialect == Dialect::Postgresql {
        return Ok(without_restrictions(sql));
    }
    if !matches!(reading.dialect, Dialect::Mysql | Dialect::Mariadb) || !mentions(sql) {
        return Ok(Cow::Borrowed(sql));
    }
    let mut bytes = sql.as_bytes().to_vec();
    let mut delimiter: &[u8] = b";";
    let mut at = 0;
    // Nothing but blanks since the last statement, and since the last line.
    let (mut at_start, mut fresh) = (true, true);
    let mut changed = false;
    while at < sql.len() {
        let rest = &sql.as_bytes()[at..];
        if at_start && fresh && is_command(rest) {
            let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let word = rest[COMMAND.len()..line].trim_ascii();
            let length = word.iter().position(u8::is_ascii_whitespace).unwrap_or(word.len());
            delimiter = &word[..length];
            if delimiter.is_empty() || delimiter.contains(&b'\\') {
                return Err(syntax_error(at, "DELIMITER needs a delimiter, without a backslash"));
            }
            fill(&mut bytes[at..at + line], b' ');
            changed = true;
            at += line;
        } else if delimiter != b";" && rest.starts_with(delimiter) {
            fill(&mut bytes[at..at + delimiter.len()], b' ');
            bytes[at] = b';';
            at += delimiter.len();
            (at_start, fresh) = (true, false);
        } else {
            let length = opaque(rest, reading);
            let is_blank = rest[0].is_ascii_whitespace();
            let ends = rest[0] == b';' && delimiter == b";";
            at_start = ends || at_start && (is_blank || is_comment(rest, reading));
            at += length;
            fresh = sql.as_bytes()[at - 1] == b'\n' || fresh && is_blank;
        }
    }
    match changed {
        true => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|_| syntax_error(0, "a delimiter cuts a character in two")),
        false => Ok(Cow::Borrowed(sql)),
    }
}

/// Returns whether the word occurs at all: a quick look, because hardly any text has one.
fn mentions(sql: &str) -> bool {
    sql.as_bytes().windows(COMMAND.len()).any(|w| w.eq_ignore_ascii_case(COMMAND.as_bytes()))
}

/// Returns whether the command stands here, as a word of its own.
fn is_command(rest: &[u8]) -> bool {
    rest.get(..COMMAND.len()).is_some_and(|w| w.eq_ignore_ascii_case(COMMAND.as_bytes()))
        && rest.get(COMMAND.len()).is_none_or(u8::is_ascii_whitespace)
}

/// Returns how many bytes at the start are one thing to the client: a string, a quoted name, a comment or a byte.
fn opaque(rest: &[u8], reading: Reading) -> usize {
    let until = |from: usize, end: &[u8]| {
        let found = rest[from..].windows(end.len()).position(|window| window == end);
        found.map_or(rest.len(), |length| from + length + end.len())
    };
    match rest[0] {
        quote @ (b'\'' | b'"' | b'`') => {
            let is_name = quote == b'`' || quote == b'"' && reading.ansi_quotes;
            let escapes = reading.backslash_escapes && !is_name;
            let mut at = 1;
            while let Some(&byte) = rest.get(at) {
                at += 1;
                if byte == quote {
                    return at;
                }
                at += usize::from(byte == b'\\' && escapes);
            }
            rest.len()
        }
        _ if rest.starts_with(b"/*") => match code_comment(rest, reading) {
            Some(CodeComment { runs: true, opening }) => opening,
            Some(CodeComment { opening, .. }) => passed_over(rest, opening).unwrap_or(rest.len()),
            None => until(2, b"*/"),
        },
        _ if is_comment(rest, reading) => until(0, b"\n"),
        _ => 1,
    }
}

fn is_comment(rest: &[u8], reading: Reading) -> bool {
    rest[0] == b'#'
        || rest.starts_with(b"/*") && !code_comment(rest, reading).is_some_and(|code| code.runs)
        || rest.starts_with(b"--") && rest.get(2).is_none_or(|byte| *byte <= b' ')
}

/// Line endings stay, for the sake of line numbers.
fn fill(bytes: &mut [u8], with: u8) {
    bytes.iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n')).for_each(|byte| *byte = with);
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Mariadb, Mysql, Postgresql, Sqlite};

    #[test]
    fn read_as_a_server_does() {
        let table = [
            ("DELIMITER //\nA; B//\nDELIMITER ;\nC;", "            \nA; B; \n           \nC;"),
            ("delimiter $$\r\nBEGIN x; END$$\r\n", "            \r\nBEGIN x; END; \r\n"),
            ("A;\n  DELIMITER |\nB|C", "A;\n             \nB;C"),
            ("-- a\n/* b */\nDELIMITER //\nA//", "-- a\n/* b */\n            \nA; "),
            (
                "DELIMITER //\n'//' \"//\" `//` /* // */ -- //\n# //\nA//",
                "            \n'//' \"//\" `//` /* // */ -- //\n# //\nA; ",
            ),
            ("DELIMITER //\n'it\\'s //'//", "            \n'it\\'s //'; "),
            ("DELIMITER ;;\nA; B;;\nDELIMITER ;", "            \nA; B; \n           "),
        ];
        for (sql, expected) in table {
            for dialect in [Mysql, Mariadb] {
                assert_eq!(undelimited(sql, dialect).unwrap(), expected, "{sql}");
            }
            for dialect in [Sqlite, Postgresql] {
                assert_eq!(undelimited(sql, dialect).unwrap(), sql);
            }
        }
    }

    #[test]
    fn left_alone() {
        for sql in [
            "SELECT delimiter FROM t",
            "SELECT\ndelimiter\nFROM t",
            "SELECT 'x\nDELIMITER //\n'",
            "/*\nDELIMITER //\n*/",
            "-- DELIMITER //\nSELECT 1",
            "DELIMITERS x",
            "é",
        ] {
            assert!(matches!(undelimited(sql, Mysql), Ok(Cow::Borrowed(_))), "{sql}");
        }
        assert!(undelimited("DELIMITER", Mysql).is_err());
        assert!(undelimited("DELIMITER \\\nx", Mysql).is_err());
    }
}
