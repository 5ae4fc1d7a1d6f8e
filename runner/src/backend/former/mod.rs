//! What another tool recorded in this database before the runner came: read from its ledger, which is
//! never altered.
//!
//! What the rows mean is told apart from reading them, and has tables of cases. Which alterations
//! they stand for is the plan's to say.

mod atlas;
mod db_migrate;
mod dbmate;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod liquibase;
mod micrate;
mod mybatis;
mod name;
mod node_pg_migrate;
mod npm_sqlite;
mod postgrator;
mod postgres_migrations;
mod prisma;
mod rambler;
mod refinery;
mod shmig;
mod sqitch;
mod sql_migrate;
mod sqlx;
mod supabase;
mod tern;
mod tool;
mod umzug;
mod wrangler;

pub use tool::FormerTool;

use super::{
    Backend, BackendError, connection::Connection, identifier::quote, recorded::query,
    tables::Record,
};
use crate::{alteration::Dialect, escape::Escaped};
use name::{Name, placed};
use std::collections::BTreeSet;
use tool::Row;

/// What a former tool's ledger says, in its own versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The ledger, for messages: escaped.
    pub table: String,
    /// Versions of which each is applied.
    pub applied: Vec<String>,
    /// A version up to which all are applied, whatever they are.
    pub up_to: Option<String>,
    /// Rows of what has no version, because it is run whenever it changes.
    pub repeatables: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormerError {
    #[error("there is no ledger of {} here: no table {table}", .tool.as_str())]
    NoLedger { tool: FormerTool, table: String },
    #[error(
        "Sqitch keeps its ledger of a SQLite database in a file of its own, sqitch.db, which the runner does not open"
    )]
    OtherFile,
    #[error("it could be any of these tables: {table}")]
    SeveralTables { table: String },
    #[error("`{}` is no name of a table", Escaped(.0))]
    NoName(String),
    #[error("the table {table} is no ledger of {}: {reason}", .tool.as_str())]
    OtherTable { tool: FormerTool, table: String, reason: String },
    #[error(
        "the ledger {table} says that {} did not succeed, so nobody knows what of it took effect",
        Escaped(.version)
    )]
    Broken { table: String, version: String },
}

impl Former {
    /// What it says of each of the projects that share the ledger; itself where none do.
    pub fn projects(self, tool: FormerTool) -> Vec<Self> {
        let project = |version: &String| version.split(':').next().unwrap_or_default().to_owned();
        let projects: BTreeSet<String> = self.applied.iter().map(project).collect();
        if tool != FormerTool::Sqitch || projects.len() < 2 {
            return vec![self];
        }
        let of = |name: String| {
            let applied = self.applied.iter().filter(|version| project(version) == name);
            Self { applied: applied.cloned().collect(), ..self.clone() }
        };
        projects.into_iter().map(of).collect()
    }

    fn broken(&self, version: String) -> FormerError {
        FormerError::Broken { table: self.table.clone(), version }
    }
}

/// More than any history has.
const ROWS_MAX: usize = 100_000;

impl Backend {
    /// Reads the ledger of `tool`; `table` where it is not the tool's usual one.
    pub async fn former(
        &mut self,
        tool: FormerTool,
        table: Option<&str>,
    ) -> Result<Result<Former, FormerError>, BackendError> {
        let dialect = self.dialect();
        if tool == FormerTool::Sqitch && dialect == Dialect::Sqlite && table.is_none() {
            return Ok(Err(FormerError::OtherFile));
        }
        let usual = tool.usual_table(dialect);
        let name = match Name::parse(table.unwrap_or(&usual)) {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.look().await?;
        let read = read(connection, dialect, tool, &name).await;
        connection.rollback().await?;
        read
    }
}

async fn read(
    connection: &mut dyn Connection,
    dialect: Dialect,
    tool: FormerTool,
    name: &Name,
) -> Result<Result<Former, FormerError>, BackendError> {
    let name = match placed(connection, dialect, name).await? {
        Ok(name) => name,
        Err(table) => return Ok(Err(FormerError::SeveralTables { table })),
    };
    let table = || name.to_string();
    let (sql, params) = name.columns_of(dialect);
    let mut columns = BTreeSet::new();
    for row in query(connection, sql, params).await? {
        columns.insert(Record::new(row, &table()).text("column")?.to_lowercase());
    }
    if columns.is_empty() {
        return Ok(Err(FormerError::NoLedger { tool, table: table() }));
    }
    let ledger = tool.ledger();
    if let Some(missing) = ledger.columns.iter().find(|name| !columns.contains(**name)) {
        let reason = format!("it has no column {missing}");
        return Ok(Err(FormerError::OtherTable { tool, table: table(), reason }));
    }
    if let Some((column, other)) = ledger.not.filter(|(column, _)| columns.contains(*column)) {
        let reason = format!("its column {column} is {other}'s");
        return Ok(Err(FormerError::OtherTable { tool, table: table(), reason }));
    }
    let (text, integer) = match dialect {
        Dialect::Sqlite => ("TEXT", "INTEGER"),
        Dialect::Postgresql => ("pg_catalog.text", "pg_catalog.int8"),
        Dialect::Mysql | Dialect::Mariadb => ("CHAR", "SIGNED"),
    };
    let quoted = name.quoted(dialect);
    // `type` is a word of its own to some.
    let kind = match ledger.kind {
        "type" => quote("type", dialect),
        kind => kind.to_owned(),
    };
    let (version, holds, order) = (ledger.version, ledger.holds, ledger.order);
    // No more is read than a ledger has.
    let sql = format!(
        "SELECT one, two, three FROM (
             SELECT CAST({version} AS {text}) AS one,
                 CAST(CASE WHEN {holds} THEN 1 ELSE 0 END AS {integer}) AS two,
                 CAST({kind} AS {text}) AS three, {order} AS four
             FROM {quoted} AS l LIMIT {}
         ) AS ledger ORDER BY four",
        ROWS_MAX + 1
    );
    let mut rows = Vec::new();
    for row in query(connection, sql, []).await? {
        let mut row = Record::new(row, &table());
        rows.push(Row {
            version: row.maybe_text("version")?,
            holds: row.integer("success")? != 0,
            kind: row.text("type")?,
        });
    }
    if rows.len() > ROWS_MAX {
        let reason = format!("it has more than {ROWS_MAX} rows");
        return Ok(Err(FormerError::OtherTable { tool, table: table(), reason }));
    }
    Ok(ledger.read(&table(), rows))
}
