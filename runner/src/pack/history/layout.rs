//! The layouts of histories, by the names of their tools. Pure.

use std::{fmt, str::FromStr};

/// Whose layout a folder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// `<id>.up.sql` and its like.
    Runner,
    Sqlx,
    GolangMigrate,
    Diesel,
    Dbmate,
    Goose,
    Flyway,
    Refinery,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no layout; there are {}", crate::escape::Escaped(.0), Layout::ALL.map(Layout::as_str).join(", "))]
pub struct ParseLayoutError(String);

impl Layout {
    pub const ALL: [Self; 8] = [
        Self::Runner,
        Self::Sqlx,
        Self::GolangMigrate,
        Self::Diesel,
        Self::Dbmate,
        Self::Goose,
        Self::Flyway,
        Self::Refinery,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runner => "runner",
            Self::Sqlx => "sqlx",
            Self::GolangMigrate => "golang-migrate",
            Self::Diesel => "diesel",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Flyway => "flyway",
            Self::Refinery => "refinery",
        }
    }

    /// How its files are named.
    pub(super) fn files(self) -> &'static str {
        match self {
            Self::Runner => "<id>.up.sql and <id>.down.sql",
            Self::Sqlx => "<number>_<name>.sql, or <number>_<name>.up.sql and .down.sql",
            Self::GolangMigrate => "<number>_<name>.up.sql and <number>_<name>.down.sql",
            Self::Diesel => "<number>_<name>/up.sql and <number>_<name>/down.sql",
            Self::Dbmate => "<number>_<name>.sql with `-- migrate:up` and `-- migrate:down`",
            Self::Goose => "<number>_<name>.sql with `-- +goose Up` and `-- +goose Down`",
            Self::Flyway => "V<version>__<name>.sql, U<version>__<name>.sql, R__<name>.sql",
            Self::Refinery => "V<number>__<name>.sql, U<number>__<name>.sql",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Layout {
    type Err = ParseLayoutError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.as_str() == text)
            .ok_or_else(|| ParseLayoutError(text.to_owned()))
    }
}
