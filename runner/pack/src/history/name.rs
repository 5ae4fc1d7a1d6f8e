//! Names of other tools' files as ids, without loss: two names never give one id, and an id depends on
//! its own name alone. Pure.
//!
//! What an id may not hold is written as `+` and two hexadecimal digits for each byte, and so is `+`
//! itself. A name that no `_` divides from its number has `+-` before it.

use crate::alteration::{AlterationId, ParseIdError};
use std::fmt::Write as _;

/// Splits a name into the digits that it begins with, and what follows them.
pub(super) fn numbered(stem: &str) -> Option<(&str, &str)> {
    let end = stem.bytes().take_while(u8::is_ascii_digit).count();
    (end > 0).then(|| stem.split_at(end))
}

/// Returns the id of the alteration with this stamp; `rest` is what follows the number, `_` included.
pub(super) fn id(
    version: Option<&str>,
    stamp: &str,
    rest: &str,
) -> Result<AlterationId, ParseIdError> {
    let mut text = version.map(|version| format!("{version}-")).unwrap_or_default();
    text.push_str(stamp);
    text.push('-');
    match rest.strip_prefix('_') {
        Some("") => text.push_str("+5F"),
        Some(name) => escape(name, &mut text),
        None => {
            text.push_str("+-");
            escape(rest, &mut text);
        }
    }
    text.parse()
}

/// Returns the id of an alteration whose tool always has one separator between the number and `name`.
pub(super) fn id_of(stamp: &str, name: &str) -> Result<AlterationId, ParseIdError> {
    let mut text = format!("{stamp}-");
    match name {
        "" => text.push_str("+-"),
        name => escape(name, &mut text),
    }
    text.parse()
}

pub(super) fn escape(name: &str, text: &mut String) {
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            text.push(c);
        } else {
            escape_char(c, text);
        }
    }
}

/// Returns the name as it was, where its id does not show it.
pub(super) fn description(shown: &str, name: &str) -> Option<String> {
    const CHARS_MAX: usize = 500;
    (shown != name && !name.is_empty()).then(|| name.chars().take(CHARS_MAX).collect())
}

fn escape_char(c: char, text: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        write!(text, "+{byte:02X}").expect("a string grows");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids() {
        let table = [
            ("0001", "_create_users", "0001-create_users"),
            ("1", "_a-b.c", "1-a-b.c"),
            ("1", "_add users", "1-add+20users"),
            ("1", "_añadir", "1-a+C3+B1adir"),
            ("1", "_a+b", "1-a+2Bb"),
            ("1", "_", "1-+5F"),
            ("1", "", "1-+-"),
            ("1", "-x", "1-+--x"),
            ("1", "x", "1-+-x"),
            ("1", "__x", "1-_x"),
            ("1", "_1-2-x", "1-1-2-x"),
        ];
        let mut ids = BTreeSet::new();
        for (stamp, rest, expected) in table {
            let id = id(None, stamp, rest).unwrap();
            assert_eq!(id.as_str(), expected, "{rest}");
            assert!(ids.insert(id.to_string()), "{rest}");
        }
        assert_eq!(id(Some("1.2.0"), "1.12", "_x").unwrap().as_str(), "1.2.0-1.12-x");
        assert!(id(None, "1", &"_é".repeat(100)).is_err(), "too long");
    }

    #[test]
    fn ids_behind_a_separator() {
        let table = [("001", "users", "001-users"), ("1", "a b", "1-a+20b"), ("1", "", "1-+-")];
        for (stamp, name, expected) in table {
            assert_eq!(id_of(stamp, name).unwrap().as_str(), expected);
        }
    }

    /// Every text of a few characters that matter to the rules.
    #[test]
    fn no_two_names_share_an_id() {
        const PIECES: [&str; 9] = ["", "_", "-", "+", "a", "2B", "é", " ", "."];
        let texts: BTreeSet<String> = PIECES
            .iter()
            .flat_map(|a| PIECES.iter().map(move |b| format!("{a}{b}")))
            .flat_map(|ab| PIECES.iter().map(move |c| format!("{ab}{c}")))
            .filter(|text| !text.starts_with(|c: char| c.is_ascii_digit()))
            .collect();
        let ids: BTreeSet<_> =
            texts.iter().map(|text| id(None, "1", text).unwrap().to_string()).collect();
        assert_eq!(ids.len(), texts.len());
    }

    #[test]
    fn numbers() {
        assert_eq!(numbered("001_x"), Some(("001", "_x")));
        assert_eq!(numbered("1"), Some(("1", "")));
        assert_eq!(numbered("x1"), None);
        assert_eq!(numbered(""), None);
    }
}
