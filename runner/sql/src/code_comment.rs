//! Executable comments of MySQL and MariaDB, `/*!50003 … */` and `/*M!100401 … */`: code to the servers that they name.
//!
//! Where one begins, whether a server of some version runs what is in it, and how long it is where it does not. Both
//! servers were asked (MariaDB 10.11, MySQL 9.7): five or six digits say from which version on, the sixth one on MySQL
//! only before white space; without five digits it is run by all. MariaDB passes over 50700 to 99999, which are MySQL's, unless an
//! `M` stands before; to MySQL that one is a comment like others. What is passed over may have one comment inside.

use super::Reading;
use crate::alteration::Dialect;

/// The beginning of an executable comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CodeComment {
    /// How many bytes come before the code.
    pub(super) opening: usize,
    /// Whether the server that reads it runs the code.
    pub(super) runs: bool,
}

/// Returns what `text` begins with, if it is an executable comment.
pub(super) fn code_comment(text: &[u8], reading: Reading) -> Option<CodeComment> {
    let is_mariadb = match reading.dialect {
        Dialect::Mariadb => true,
        Dialect::Mysql => false,
        Dialect::Sqlite | Dialect::Postgresql => return None,
    };
    let (mark, is_own) = match text {
        [b'/', b'*', b'!', ..] => (3, false),
        [b'/', b'*', b'M', b'!', ..] if is_mariadb => (4, true),
        _ => return None,
    };
    let digits = text[mark..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let is_spaced = text.get(mark + 6).is_some_and(u8::is_ascii_whitespace);
    let digits = match digits {
        6 if is_mariadb || is_spaced => 6,
        5 | 6 => 5,
        _ => return Some(CodeComment { opening: mark, runs: true }),
    };
    let version = text[mark..mark + digits]
        .iter()
        .fold(0, |version: u32, digit| version * 10 + u32::from(digit - b'0'));
    let is_mysqls = is_mariadb && !is_own && (50_700..=99_999).contains(&version);
    Some(CodeComment { opening: mark + digits, runs: version <= reading.version && !is_mysqls })
}

/// Returns how many bytes the comment has that `text` begins with and that is passed over; `None` where it is never
/// closed.
pub(super) fn passed_over(text: &[u8], opening: usize) -> Option<usize> {
    let (mut at, mut inside) = (opening, false);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(b"*/") {
            at += 2;
            if !std::mem::take(&mut inside) {
                return Some(at);
            }
        } else if !inside && rest.starts_with(b"/*") {
            at += 2;
            inside = true;
        } else {
            at += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As MariaDB 10.11.19 and MySQL 9.7.4 answered.
    #[test]
    fn which_server_runs_what() {
        let table = [
            ("/*! x", Some(3), Some(3)),
            ("/*!50000 x", Some(8), Some(8)),
            ("/*!50000x", Some(8), Some(8)),
            ("/*!50699 x", Some(8), Some(8)),
            ("/*!50700 x", Some(8), None),
            ("/*!80000 x", Some(8), None),
            ("/*!90704 x", Some(8), None),
            ("/*!90705 x", None, None),
            ("/*!99999 x", None, None),
            ("/*!090704 x", Some(9), None),
            ("/*!090704x", Some(8), None),
            ("/*!050699 x", Some(9), Some(9)),
            ("/*!100100 x", None, Some(9)),
            ("/*!101119 x", None, Some(9)),
            ("/*!101120 x", None, None),
            ("/*!999999\\- x", None, None),
            ("/*!5000 x", Some(3), Some(3)),
            ("/*M!50700 x", None, Some(9)),
            ("/*M!100100 x", None, Some(10)),
            ("/*M! x", None, Some(4)),
            ("/*M!999999 x", None, None),
        ];
        let code = |text: &str, dialect, version| {
            let reading = Reading::from(dialect).of_version(version);
            let found = code_comment(text.as_bytes(), reading)?;
            found.runs.then_some(found.opening)
        };
        for (text, mysql, mariadb) in table {
            assert_eq!(code(text, Dialect::Mysql, 90_704), mysql, "{text}");
            assert_eq!(code(text, Dialect::Mariadb, 101_119), mariadb, "{text}");
        }
        assert_eq!(code_comment(b"/*m! x", Dialect::Mariadb.into()), None);
        assert_eq!(code_comment(b"/*! x", Dialect::Postgresql.into()), None);
    }

    #[test]
    fn how_long_it_is() {
        let table = [
            ("/*!99999 a */ b", Some(13)),
            ("/*!99999 a /* b */ c */ d", Some(23)),
            ("/*!99999 a /* b /* c */ d */ e", Some(28)),
            ("/*!99999 '*/ b", Some(12)),
            ("/*!99999 a /* b */", None),
        ];
        for (text, length) in table {
            assert_eq!(passed_over(text.as_bytes(), 8), length, "{text}");
        }
    }
}
