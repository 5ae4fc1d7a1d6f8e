//! Alteration ids: `[<version>-]<stamp>-<name>`, as in `1.4.0-1718000000-add-invoices`.

use super::Version;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt, str::FromStr};

const ID_LEN_MAX: usize = 200;

/// An alteration's id within its plugin. Orders by stamp, then by the whole text.
///
/// The version may be absent, because histories of other tools carry none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AlterationId {
    text: String,
    version: Option<Version>,
    stamp: Stamp,
    name_at: usize,
}

/// The number that orders alterations of one plugin: Unix seconds with an optional fraction.
///
/// Other tools' numbers (`20240131120000`, `0001`) are kept as they are; only their order counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Digits without leading zeros.
    whole: String,
    /// Digits without trailing zeros.
    fraction: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseIdError {
    #[error("alteration id `{}` is longer than {ID_LEN_MAX} characters", crate::escape::Escaped(&.0[..40]))]
    TooLong(String),
    #[error(
        "alteration id `{}` may hold only ASCII letters, digits, `.`, `_`, `-` and `+`",
        crate::escape::Escaped(.0)
    )]
    Characters(String),
    #[error(
        "`{0}` is not an alteration id: expected <version>-<unix seconds>-<name>, as in 1.4.0-1718000000-add-invoices"
    )]
    Shape(String),
}

impl AlterationId {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// The part after the stamp.
    pub fn name(&self) -> &str {
        &self.text[self.name_at..]
    }

    pub fn is_next(&self) -> bool {
        self.version == Some(Version::Next)
    }
}

impl FromStr for AlterationId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        if !text.chars().all(allowed) {
            return Err(ParseIdError::Characters(text.chars().take(ID_LEN_MAX).collect()));
        }
        if text.len() > ID_LEN_MAX {
            return Err(ParseIdError::TooLong(text.to_owned()));
        }
        let shape = || ParseIdError::Shape(text.to_owned());
        let mut start = 0;
        for segment in text.split('-') {
            let end = start + segment.len();
            if let Some(stamp) = Stamp::parse(segment) {
                let version = match start {
                    // Without a version, `1.4-1718000000-x` would pass for the stamp 1.4.
                    0 if !stamp.fraction.is_empty() => return Err(shape()),
                    0 => None,
                    _ => Some(text[..start - 1].parse().map_err(|_| shape())?),
                };
                let name_at = end + 1;
                if name_at >= text.len() {
                    return Err(shape());
                }
                return Ok(Self { text: text.to_owned(), version, stamp, name_at });
            }
            start = end + 1;
        }
        Err(shape())
    }
}

impl Ord for AlterationId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.stamp.cmp(&other.stamp).then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for AlterationId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<String> for AlterationId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AlterationId> for String {
    fn from(id: AlterationId) -> Self {
        id.text
    }
}

impl fmt::Display for AlterationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Stamp {
    /// Reads the digits of an id; `None` for anything but digits, or digits with a fraction.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if digits(fraction) => (whole, fraction),
            Some(_) => return None,
            None => (text, ""),
        };
        digits(whole).then(|| Self {
            whole: whole.trim_start_matches('0').to_owned(),
            fraction: fraction.trim_end_matches('0').to_owned(),
        })
    }

    /// The number without its fraction; `None` where it is larger than any clock's.
    pub fn seconds(&self) -> Option<u64> {
        match self.whole.is_empty() {
            true => Some(0),
            false => self.whole.parse().ok(),
        }
    }
}

impl Ord for Stamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AlterationId {
        text.parse().unwrap()
    }

    #[test]
    fn parts() {
        let table = [
            ("1.4.0-1718000000-add-invoices", Some("1.4.0"), "add-invoices"),
            ("1.0.0_beta.10-1676190092.5-x", Some("1.0.0-beta.10"), "x"),
            ("1.0.0-beta.10-1676190092-x", Some("1.0.0-beta.10"), "x"),
            ("next-1718000000-x", Some("next"), "x"),
            ("20240131120000-create-users", None, "create-users"),
            ("0001-x-2-y", None, "x-2-y"),
        ];
        for (text, version, name) in table {
            let id = id(text);
            assert_eq!(id.version().map(ToString::to_string).as_deref(), version, "{text}");
            assert_eq!(id.name(), name, "{text}");
        }
    }

    #[test]
    fn rejected() {
        for text in [
            "",
            "x",
            "1.4.0",
            "1.4.0-x",
            "1.4.0-1718000000",
            "1.4.0-1718000000-",
            "1.4-1718000000-x",
            "a b-1-x",
            "1-\u{1b}",
            "-1-x",
        ] {
            assert!(text.parse::<AlterationId>().is_err(), "{text}");
        }
        assert!(format!("1-{}", "x".repeat(300)).parse::<AlterationId>().is_err());
        assert!("é".repeat(300).parse::<AlterationId>().is_err());
    }

    #[test]
    fn order_is_by_number() {
        let sorted = [
            "1-b",
            "2-a",
            "10-a",
            "1.0.0-1676190092-a",
            "1.0.0-1676190092.25-a",
            "1.0.0-1676190092.5-a",
            "0001676190093-a",
            "20240131120000-a",
        ];
        assert!(sorted.map(id).is_sorted());
    }
}
