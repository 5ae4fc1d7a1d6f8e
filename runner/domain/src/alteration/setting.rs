//! Settings: text that an operator hands to a plugin by name. A manifest declares the names, the operator
//! gives the values.
//!
//! Values are never shown: they are not secrets by contract, but somebody will put one there.

use serde::{Deserialize, Serialize};
use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

const NAME_LEN_MAX: usize = 64;
/// A setting says how, and is no place for data.
const VALUE_BYTES_MAX: usize = 64 << 10;

/// An ASCII letter, then letters, digits, `_`, `.` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SettingName(String);

pub type SettingNames = BTreeSet<SettingName>;

/// What one alteration is handed: each setting that it declares, and its value where one was given.
pub type Handed = BTreeMap<SettingName, Option<SettingValue>>;

/// At most 64 KiB.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SettingValue(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a setting's name: expected a letter, then at most {} of A-Z, a-z, 0-9, `_`, `.` and `-`",
    crate::escape::Escaped(.0),
    NAME_LEN_MAX - 1
)]
pub struct ParseSettingNameError(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a value of {0} bytes is too long; at most {VALUE_BYTES_MAX} are handed over")]
pub struct SettingValueError(usize);

impl SettingName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SettingName {
    type Err = ParseSettingNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = text.len() <= NAME_LEN_MAX
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseSettingNameError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for SettingName {
    type Error = ParseSettingNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SettingName> for String {
    fn from(name: SettingName) -> Self {
        name.0
    }
}

/// So that a guest's text can be looked up as it is.
impl Borrow<str> for SettingName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SettingValue {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SettingValue {
    type Error = SettingValueError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.len() {
            0..=VALUE_BYTES_MAX => Ok(Self(text)),
            bytes => Err(SettingValueError(bytes)),
        }
    }
}

impl From<SettingValue> for String {
    fn from(value: SettingValue) -> Self {
        value.0
    }
}

impl fmt::Debug for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingValue(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = format!("a{}", "9".repeat(63));
        for good in ["CI", "a", "db.schema-name_2", &longest] {
            assert!(good.parse::<SettingName>().is_ok(), "{good}");
        }
        let too_long = format!("{longest}9");
        for bad in ["", "1a", "_a", "a b", "a=b", "a/b", "é", "aé", "a\n", &too_long] {
            assert!(bad.parse::<SettingName>().is_err(), "{bad}");
        }
        let error = "\u{1b}[31m".parse::<SettingName>().unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }

    #[test]
    fn values_are_bounded_and_not_shown() {
        let longest = "x".repeat(VALUE_BYTES_MAX);
        let value = SettingValue::try_from(longest.clone()).unwrap();
        assert!(!format!("{value:?}").contains('x'));
        let error = SettingValue::try_from(format!("{longest}x")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a value of 65537 bytes is too long; at most 65536 are handed over"
        );
        assert!(SettingValue::try_from(String::new()).is_ok(), "an empty value is a value");
    }
}
