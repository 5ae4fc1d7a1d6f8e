//! What is known of a history: its tool, its folder, where it is deployed and how much of it can be taken back.

use crate::support::{self, Place};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Sqlx,
    GolangMigrate,
    Diesel,
    Dbmate,
    Goose,
    Flyway,
    Refinery,
    Prisma,
    Drizzle,
    Supabase,
    Wrangler,
    Atlas,
    SqlMigrate,
    Sqitch,
    Liquibase,
}

impl Tool {
    /// As `runner pack --from` and `runner baseline --from` name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::GolangMigrate => "golang-migrate",
            Self::Diesel => "diesel",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Flyway => "flyway",
            Self::Refinery => "refinery",
            Self::Prisma => "prisma",
            Self::Drizzle => "drizzle",
            Self::Supabase => "supabase",
            Self::Wrangler => "wrangler",
            Self::Atlas => "atlas",
            Self::SqlMigrate => "sql-migrate",
            Self::Sqitch => "sqitch",
            Self::Liquibase => "liquibase",
        }
    }

    /// The table in which it records what it applied.
    pub fn ledger(self) -> &'static str {
        match self {
            Self::Sqlx => "_sqlx_migrations",
            Self::GolangMigrate | Self::Dbmate => "schema_migrations",
            Self::Diesel => "__diesel_schema_migrations",
            Self::Goose => "goose_db_version",
            Self::Flyway => "flyway_schema_history",
            Self::Refinery => "refinery_schema_history",
            Self::Prisma => "_prisma_migrations",
            Self::Drizzle => "drizzle.__drizzle_migrations",
            Self::Supabase => "supabase_migrations.schema_migrations",
            Self::Wrangler => "d1_migrations",
            Self::Atlas => "atlas_schema_revisions.atlas_schema_revisions",
            Self::SqlMigrate => "gorp_migrations",
            Self::Sqitch => "sqitch.changes",
            Self::Liquibase => "databasechangelog",
        }
    }

    /// Removes that table, and what else the tool keeps for itself.
    pub fn forgotten(self) -> String {
        match self.ledger().split_once('.') {
            Some((schema, _)) => format!("DROP SCHEMA {schema} CASCADE"),
            None if self == Self::Wrangler => {
                "DROP TABLE d1_migrations; DROP TABLE _cf_METADATA".to_owned()
            }
            None if self == Self::Liquibase => {
                "DROP TABLE databasechangelog; DROP TABLE databasechangeloglock".to_owned()
            }
            None => format!("DROP TABLE {}", self.ledger()),
        }
    }
}

/// Values that the history of goose takes from its environment.
pub const GOOSE_VALUES: [(&str, &str); 2] = [("COMPANY", "Müller; Söhne"), ("YEAR", "1898")];

/// What Liquibase is told to choose when it runs.
pub const LIQUIBASE_VALUES: [(&str, &str); 2] = [("contexts", "prod"), ("labels", "docs or texts")];

#[derive(Debug)]
pub struct History {
    pub tool: Tool,
    /// Beside this file.
    pub folder: &'static str,
    pub place: Place,
    /// How many there are.
    pub alterations: usize,
    /// How many of the newest have a way back; the one before them has none.
    pub back: usize,
}

impl History {
    /// Whether this row of the state is of what no ledger says with which text it ran. Of Liquibase's scripts there is
    /// one text here, which can be no other.
    pub fn is_left(&self, row: &str) -> bool {
        row.contains("-R__") && self.tool != Tool::Liquibase
    }

    pub fn path(&self) -> PathBuf {
        place_of_histories().join(self.folder)
    }
}

/// The names of all folders with a history, sorted.
pub fn folders() -> Vec<String> {
    let entries = fs::read_dir(place_of_histories()).expect("the folder of this file");
    let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    let name = |path: PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut names: Vec<_> = folders.map(name).collect();
    names.sort();
    names
}

fn place_of_histories() -> PathBuf {
    Path::new(support::root()).join("tests/histories")
}
