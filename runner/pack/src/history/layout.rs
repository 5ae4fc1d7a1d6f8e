//! The layouts of histories, by the names of their tools. Pure.

use crate::alteration::FormerTool;
use alteration_domain::former_tools;
use std::{fmt, str::FromStr};

/// Makes the layouts: the runner's own, and one of each former tool.
macro_rules! layout {
    ($($tool:ident = $name:literal,)+) => {
        /// Whose layout a folder has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Layout {
            /// `<id>.up.sql` and its like.
            Runner,
            $($tool,)+
        }

        impl Layout {
            pub const ALL: [Self; FormerTool::ALL.len() + 1] = [Self::Runner, $(Self::$tool,)+];

            pub fn as_str(self) -> &'static str {
                match self {
                    Self::Runner => "runner",
                    $(Self::$tool => FormerTool::$tool.as_str(),)+
                }
            }
        }
    };
}

former_tools!(layout);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no layout; there are {}", crate::escape::Escaped(.0), Layout::ALL.map(Layout::as_str).join(", "))]
pub struct ParseLayoutError(String);

impl Layout {
    /// Returns how one statement of a file is sent by itself, as the end of a sentence.
    pub(super) fn to_send_alone(self) -> &'static str {
        match self {
            Self::Goose => "write each statement into a line of its own, without StatementBegin",
            _ => "move it into a file of its own",
        }
    }

    /// Returns what it orders files by, and what to do where no order of numbers does the same.
    pub(super) fn order(self) -> (&'static str, &'static str) {
        const ONE_LENGTH: &str = "Rename them to numbers of one length";
        match self {
            Self::NodePgMigrate => (
                "the time that a number is",
                "Write all of them as milliseconds, or all as dates of 17 digits",
            ),
            Self::Drizzle => {
                ("its journal, or the names of the folders", "Give the later one the later time")
            }
            Self::Wrangler => ("number and then by name", "Give each file a number of its own"),
            _ => ("text", ONE_LENGTH),
        }
    }

    /// Returns whether its files are SQL of one direction in one folder, which another tool could have written too.
    pub(super) fn is_by_name(self) -> bool {
        use Layout::{
            Atlas, GolangMigrate, PostgresMigrations, Runner, Sqlx, Supabase, Umzug, Wrangler,
        };
        matches!(
            self,
            Runner
                | Sqlx
                | GolangMigrate
                | PostgresMigrations
                | Umzug
                | Supabase
                | Wrangler
                | Atlas
        )
    }

    /// Returns how its files are named.
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
            Self::Prisma => "<stamp>_<name>/migration.sql",
            Self::Drizzle => {
                "<number>_<name>.sql with meta/_journal.json, or <stamp>_<name>/migration.sql"
            }
            Self::Supabase => "<stamp>_<name>.sql in supabase/migrations",
            Self::Wrangler => "<number>_<name>.sql of D1",
            Self::Atlas => "<stamp>_<name>.sql with atlas.sum",
            Self::SqlMigrate => "<name>.sql with `-- +migrate Up` and `-- +migrate Down`",
            Self::Sqitch => {
                "sqitch.plan with deploy/<name>.sql, revert/<name>.sql, verify/<name>.sql"
            }
            Self::Liquibase => "SQL with `--liquibase formatted sql` and `--changeset author:id`",
            Self::NodePgMigrate => {
                "<number>_<name>.sql with `-- Up Migration` and `-- Down Migration`"
            }
            Self::DbMigrate => "<number>-<name>.js with sqls/<number>-<name>-up.sql and -down.sql",
            Self::Postgrator => "<number>.do.<name>.sql and <number>.undo.<name>.sql",
            Self::PostgresMigrations => "<number>_<name>.sql, numbered from 1 without a gap",
            Self::GraphileMigrate => {
                "committed/<number>-<name>.sql with `--! Previous:` and `--! Hash:`"
            }
            Self::Umzug => "<name>.sql, with down/<name>.sql",
            Self::Tern => "<number>_<name>.sql with `---- create above / drop below ----`",
            Self::Rambler => "<number>_<name>.sql with `-- rambler up` and `-- rambler down`",
            Self::Mybatis => "<number>_<name>.sql with `-- //@UNDO`",
            Self::NpmSqlite => "<number>-<name>.sql with `-- Up` and `-- Down`",
            Self::Micrate => "<number>_<name>.sql with `-- +micrate Up` and `-- +micrate Down`",
            Self::Shmig => "<number>-<name>.sql with `-- ==== UP ====` and `-- ==== DOWN ====`",
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
