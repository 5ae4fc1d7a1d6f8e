//! What is known of a history: its tool, its folder, where it is deployed and how much of it can be taken back.

use crate::support::{self, Place};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub use alteration_domain::alteration::FormerTool as Tool;

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

/// The table in which the tool records what it applied.
pub fn ledger(tool: Tool) -> &'static str {
    match tool {
        Tool::Sqlx => "_sqlx_migrations",
        Tool::GolangMigrate | Tool::Dbmate => "schema_migrations",
        Tool::Diesel => "__diesel_schema_migrations",
        Tool::Goose => "goose_db_version",
        Tool::Flyway => "flyway_schema_history",
        Tool::Refinery => "refinery_schema_history",
        Tool::Prisma => "_prisma_migrations",
        Tool::Drizzle => "drizzle.__drizzle_migrations",
        Tool::Supabase => "supabase_migrations.schema_migrations",
        Tool::Wrangler => "d1_migrations",
        Tool::Atlas => "atlas_schema_revisions.atlas_schema_revisions",
        Tool::SqlMigrate => "gorp_migrations",
        Tool::Sqitch => "sqitch.changes",
        Tool::Liquibase => "databasechangelog",
        tool => panic!("{tool} has no history here"),
    }
}

/// Removes that table, and what else the tool keeps for itself.
pub fn forgotten(tool: Tool) -> String {
    match ledger(tool).split_once('.') {
        Some((schema, _)) => format!("DROP SCHEMA {schema} CASCADE"),
        None if tool == Tool::Wrangler => {
            "DROP TABLE d1_migrations; DROP TABLE _cf_METADATA".to_owned()
        }
        None if tool == Tool::Liquibase => {
            "DROP TABLE databasechangelog; DROP TABLE databasechangeloglock".to_owned()
        }
        None => format!("DROP TABLE {}", ledger(tool)),
    }
}

impl History {
    /// Returns whether this row of the state is of what no ledger says with which text it ran. Of Liquibase's scripts
    /// there is one text here, which can be no other.
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
