//! Plugin names: `vendor/name`, the unit that one vendor or extension ships.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

const PART_LEN_MAX: usize = 64;

/// `vendor/name`, each part of lower-case letters, digits, `.`, `_` and `-`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a plugin name: expected `vendor/name`, each part 1 to {PART_LEN_MAX} of a-z, 0-9, `.`, `_` and `-`",
    crate::escape::Escaped(.0)
)]
pub struct ParsePluginError(String);

impl PluginName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the name.
    pub fn vendor(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(vendor, _)| vendor)
    }

    /// The part after the vendor.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }
}

impl FromStr for PluginName {
    type Err = ParsePluginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid_part = |part: &str| {
            part.len() <= PART_LEN_MAX
                && part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
        };
        match text.split_once('/') {
            Some((vendor, name)) if valid_part(vendor) && valid_part(name) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ParsePluginError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for PluginName {
    type Error = ParsePluginError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> Self {
        name.0
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["acme/shop", "a/b", "acme-2/shop.core_x", "0x/1"] {
            assert!(good.parse::<PluginName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "acme",
            "acme/",
            "/shop",
            "Acme/shop",
            "acme/shop/x",
            "acme/-x",
            "acme/ shop",
            "../etc",
            "acme/\u{1b}[31m",
        ] {
            assert!(bad.parse::<PluginName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn error_shows_no_terminal_escape() {
        let error = "a/\u{1b}[31m".parse::<PluginName>().unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }
}
