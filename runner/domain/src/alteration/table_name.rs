//! The name of a table as a manifest writes it: whose it is, and what it is called there.
//!
//! The owner is part of the name, because a table that another plugin made under the same name is another table. Pure; which
//! table that is in a database is decided by the record of who made what.

use super::{ParsePluginError, PluginName};
use crate::escape::is_deceptive;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a name may be long in the databases that are supported.
const NAME_BYTES_MAX: usize = 63;
/// The owner of what no plugin made.
const APPLICATION: &str = "app";

/// Whose a table is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableOwner {
    /// `app`: no plugin made it.
    Application,
    /// The plugin that made it.
    Plugin(PluginName),
}

/// A table of somebody: `acme/shop:orders` or `app:customers`, with its schema where it is not the usual one
/// (`app:billing.invoices`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    /// Who made it.
    pub owner: TableOwner,
    /// `None` for the schema where unqualified names go.
    pub schema: Option<String>,
    /// As the database's catalogue writes it, without quotes.
    pub table: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTableError {
    #[error("expected VENDOR/NAME:TABLE, or `{APPLICATION}:TABLE` for a table that no plugin made")]
    NoOwner,
    #[error(transparent)]
    Owner(#[from] ParsePluginError),
    #[error(
        "`{}` is not a table's name: expected at most {NAME_BYTES_MAX} bytes without quotes, points and control characters",
        crate::escape::Escaped(.0)
    )]
    Name(String),
}

impl FromStr for TableOwner {
    type Err = ParsePluginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            APPLICATION => Ok(Self::Application),
            _ => text.parse().map(Self::Plugin),
        }
    }
}

impl fmt::Display for TableOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str(APPLICATION),
            Self::Plugin(plugin) => plugin.fmt(f),
        }
    }
}

impl FromStr for TableName {
    type Err = ParseTableError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (owner, name) = text.split_once(':').ok_or(ParseTableError::NoOwner)?;
        let owner = owner.parse()?;
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(plain(schema)?), plain(table)?),
            None => (None, plain(name)?),
        };
        Ok(Self { owner, schema, table })
    }
}

fn plain(name: &str) -> Result<String, ParseTableError> {
    let is_plain = |c: char| !is_deceptive(c) && !"\"'`.:;\\".contains(c);
    match (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.trim() == name
        && name.chars().all(is_plain)
    {
        true => Ok(name.to_owned()),
        false => Err(ParseTableError::Name(name.to_owned())),
    }
}

impl TryFrom<String> for TableName {
    type Error = ParseTableError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, schema, table } = self;
        match schema {
            Some(schema) => write!(f, "{owner}:{schema}.{table}"),
            None => write!(f, "{owner}:{table}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for text in ["acme/shop:orders", "app:customers", "app:Order Lines", "app:billing.invoices"]
        {
            let name: TableName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
        let name: TableName = "app:billing.invoices".parse().unwrap();
        assert_eq!(name.schema.as_deref(), Some("billing"));
        assert_eq!(name.owner, TableOwner::Application);
    }

    #[test]
    fn refused() {
        let long = format!("app:{}", "x".repeat(NAME_BYTES_MAX + 1));
        let table = [
            ("orders", "expected VENDOR/NAME:TABLE"),
            ("shop:orders", "vendor/name"),
            ("App:orders", "vendor/name"),
            ("app:", "`` is not a table's name"),
            ("app: orders", "not a table's name"),
            ("app:a.b.c", "not a table's name"),
            ("app:.b", "not a table's name"),
            ("app:a\"b", "not a table's name"),
            ("app:a\u{1b}[2J", "not a table's name"),
            ("app:a\u{202e}b", "not a table's name"),
            ("acme/shop:a:b", "not a table's name"),
            (&long, "not a table's name"),
        ];
        for (text, expected) in table {
            let error = text.parse::<TableName>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
