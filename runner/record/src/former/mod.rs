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
mod registry;
mod shmig;
mod sqitch;
mod sql_migrate;
mod sqlx;
mod supabase;
mod tern;
mod tool;
mod umzug;
mod wrangler;

pub use crate::alteration::FormerTool;

use super::{
    Backend, BackendError, DatabaseUrl, Former, connect, connection::Connection, identifier::quote,
    recorded::query, tables::Record,
};
use crate::{alteration::Dialect, escape::Escaped};
use name::{Name, placed};
use registry::Registry;
use std::collections::BTreeSet;
use tool::Row;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormerError {
    #[error("there is no ledger of {} here: no table {table}", .tool)]
    NoLedger { tool: FormerTool, table: String },
    /// A table of another database on this server, which shows none that the user has no right to.
    #[error(
        "there is no ledger of {} here: no table {table} that this user may read",
        .tool
    )]
    NoneToRead { tool: FormerTool, table: String },
    #[error(
        "Sqitch keeps its ledger of a SQLite database in a file of its own, and there is no file {}",
        Escaped(.file)
    )]
    NoRegistry { file: String },
    #[error("the ledger {table} of {} cannot be read: {reason}", .tool)]
    Unreadable { tool: FormerTool, table: String, reason: String },
    #[error("it could be any of these tables: {table}")]
    SeveralTables { table: String },
    #[error("`{}` is no name of a table", Escaped(.0))]
    NoName(String),
    #[error("the table {table} is no ledger of {}: {reason}", .tool)]
    OtherTable { tool: FormerTool, table: String, reason: String },
    #[error(
        "the ledger {table} says that {} did not succeed, so nobody knows what of it took effect",
        Escaped(.version)
    )]
    Broken { table: String, version: String },
}

impl FormerError {
    /// The ledger of `former` says that `version` did not succeed.
    fn broken(former: &Former, version: String) -> Self {
        Self::Broken { table: former.table.clone(), version }
    }
}

/// More than any history has.
const ROWS_MAX: usize = 100_000;

impl Backend {
    /// Reads the ledger of `tool`; `ledger` where it is not the tool's usual one. `url` is this database's: a ledger
    /// in a file of its own lies beside it.
    pub async fn former(
        &mut self,
        url: &DatabaseUrl,
        tool: FormerTool,
        ledger: Option<&str>,
    ) -> Result<Result<Former, FormerError>, BackendError> {
        if let Some(registry) = Registry::of(tool, url, ledger) {
            let mut beside = connect(&registry.url, self.options.clone()).await?;
            let read = match beside.is_there() {
                true => beside.read_former(tool, Ok(registry.table())).await,
                false => Ok(Err(FormerError::NoRegistry { file: registry.file })),
            };
            beside.close().await;
            return read;
        }
        let usual = tool::usual_table(tool, self.dialect());
        self.read_former(tool, Name::parse(ledger.unwrap_or(&usual))).await
    }

    async fn read_former(
        &mut self,
        tool: FormerTool,
        name: Result<Name, FormerError>,
    ) -> Result<Result<Former, FormerError>, BackendError> {
        let name = match name {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        let dialect = self.dialect();
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.look().await?;
        let table = name.to_string();
        let read = read(connection, dialect, tool, name).await;
        connection.rollback().await?;
        match read {
            // The ledger is another program's: nothing is wrong with the runner's own tables.
            Err(BackendError::Corrupt(reason) | BackendError::Database(reason)) => {
                Ok(Err(FormerError::Unreadable { tool, table, reason }))
            }
            read => read,
        }
    }
}

async fn read(
    connection: &mut dyn Connection,
    dialect: Dialect,
    tool: FormerTool,
    name: Name,
) -> Result<Result<Former, FormerError>, BackendError> {
    let name = match placed(connection, dialect, name).await? {
        Ok(name) => name,
        Err(table) => return Ok(Err(FormerError::SeveralTables { table })),
    };
    let table = || name.to_string();
    let mut columns = BTreeSet::new();
    if name.may_be_there(dialect) {
        let (sql, params) = name.columns_of(dialect);
        for row in query(connection, sql, params).await? {
            columns.insert(Record::new(row, &table()).text("column")?.to_lowercase());
        }
    }
    if columns.is_empty() {
        let table = table();
        return Ok(Err(match dialect {
            Dialect::Mysql | Dialect::Mariadb if name.has_schema() => {
                FormerError::NoneToRead { tool, table }
            }
            _ => FormerError::NoLedger { tool, table },
        }));
    }
    let ledger = tool::ledger(tool);
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
