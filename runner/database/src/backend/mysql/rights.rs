//! Whether this user may read the runner's tables: the catalogue hides a table from a user without rights on it, so what is not
//! seen may be there all the same.

use super::{MysqlConnection, error};
use crate::backend::{
    BackendError, connection::Cell, identifier::in_backticks as quote, tables::schema,
};
use sqlx::mysql::MySqlArguments;

/// No right on the database, the table, or all of its columns.
const DENIED: [u16; 3] = [1044, 1142, 1143];

impl MysqlConnection {
    /// The statements that would let this user read those of the tables that it may not.
    pub(super) async fn grants(&mut self) -> Result<Vec<String>, BackendError> {
        let database = quote(&self.server.database);
        let mut denied = Vec::new();
        for table in schema::TABLES {
            let sql = format!("SELECT 1 FROM {database}.{table} LIMIT 0");
            let read = self.ready().await?.rows(&sql, MySqlArguments::default()).await;
            match read.map_err(|error| (error::number(&error), error)) {
                Err((Some(number), _)) if DENIED.contains(&number) => denied.push(table),
                // That it is not there is an answer too, and other errors are told when it is read.
                _ => {}
            }
        }
        if denied.is_empty() {
            return Ok(Vec::new());
        }
        let user =
            match self.read_own("SELECT CURRENT_USER()", &[]).await?.into_iter().flatten().next() {
                Some(Cell::Text(Some(user))) => user,
                Some(Cell::Bytes(Some(user))) => String::from_utf8_lossy(&user).into_owned(),
                _ => String::new(),
            };
        let (name, host) = user.rsplit_once('@').unwrap_or((&user, "%"));
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let user = format!("{}@{}", quoted(name), quoted(host));
        Ok(denied
            .iter()
            .map(|table| format!("GRANT SELECT ON {database}.{table} TO {user};"))
            .collect())
    }
}
