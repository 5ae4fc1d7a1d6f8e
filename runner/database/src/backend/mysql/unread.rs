//! Results that sqlx cannot decode: at a column of an unknown type it stops in the middle of a message, and the connection
//! cannot be used after that. MySQL's VECTOR (from 9.0) is such a type.
//!
//! The rollback that follows opens another session. The guest's error names the column, so that this never looks like a
//! network failure.

use super::{MysqlConnection, call::Call, connect, value::own_text};
use crate::{
    session::{ErrorKind, Session as _, SqlError},
    sql::Statement,
};
use sqlx::Executor as _;

/// The beginning of sqlx's message about a type that it does not know; the type's number follows.
const SIGN: &str = "unknown column type ";
const VECTOR: &str = "0xf2";

/// Returns the number of the unknown type, if one is the cause of the error.
pub(super) fn unknown_type(failure: &sqlx::Error) -> Option<&str> {
    match failure {
        sqlx::Error::Protocol(message) => {
            // The place in sqlx follows.
            message.split_once(SIGN)?.1.split_whitespace().next()
        }
        _ => None,
    }
}

impl MysqlConnection {
    /// Returns the error for a guest: names the columns of that type in the tables that `call` reads.
    pub(super) async fn unread(&self, call: &Call, number: &str) -> SqlError {
        let (name, how) = if number == VECTOR {
            ("VECTOR", "HEX(…) for its bytes or VECTOR_TO_STRING(…)")
        } else {
            (number, "CAST(… AS BINARY)")
        };
        let columns = match number {
            VECTOR => self.vector_columns(call.sql()).await,
            _ => Vec::new(),
        };
        let what = match &columns[..] {
            [] => format!("a column of the result has the type {name}"),
            [column] => format!("column {column} has the type {name}"),
            several => format!("columns {} have the type {name}", several.join(", ")),
        };
        SqlError::new(
            ErrorKind::Conversion,
            format!("{what}, which cannot be read as it is; read {how}"),
        )
    }

    /// Reads the columns on another connection, because this one cannot be used. Empty if that fails too.
    async fn vector_columns(&self, sql: &str) -> Vec<String> {
        let Ok(statement) = Statement::one(sql, self.reading()) else { return Vec::new() };
        let names: Vec<String> = statement.names().iter().map(|name| name.to_lowercase()).collect();
        let Ok(mut second) = connect::second(&self.url).await else { return Vec::new() };
        let found = second
            .fetch_all(sqlx::raw_sql(
                "SELECT CONVERT(table_name USING utf8mb4), CONVERT(column_name USING utf8mb4)
                 FROM information_schema.columns
                 WHERE table_schema = DATABASE() AND data_type = 'vector'",
            ))
            .await
            .unwrap_or_default();
        super::wire::Wire::new(second, std::time::Duration::from_secs(1)).close().await;
        let text = |row, at| own_text(row, at).ok().flatten().unwrap_or_default();
        let columns = found.iter().map(|row| (text(row, 0), text(row, 1)));
        columns
            .filter(|(table, _)| names.contains(&table.to_lowercase()))
            .map(|(table, column)| format!("{table}.{column}"))
            .collect()
    }
}
