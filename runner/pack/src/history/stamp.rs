//! Versions of other tools as the stamps and versions of ids. Pure.
//!
//! A plain number is a stamp as it stands. A dotted version has its first part before the stamp's
//! point; behind it stands each later part with the count of its digits before it, so that `1.2` is the
//! stamp `1.12`, `1.10` is `1.210` and `1.2.3` is `1.1213`. More digits is more, and a fraction's
//! missing digits are zeros, as missing parts are: the stamps order as the versions do, part by part, and
//! the parts can be read back. A count of ten and more is written as `9` and two digits.

use super::run_order::dated;
use crate::alteration::Stamp;

/// Parts with fewer digits than this have their count as one digit.
const LONG: usize = 9;
const LENGTH_MAX: usize = 99;
/// A single number of so many digits is a date, of which no version can be made.
const DATE_DIGITS: usize = 8;
const VERSION_PARTS: usize = 3;

/// Returns the stamp that `pack` gives to what a former tool's ledger calls `version`: `20240131120000`,
/// `0001`, `1.2.3` or `1_2_3`. `None` where it is no such number.
///
/// Diesel's ledger has `20240131120000` for the folder `2024-01-31-120000_add_users`. What ends with `.sql` is the
/// name of a file, as some ledgers have it.
pub fn ledger_stamp(version: &str) -> Option<Stamp> {
    match version.strip_suffix(".sql") {
        Some(stem) => Stamp::parse(&dated(stem)?.0),
        None => Stamp::parse(&stamp_text(version)?),
    }
}

/// Returns the stamps that `pack` may have given to what the ledger of a tool that orders by text calls `version`: as
/// it is, and filled up. What ends with `.sql` is the name of a file.
pub fn ledger_stamps_in_text_order(version: &str) -> Vec<Stamp> {
    let of_file = version.strip_suffix(".sql").and_then(dated).map(|(number, _)| number);
    let version = of_file.as_deref().unwrap_or(version);
    let filled = [Text::Version, Text::Name].map(|order| filled(version, order));
    [version.to_owned()].iter().chain(&filled).filter_map(|text| ledger_stamp(text)).collect()
}

/// How a tool orders by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// By the version alone: `1` before `10`.
    Version,
    /// By the file's name, where `_` follows the version: `10_a` before `1_b`.
    Name,
}

/// The digits of a date with its time, which most versions are.
const FULL_DIGITS: usize = 14;

/// Fills a shorter number up to as many digits as a date with its time has, and moved by less than any two of those
/// are apart: numbers then order as their texts do. `20240313` is `20240312999994` where its text comes before
/// `20240313000000`, and `20240313999991` where it comes behind `20240313235959`.
pub(super) fn filled(number: &str, order: Text) -> String {
    let missing = FULL_DIGITS.saturating_sub(number.len());
    let digit = if order == Text::Version { "0" } else { "9" };
    let Ok(full) = format!("{number}{}", digit.repeat(missing)).parse::<u64>() else {
        return number.to_owned();
    };
    let moved = match order {
        _ if missing == 0 => return number.to_owned(),
        // Of two that are filled up alike, the shorter one comes first, and in the other order last.
        Text::Version => full.saturating_sub(missing as u64),
        Text::Name => full.saturating_sub(number.len() as u64),
    };
    format!("{moved:0FULL_DIGITS$}")
}

/// Returns the same as text, as ids have it. Leading zeros of the first part are kept.
pub(super) fn stamp_text(version: &str) -> Option<String> {
    let parts = parts(version)?;
    let (first, later) = parts.split_first()?;
    let later: String = later.iter().map(|part| counted(part)).collect::<Option<_>>()?;
    Some(if later.is_empty() { (*first).to_owned() } else { format!("{first}.{later}") })
}

/// Returns the semantic version that an id of this version carries; further parts become its build. `None`
/// for a date, and for numbers that no semantic version can hold.
pub(super) fn semantic(version: &str) -> Option<String> {
    let parts = parts(version)?;
    if parts.len() == 1 && parts[0].len() >= DATE_DIGITS {
        return None;
    }
    let mut numbers = parts.iter().map(|part| shortest(part));
    let mut text: Vec<_> = numbers.by_ref().take(VERSION_PARTS).collect();
    text.resize(VERSION_PARTS, "0");
    let build: Vec<_> = numbers.collect();
    let mut text = text.join(".");
    if !build.is_empty() {
        text = format!("{text}+{}", build.join("."));
    }
    semver::Version::parse(&text).ok().map(|version| version.to_string())
}

/// Returns the numbers of a version; a zero at the end says nothing, and is left out.
fn parts(version: &str) -> Option<Vec<&str>> {
    let mut parts: Vec<_> = version.split(['.', '_']).collect();
    if parts.iter().any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    while parts.len() > 1 && parts.last().is_some_and(|part| shortest(part) == "0") {
        parts.pop();
    }
    Some(parts)
}

