//! The database dialects that alterations can be written for.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgresql,
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a dialect is one of sqlite, postgresql, mysql, mariadb")]
pub struct ParseDialectError;

impl Dialect {
    /// In the order of the interface's `dialect`.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgresql, Self::Mysql, Self::Mariadb];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
        }
    }
}

impl FromStr for Dialect {
    type Err = ParseDialectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text).ok_or(ParseDialectError)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
