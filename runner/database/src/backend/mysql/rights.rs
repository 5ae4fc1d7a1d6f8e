//! Reads what this user may do beyond the database and with the runner's tables. The catalogue hides a table from a user
//! without rights on it, so that a table which is not listed may exist.

use super::{
    MysqlConnection, error,
    powers::{Line, held},
};
use crate::backend::{
    BackendError,
    connection::{Cell, Rights},
    identifier::in_backticks as quote,
    powers::Powers,
};
use alteration_domain::record::tables;
use async_trait::async_trait;
use sqlx::mysql::MySqlArguments;
use std::collections::BTreeSet;

/// Errors for a missing right on the database, the table, or all of its columns.
const DENIED: [u16; 3] = [1044, 1142, 1143];

#[async_trait]
impl Rights for MysqlConnection {
    async fn powers(&mut self) -> Result<Powers, BackendError> {
        let mut lines = self.granted("SHOW GRANTS").await?;
        let roles: BTreeSet<String> = lines.iter().flat_map(Line::roles).cloned().collect();
        if !roles.is_empty() {
            lines.extend(self.granted_by(&roles).await?);
        }
        let held = held(&lines);
        if held.is_empty() {
            return Ok(Powers::default());
        }
        let user = self.asked("SELECT CURRENT_USER()").await?.unwrap_or_default();
        let owner_sql = self.owner_sql(&user).await?;
        Ok(Powers { user, held, owner_sql })
    }

    async fn grants_to_read(&mut self) -> Result<Vec<String>, BackendError> {
        let database = quote(&self.server.database);
        let mut denied = Vec::new();
        for table in tables::TABLES {
            let sql = format!("SELECT 1 FROM {database}.{table} LIMIT 0");
            let read = self.ready().await?.rows(&sql, MySqlArguments::default()).await;
            match read.map_err(|error| (error::number(&error), error)) {
                Err((Some(number), _)) if DENIED.contains(&number) => denied.push(table),
                // A missing table is an answer too. Other errors are reported when the table is read.
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
