//! What an alteration may ask for beyond its database connection, and its own objects there.
//!
//! A permission is one text everywhere: in manifests, in the record, in lock files, and behind `--grant`.

use super::{ParseTableError, TableName};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeSet, fmt, str::FromStr};

const EXTENSION_BYTES_MAX: usize = 63;
/// The forms of a permission's text.
const FORMS: [&str; 7] = [
    "entropy",
    "reads OWNER:TABLE",
    "references OWNER:TABLE",
    "alters OWNER:TABLE",
    "leaves code on OWNER:TABLE",
    "drops OWNER:TABLE",
    "extension NAME",
];

/// Something that a manifest declares and that an operator must grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Permission {
    /// Random bytes and the time of day, through the `entropy` interface.
    Entropy,
    /// The rows of a table that is not its own.
    Reads(TableName),
    /// Foreign keys to a table that is not its own.
    References(TableName),
    /// Columns, constraints and indexes that are added to a table that is not its own, and its rows.
    Alters(TableName),
    /// Triggers, policies, defaults, checks and indexes with its own functions on a table that is not its own.
    LeavesCode(TableName),
    /// Columns, constraints and indexes that are dropped from a table that is not its own; that it is emptied, or dropped.
    Drops(TableName),
    /// An extension of the database.
    Extension(ExtensionName),
}

pub type Permissions = BTreeSet<Permission>;

/// Lower-case letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct ExtensionName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePermissionError {
    #[error("unknown permission; this runner knows {}", known())]
    Unknown,
    #[error(transparent)]
    Table(#[from] ParseTableError),
    #[error(
        "expected the name of an extension: at most {EXTENSION_BYTES_MAX} of a-z, 0-9, `_` and `-`"
    )]
    Extension,
}

fn known() -> String {
    FORMS.map(|form| format!("`{form}`")).join(", ")
}

impl ExtensionName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExtensionName {
    type Err = ParsePermissionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        match (1..=EXTENSION_BYTES_MAX).contains(&text.len()) && text.chars().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(ParsePermissionError::Extension),
        }
    }
}

impl TryFrom<String> for ExtensionName {
    type Error = ParsePermissionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Permission {
    /// The table of another owner that it is about.
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Self::Reads(table)
            | Self::References(table)
            | Self::Alters(table)
            | Self::LeavesCode(table)
            | Self::Drops(table) => Some(table),
            Self::Entropy | Self::Extension(_) => None,
        }
    }

    /// Returns whether it is about what only the table's owner may do.
    pub fn is_of_owner(&self) -> bool {
        matches!(self, Self::Alters(_) | Self::LeavesCode(_) | Self::Drops(_))
    }

    /// What whoever grants it lets happen, as the end of a sentence about the plugin.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Entropy => "may draw random bytes and see the time",
            Self::Reads(_) => "may read every row there, and leave views that show them",
            Self::References(_) => {
                "may leave foreign keys to it, which stop others from deleting its rows and tell which keys it has"
            }
            Self::Alters(_) => {
                "may read, change and delete every row there, and change how they are stored"
            }
            Self::LeavesCode(_) => {
                "may leave code there, which runs whenever the table is used, and stop others from using it"
            }
            Self::Drops(_) => {
                "may empty it, drop it, or drop its columns, constraints and indexes, with what is in them"
            }
            Self::Extension(_) => {
                "has it installed with your rights, for everybody in the database"
            }
        }
    }
}

impl FromStr for Permission {
    type Err = ParsePermissionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ') {
            None if text == "entropy" => Ok(Self::Entropy),
            Some(("reads", table)) => Ok(Self::Reads(table.parse()?)),
            Some(("references", table)) => Ok(Self::References(table.parse()?)),
            Some(("alters", table)) => Ok(Self::Alters(table.parse()?)),
            Some(("extension", name)) => Ok(Self::Extension(name.parse()?)),
            Some(("drops", table)) => Ok(Self::Drops(table.parse()?)),
            Some(("leaves", code)) => match code.strip_prefix("code on ") {
                Some(table) => Ok(Self::LeavesCode(table.parse()?)),
                None => Err(ParsePermissionError::Unknown),
            },
            _ => Err(ParsePermissionError::Unknown),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entropy => f.write_str("entropy"),
            Self::Reads(table) => write!(f, "reads {table}"),
            Self::References(table) => write!(f, "references {table}"),
            Self::Alters(table) => write!(f, "alters {table}"),
            Self::LeavesCode(table) => write!(f, "leaves code on {table}"),
            Self::Drops(table) => write!(f, "drops {table}"),
            Self::Extension(ExtensionName(name)) => write!(f, "extension {name}"),
        }
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| match error {
            ParsePermissionError::Unknown => de::Error::unknown_variant(&text, &FORMS),
            error => de::Error::custom(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_one_text_everywhere() {
        let texts = [
            "entropy",
            "reads acme/shop:orders",
            "references app:customers",
            "alters app:billing.invoices",
            "leaves code on app:customers",
            "drops acme/shop:orders",
            "extension btree_gist",
        ];
        for text in texts {
            let permission: Permission = text.parse().unwrap();
            assert_eq!(permission.to_string(), text);
            let json = serde_json::to_string(&permission).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Permission>(&json).unwrap(), permission);
        }
    }

    #[test]
    fn refused() {
        let table = [
            ("", "unknown variant"),
            ("root", "unknown variant `root`, expected one of `entropy`"),
            ("entropy ", "unknown variant"),
            ("Entropy", "unknown variant"),
            ("reads", "unknown variant"),
            ("reads orders", "expected VENDOR/NAME:TABLE"),
            ("reads  app:orders", "vendor/name"),
            // The second colon is no part of a name.
            ("reads app:orders, app:other", "not a table's name"),
            ("reads shop:orders", "vendor/name"),
            ("leaves app:orders", "unknown variant"),
            ("leaves code on", "unknown variant"),
            ("leaves code on orders", "expected VENDOR/NAME:TABLE"),
            ("empties app:orders", "unknown variant"),
            ("extension plpython3u; DROP", "name of an extension"),
            ("extension ", "name of an extension"),
        ];
        for (text, expected) in table {
            let json = serde_json::to_string(text).unwrap();
            let error = serde_json::from_str::<Permission>(&json).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