fn shortest(part: &str) -> &str {
    let digits = part.trim_start_matches('0');
    if digits.is_empty() { "0" } else { digits }
}

fn counted(part: &str) -> Option<String> {
    let digits = shortest(part);
    match digits.len() {
        length @ ..LONG => Some(format!("{length}{digits}")),
        length @ LONG..=LENGTH_MAX => Some(format!("9{length:02}{digits}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps() {
        let table = [
            ("20240131120000", Some("20240131120000")),
            ("0001", Some("0001")),
            ("1.2", Some("1.12")),
            ("1_2", Some("1.12")),
            ("1.10", Some("1.210")),
            ("1.02", Some("1.12")),
            ("1.2.3", Some("1.1213")),
            ("1.0.3", Some("1.1013")),
            ("1.0", Some("1")),
            ("2024.123456789", Some("2024.909123456789")),
            ("", None),
            ("1.", None),
            ("1..2", None),
            ("1.a", None),
            ("v1", None),
            ("-1", None),
        ];
        for (name, stamp) in [
            ("1706702400123_users.sql", Some("1706702400123")),
            ("20240131120000-users-up.sql", Some("20240131120000")),
            ("2020.11.24T16.52.04.users.sql", Some("20201124165204")),
            ("000001.sql", Some("1")),
            ("users.sql", None),
        ] {
            assert_eq!(ledger_stamp(name), stamp.and_then(Stamp::parse), "{name}");
        }
        for (version, stamp) in table {
            assert_eq!(stamp_text(version).as_deref(), stamp, "{version}");
            assert_eq!(ledger_stamp(version).is_some(), stamp.is_some(), "{version}");
        }
    }

    #[test]
    fn stamps_order_as_the_versions_do() {
        let sorted = [
            "0",
            "0.0.1",
            "0.1",
            "1",
            "1.0.0.1",
            "1.0.1",
            "1.0.10",
            "1.1",
            "1.1.1",
            "1.2",
            "1.9",
            "1.10",
            "1.10.1",
            "1.11",
            "1.100",
            "1.99999999",
            "1.100000000",
            "1.20240131120000",
            "2",
            "10",
            "20240131120000",
            "20240131120000.1",
        ];
        let stamps = sorted.map(|version| ledger_stamp(version).unwrap());
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{stamps:?}");
        for (left, right) in [("1", "1.0.0"), ("01", "1"), ("1.01", "1.1"), ("1_2", "1.2")] {
            assert_eq!(ledger_stamp(left), ledger_stamp(right), "{left} {right}");
        }
    }

    #[test]
    fn filled_numbers_order_as_texts_do() {
        let numbers = [
            "1",
            "10",
            "100",
            "2",
            "20",
            "20240101",
            "20240101120000",
            "2024031",
            "20240313",
            "2024031300",
            "20240313000000",
            "20240313170000",
            "20240314",
            "3",
        ];
        let stamp = |number: &&str, order| ledger_stamp(&filled(number, order)).unwrap();
        let stamps: Vec<_> = numbers.iter().map(|n| stamp(n, Text::Version)).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{stamps:?}");
        let mut names = numbers;
        names.sort_by_key(|number| format!("{number}_x.sql"));
        let stamps: Vec<_> = names.iter().map(|n| stamp(n, Text::Name)).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{names:?} {stamps:?}");
        assert_eq!(filled("20240101120000", Text::Version), "20240101120000");
        assert_eq!(filled("0", Text::Version), "00000000000000");
        assert_eq!(filled("99999999999999999999999", Text::Name), "99999999999999999999999");
        for number in numbers {
            let known = ledger_stamps_in_text_order(number);
            for order in [Text::Version, Text::Name] {
                assert!(known.contains(&stamp(&number, order)), "{number}");
            }
            assert!(known.contains(&ledger_stamp(number).unwrap()), "{number}");
        }
    }

    #[test]
    fn versions() {
        let table = [
            ("1", Some("1.0.0")),
            ("0007", Some("7.0.0")),
            ("1.2", Some("1.2.0")),
            ("1.02.3", Some("1.2.3")),
            ("1.2.3.4", Some("1.2.3+4")),
            ("1.2.3.4.5", Some("1.2.3+4.5")),
            ("2024.01.31", Some("2024.1.31")),
            ("20240131120000", None),
            ("20240131.1", Some("20240131.1.0")),
            ("99999999999999999999.1", None),
        ];
        for (version, semantic_version) in table {
            assert_eq!(semantic(version).as_deref(), semantic_version, "{version}");
        }
    }
}
