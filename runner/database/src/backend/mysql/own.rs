//! The runner's own statements, with cells as parameters and columns.
//!
//! Its tables are named with their database, so that no `USE` can redirect a statement to another one.

use super::{MysqlConnection, column, error, value};
use crate::alteration::Dialect;
use crate::backend::{
    BackendError,
    connection::{Cell, own_sql},
    identifier::in_backticks as quote,
};
use crate::session::{Session as _, Value};
use crate::sql::Statement;
use alteration_domain::record::tables;
use sqlx::{
    Arguments, Row as _,
    mysql::{MySqlArguments, MySqlRow},
};

impl MysqlConnection {
    pub(super) fn own_sql(&self, sql: &str) -> String {
        let named = own_sql(sql, &format!("{}.", quote(&self.server.database)));
        if named.starts_with("CREATE TABLE") {
            // Whatever the server's defaults are: with rollback, and room for the keys.
            return named + " ENGINE = InnoDB ROW_FORMAT = DYNAMIC";
        }
        // A hook may have set this for itself.
        let is_safe = self.untouched.is_some();
        let verb = ["UPDATE", "DELETE"].into_iter().find(|verb| named.starts_with(verb));
        match (is_safe, verb, self.server.dialect) {
            (true, Some(_), Dialect::Mariadb) => {
                format!("SET STATEMENT sql_safe_updates = 0 FOR {named}")
            }
            (true, Some(verb), _) => {
                format!("{verb} /*+ SET_VAR(sql_safe_updates = OFF) */{}", &named[verb.len()..])
            }
            _ => named,
        }
    }

    /// Runs a statement. Returns the number of rows that it matched.
    pub(super) async fn execute_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<u64, BackendError> {
        let done = self.run_own(sql, params).await?;
        done.map_err(|error| self.host_error(&error))
    }

    /// Runs an INSERT. Error: `Moved` if its row exists. `INSERT IGNORE` would hide other errors too.
    pub(super) async fn insert_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<(), BackendError> {
        match self.run_own(sql, params).await? {
            Ok(1) => Ok(()),
            Ok(_) => Err(BackendError::Moved),
            Err(error) if error::number(&error) == Some(error::DUPLICATE) => {
                Err(BackendError::Moved)
            }
            Err(error) => Err(self.host_error(&error)),
        }
    }

    async fn run_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<Result<u64, sqlx::Error>, BackendError> {
        let plain = Statement::one(sql, self.reading()).is_ok_and(|own| own.is_plain());
        let (sql, arguments) = (self.own_sql(sql), arguments(params)?);
        self.take_off().await?;
        self.prepare_own(&sql).await?;
        if !plain {
            // It commits, which removes the transaction's mark.
            (self.begun, self.has_defined) = (false, true);
        }
        let done = self.ready().await?.execute(&sql, arguments).await;
        if done.is_ok() && sql.starts_with("CREATE TABLE") {
            self.check_engines().await?;
        }
        Ok(done)
    }

    /// Checks a new table's engine, because a server can be configured to use one for every table. Error: `Engine`.
    async fn check_engines(&mut self) -> Result<(), BackendError> {
        let sql = "SELECT CONVERT(table_name USING utf8mb4), CONVERT(engine USING utf8mb4)
            FROM information_schema.tables WHERE table_schema = ?
            AND table_name LIKE 'alteration!_%' ESCAPE '!'";
        let database = Cell::text(&self.server.database);
        for row in self.read_own(sql, &[database]).await? {
            if let [Cell::Text(Some(table)), Cell::Text(Some(engine))] = &row[..]
                && tables::is_own(&table.to_lowercase())
                && !engine.eq_ignore_ascii_case("InnoDB")
            {
                return Err(BackendError::Engine { table: table.clone(), engine: engine.clone() });
            }
        }
        Ok(())
    }

    /// Prepares a statement before its execution, if it is in a transaction of a cluster.
    async fn prepare_own(&mut self, sql: &str) -> Result<(), BackendError> {
        if !self.server.galera || !self.begun {
            return Ok(());
        }
        let prepared = self.ready().await?.prepare_own(sql).await;
        prepared.map_err(|error| self.host_error(&error))?;
        self.check_prepared().await
    }

    pub(super) async fn read_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<Vec<Vec<Cell>>, BackendError> {
        let (sql, arguments) = (self.own_sql(sql), arguments(params)?);
        self.take_off().await?;
        self.prepare_own(&sql).await?;
        let rows = self.ready().await?.rows(&sql, arguments).await;
        let rows = rows.map_err(|error| self.host_error(&error))?;
        rows.iter().map(cells).collect()
    }
}

pub(super) fn arguments(params: &[Cell]) -> Result<MySqlArguments, BackendError> {
    let mut arguments = MySqlArguments::default();
    for param in params {
        match param {
            Cell::Integer(value) => arguments.add(*value),
            Cell::Text(value) => arguments.add(value.as_deref()),
            Cell::Bytes(value) => arguments.add(value.as_deref()),
        }
        .map_err(|error| BackendError::Database(error.to_string()))?;
    }
    Ok(arguments)
}

fn cells(row: &MySqlRow) -> Result<Vec<Cell>, BackendError> {
    row.columns()
        .iter()
        .enumerate()
        .map(|(at, column)| cell(row, at, column).map_err(BackendError::Corrupt))
        .collect()
}

/// Decodes a cell by its column's type, so that a NULL has the case of its column.
fn cell(row: &MySqlRow, at: usize, column: &sqlx::mysql::MySqlColumn) -> Result<Cell, String> {
    let (_, kind) = column::describe(column, None);
    let bytes = value::raw(row, at)?;
    match kind {
        column::Kind::Bytes => Ok(Cell::Bytes(bytes.map(<[u8]>::to_vec))),
        column::Kind::Boolean { signed } | column::Kind::Integer { signed } => {
            let kind = column::Kind::Integer { signed };
            Ok(Cell::Integer(match value::value(kind, bytes, value::Format::Binary)? {
                Value::Int64(value) => Some(value),
                // Sums of the runner's own numbers; never beyond 64 bits.
                Value::BigInteger(digits) => Some(whole(&digits)?),
                _ => None,
            }))
        }
        // What the server makes of a sum of integers.
        column::Kind::Decimal => Ok(Cell::Integer(match bytes {
            Some(bytes) => Some(whole(&String::from_utf8_lossy(bytes))?),
            None => None,
        })),
        column::Kind::Null => Ok(Cell::Text(None)),
        _ => match value::value(column::Kind::Text, bytes, value::Format::Binary)? {
            Value::Text(text) => Ok(Cell::Text(Some(text))),
            _ => Ok(Cell::Text(None)),
        },
    }
}

fn whole(digits: &str) -> Result<i64, String> {
    digits.parse().map_err(|_| "a column holds a number that is not whole".to_owned())
}
