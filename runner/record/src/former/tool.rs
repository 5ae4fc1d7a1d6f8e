//! The tools whose ledgers can be read, and the shape of each ledger: a file for each tool.

use super::{
    Former, FormerError, atlas, db_migrate, dbmate, diesel, drizzle, flyway, golang_migrate, goose,
    graphile_migrate, liquibase, micrate, mybatis, node_pg_migrate, npm_sqlite, postgrator,
    postgres_migrations, prisma, rambler, refinery, shmig, sqitch, sql_migrate, sqlx, supabase,
    tern, umzug, wrangler,
};
use crate::alteration::{Dialect, FormerTool};

/// The usual name of a tool's ledger. Where names differ by case, Liquibase's is in upper case.
pub(super) fn usual_table(tool: FormerTool, dialect: Dialect) -> String {
    let table = ledger(tool).table;
    match (tool, dialect) {
        (FormerTool::Liquibase, Dialect::Mysql | Dialect::Mariadb) => table.to_uppercase(),
        _ => table.to_owned(),
    }
}

/// The ledger of a tool.
pub(super) fn ledger(tool: FormerTool) -> &'static Ledger {
    match tool {
        FormerTool::Sqlx => &sqlx::LEDGER,
        FormerTool::GolangMigrate => &golang_migrate::LEDGER,
        FormerTool::Diesel => &diesel::LEDGER,
        FormerTool::Dbmate => &dbmate::LEDGER,
        FormerTool::Goose => &goose::LEDGER,
        FormerTool::Flyway => &flyway::LEDGER,
        FormerTool::Refinery => &refinery::LEDGER,
        FormerTool::Prisma => &prisma::LEDGER,
        FormerTool::Drizzle => &drizzle::LEDGER,
        FormerTool::Supabase => &supabase::LEDGER,
        FormerTool::Wrangler => &wrangler::LEDGER,
        FormerTool::Atlas => &atlas::LEDGER,
        FormerTool::NodePgMigrate => &node_pg_migrate::LEDGER,
        FormerTool::DbMigrate => &db_migrate::LEDGER,
        FormerTool::Postgrator => &postgrator::LEDGER,
        FormerTool::PostgresMigrations => &postgres_migrations::LEDGER,
        FormerTool::GraphileMigrate => &graphile_migrate::LEDGER,
        FormerTool::Umzug => &umzug::LEDGER,
        FormerTool::Tern => &tern::LEDGER,
        FormerTool::Rambler => &rambler::LEDGER,
        FormerTool::Mybatis => &mybatis::LEDGER,
        FormerTool::NpmSqlite => &npm_sqlite::LEDGER,
        FormerTool::Micrate => &micrate::LEDGER,
        FormerTool::Shmig => &shmig::LEDGER,
        FormerTool::SqlMigrate => &sql_migrate::LEDGER,
        FormerTool::Sqitch => &sqitch::LEDGER,
        FormerTool::Liquibase => &liquibase::LEDGER,
    }
}

/// The shape of a tool's ledger, and the meaning of its rows.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The usual name; with its schema where other tools have a table of that name beside it.
    pub(super) table: &'static str,
    /// What it must have to be the tool's.
    pub(super) columns: &'static [&'static str],
    /// A column that is another tool's, and whose: the two share the name of a table.
    pub(super) not: Option<(&'static str, &'static str)>,
    /// An expression for a row's version.
    pub(super) version: &'static str,
    /// A condition for whether a row holds.
    pub(super) holds: &'static str,
    /// An expression for what kind of row it is, in words of the tool.
    pub(super) kind: &'static str,
    /// The order of the rows.
    pub(super) order: &'static str,
    /// What a row means.
    pub(super) take: fn(&mut Former, Row) -> Result<(), FormerError>,
}

/// One row of a ledger.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) version: Option<String>,
    pub(super) holds: bool,
    pub(super) kind: String,
}

impl Ledger {
    /// What the rows mean.
    pub(super) fn read(&self, table: &str, rows: Vec<Row>) -> Result<Former, FormerError> {
        let mut former =
            Former { table: table.to_owned(), applied: Vec::new(), up_to: None, repeatables: 0 };
        for row in rows {
            (self.take)(&mut former, row)?;
        }
        Ok(former)
    }
}

/// A row for each version that is applied, and an error for one that did not succeed.
pub(super) fn one_each(former: &mut Former, row: Row) -> Result<(), FormerError> {
    match row.version {
        Some(version) if !row.holds => Err(FormerError::broken(former, version)),
        Some(version) => {
            former.applied.push(version);
            Ok(())
        }
        None => Ok(()),
    }
}

