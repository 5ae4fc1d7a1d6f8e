//! The tools whose histories and ledgers the runner takes over: the one list of them, with their names.
//!
//! What their files look like is in `alteration-pack`, what their ledgers look like in `alteration-record`.

use std::fmt;

/// Calls the macro `$then` with all former tools, each as `Variant = "name"`.
///
/// A former tool is added here. Enums that hold more than the tools are made of this list too.
#[macro_export]
macro_rules! former_tools {
    ($then:ident) => {
        $then! {
            Sqlx = "sqlx",
            GolangMigrate = "golang-migrate",
            Diesel = "diesel",
            Dbmate = "dbmate",
            Goose = "goose",
            Flyway = "flyway",
            Refinery = "refinery",
            Prisma = "prisma",
            Drizzle = "drizzle",
            Supabase = "supabase",
            Wrangler = "wrangler",
            Atlas = "atlas",
            SqlMigrate = "sql-migrate",
            Sqitch = "sqitch",
            Liquibase = "liquibase",
            NodePgMigrate = "node-pg-migrate",
            DbMigrate = "db-migrate",
            Postgrator = "postgrator",
            PostgresMigrations = "postgres-migrations",
            GraphileMigrate = "graphile-migrate",
            Umzug = "umzug",
            Tern = "tern",
            Rambler = "rambler",
            Mybatis = "mybatis",
            NpmSqlite = "npm-sqlite",
            Micrate = "micrate",
            Shmig = "shmig",
        }
    };
}

macro_rules! former_tool {
    ($($tool:ident = $name:literal,)+) => {
        /// A tool that applied alterations to a database before the runner did.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FormerTool {
            $($tool,)+
        }

        impl FormerTool {
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$tool,)+];

            /// As `pack --from` and `baseline --from` name it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$tool => $name,)+
                }
            }
        }
    };
}

former_tools!(former_tool);

impl fmt::Display for FormerTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
