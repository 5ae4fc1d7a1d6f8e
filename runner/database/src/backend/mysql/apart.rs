//! A session that is the hook's own: from the first statement on that a resumed hook could not repeat.
//!
//! Nothing in it is the runner's: no lock, no transaction, no row of the journal. Statements commit as the client's would, and
//! what they leave in the session (tables, variables, locks) ends with it.
//!
//! Whether a transaction was left open is told by a flag in the server's answers, which needs no right and no question
//! that could begin one (MySQL shows transactions only to those who may see everybody's).

use super::{
    MysqlConnection, call::guest_side, connect::MysqlConnector, orphan, value::own_text, wire::Wire,
};
use crate::{
    backend::{
        BackendError,
        connection::{Apart, HookMode, HookSettings, SharedConnection},
    },
    session::{Session as _, SqlError},
    sql::{self, Statement},
};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::Mutex;

#[async_trait]
impl Apart for MysqlConnection {
    async fn open_apart(
        &mut self,
        hook: HookSettings,
        marker: &str,
        last_insert_id: u64,
    ) -> Result<SharedConnection, BackendError> {
        let fresh = self.open_beside(hook, marker, last_insert_id).await?;
        Ok(Arc::new(Mutex::new(fresh)))
    }

    async fn stay_awake(&mut self) -> Result<(), BackendError> {
        self.ready().await?;
        self.own_text("DO 0").await
    }

    /// What LAST_INSERT_ID() is.
    async fn last_insert_id(&mut self) -> Result<u64, BackendError> {
        let rows = self.ready().await?.text_rows("SELECT LAST_INSERT_ID()").await;
        let rows = rows.map_err(|failure| self.host_error(&failure))?;
        let value = rows.first().and_then(|row| own_text(row, 0).ok().flatten());
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or_default())
    }

    /// Whether the session has a transaction that nobody ended.
    async fn is_left_open(&mut self) -> Result<bool, BackendError> {
        let open = self.ready().await?.is_in_transaction().await;
        open.map_err(|failure| self.host_error(&failure))
    }
}

impl MysqlConnection {
    /// A new session of the same user in the same database and the same server process.
    pub(super) async fn open_beside(
        &mut self,
        hook: HookSettings,
        marker: &str,
        last_insert_id: u64,
    ) -> Result<Self, BackendError> {
        let mut fresh = MysqlConnector::new(&self.url, &self.options).open().await?;
        if !fresh.server.is_same_process(&self.server) {
            let reason = "a second connection leads to another server".to_owned();
            return Err(BackendError::Unreachable { url: self.url.to_string(), reason });
        }
        fresh.mode = HookMode::Apart;
        fresh.level = hook.level;
        fresh.marker = Some(orphan::comment(marker));
        fresh.settings = self.settings;
        let mut sql = fresh.settings.sql();
        if last_insert_id != 0 {
            sql.push_str(&format!("; SET last_insert_id = {last_insert_id}"));
        }
        fresh.own_text(&sql).await?;
        Ok(fresh)
    }

    /// After a statement that can have set anything, reads the mode in which the next one runs, which is `sql`. Whether
    /// it did. Not before one that is about the statement before: a question would be that one then.
    pub(super) async fn learn_mode(&mut self, sql: &str) -> Result<bool, SqlError> {
        let is_about_before = || {
            Statement::one(sql, self.reading())
                .is_ok_and(|statement| sql::is_about_the_one_before(&statement))
        };
        if !self.is_mode_unknown || is_about_before() {
            return Ok(false);
        }
        self.is_mode_unknown = false;
        self.read_mode().await.map_err(guest_side)?;
        Ok(true)
    }

    async fn read_mode(&mut self) -> Result<(), BackendError> {
        let rows = self.ready().await?.text_rows("SELECT @@SESSION.sql_mode").await;
        let rows = rows.map_err(|failure| self.host_error(&failure))?;
        let mode = rows.first().and_then(|row| own_text(row, 0).ok().flatten());
        let mode = mode.unwrap_or_default();
        if sql::is_foreign(&mode) {
            let mode = BackendError::Mode { url: self.url.to_string(), mode };
            return Err(mode);
        }
        self.worn = None;
        self.native.sql_mode = mode;
        Ok(())
    }
}

impl Wire {
    /// Whether the session is in a transaction, by the flag of the server's last answer.
    async fn is_in_transaction(&mut self) -> Result<bool, sqlx::Error> {
        // sqlx looks at the flag behind the statement that is to begin a transaction. This one begins none.
        match self.begin_with("DO 0").await {
            Ok(()) => Ok(true),
            Err(sqlx::Error::BeginFailed) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}