/// A row for each number but 0, which stands for the ledger itself.
pub(super) fn each_but_the_first(former: &mut Former, row: Row) -> Result<(), FormerError> {
    match row.version.as_deref() {
        Some("0") => Ok(()),
        _ => one_each(former, row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tool: FormerTool, rows: &[(&str, bool, &str)]) -> Result<Former, FormerError> {
        let row = |(version, holds, kind): &(&str, bool, &str)| Row {
            version: (!version.is_empty()).then(|| (*version).to_owned()),
            holds: *holds,
            kind: (*kind).to_owned(),
        };
        ledger(tool).read("t", rows.iter().map(row).collect())
    }

    #[test]
    fn what_ledgers_say() {
        use FormerTool::{
            DbMigrate, Dbmate, Flyway, GolangMigrate, Goose, GraphileMigrate, Micrate, Mybatis,
            NodePgMigrate, NpmSqlite, Postgrator, PostgresMigrations, Rambler, Shmig, Sqlx, Tern,
            Umzug,
        };
        let table: [(FormerTool, &[(&str, bool, &str)], &[&str], Option<&str>); 21] = [
            (Sqlx, &[("1", true, ""), ("2", true, "")], &["1", "2"], None),
            (Dbmate, &[("20240101000000", true, "")], &["20240101000000"], None),
            (GolangMigrate, &[("7", true, "")], &["7"], Some("7")),
            (GolangMigrate, &[], &[], None),
            (
                NodePgMigrate,
                &[("1706702400123_users", true, "")],
                &["1706702400123_users.sql"],
                None,
            ),
            (DbMigrate, &[("/20240131-a", true, "")], &["20240131-a-up.sql"], None),
            (Postgrator, &[("0", true, ""), ("1", true, "")], &["1"], None),
            (PostgresMigrations, &[("0", true, ""), ("1", true, "")], &["1"], None),
            (GraphileMigrate, &[("000001.sql", true, "")], &["000001.sql"], None),
            (
                Umzug,
                &[("2020.11.24T16.52.04.a.sql", true, "")],
                &["2020.11.24T16.52.04.a.sql"],
                None,
            ),
            (Tern, &[("0", true, "")], &[], None),
            (Tern, &[("3", true, "")], &["3"], Some("3")),
            (Rambler, &[("01_foo.sql", true, "")], &["01_foo.sql"], None),
            (Mybatis, &[("20090802210820", true, "")], &["20090802210820"], None),
            (NpmSqlite, &[("1", true, "")], &["1"], None),
            (Micrate, &[("1", true, ""), ("2", true, ""), ("2", false, "")], &["1"], None),
            (Shmig, &[("1398700000", true, "")], &["1398700000"], None),
            (
                Goose,
                &[("0", true, ""), ("1", true, ""), ("2", true, ""), ("2", false, "")],
                &["1"],
                None,
            ),
            (Goose, &[("1", true, ""), ("1", false, ""), ("1", true, "")], &["1"], None),
            (
                Flyway,
                &[
                    ("", true, "SCHEMA"),
                    ("1", true, "BASELINE"),
                    ("2", true, "SQL"),
                    ("3", true, "SQL"),
                    ("3", true, "UNDO_SQL"),
                    ("", true, "SQL"),
                    ("4", true, "JDBC"),
                ],
                &["2", "4"],
                Some("1"),
            ),
            (Flyway, &[("1", true, "SQL"), ("1", true, "DELETE")], &[], None),
        ];
        for (tool, rows, applied, up_to) in table {
            let former = read(tool, rows).unwrap();
            assert_eq!(former.applied, applied, "{tool:?} {rows:?}");
            assert_eq!(former.up_to.as_deref(), up_to, "{tool:?} {rows:?}");
            let unversioned = rows.iter().filter(|row| row.0.is_empty() && row.2 == "SQL").count();
            assert_eq!(former.repeatables, unversioned);
        }
    }

    #[test]
    fn what_did_not_succeed_is_not_taken_over() {
        use FormerTool::{Flyway, GolangMigrate, Sqlx};
        for tool in [Flyway, GolangMigrate, Sqlx] {
            let error = read(tool, &[("1", false, "SQL")]).unwrap_err();
            assert!(matches!(error, FormerError::Broken { .. }), "{tool:?}: {error}");
        }
        assert!(read(Flyway, &[("", false, "SQL")]).is_err());
    }
}
