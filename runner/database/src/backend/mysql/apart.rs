//! A session of the hook's own, from the first statement that a resumed hook could not repeat.
//!
//! The runner keeps nothing in it (no table lock, no transaction, no row of the journal), except a named lock by which
//! another runner finds the session (`orphan.rs`). Statements commit as they would from the server's own client, and what
//! they leave in the session (tables, variables, locks) ends with it.
//!
//! A flag in the server's answers shows whether a transaction was left open. Reading it needs no right and no query, which
//! could itself begin a transaction. (MySQL lists transactions only to users that may see those of all users.)
//!
//! Statements go as text, unprepared, and the runner sends nothing between two of them: ROW_COUNT(), FOUND_ROWS() and
//! @@warning_count would then be about the runner's statement. A statement with parameters, or whose rows the guest reads,
//! has to be prepared. On a Galera cluster a preparation hides that another node's commit has rolled the transaction back,
//! so that there the transaction is checked before and after it.

use super::{
    MysqlConnection,
    call::{Call, guest_side},
    connect::MysqlConnector,
    error, orphan,
    value::own_text,
    wire::Wire,
    worn::other_charset,
};
use crate::{
    backend::{
        BackendError,
        connection::{Apart, HookMode, HookSettings, SharedConnection},
    },
    session::{ErrorKind, Session as _, SqlError, Value},
    sql::{self, Statement},
};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The savepoint that marks the transaction of a hook's own session while a statement is prepared, on a cluster.
const MARK: &str = "SAVEPOINT runner_apart";
const UNMARK: &str = "RELEASE SAVEPOINT runner_apart";

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

    /// Returns the value of LAST_INSERT_ID().
    async fn last_insert_id(&mut self) -> Result<u64, BackendError> {
        let rows = self.ready().await?.text_rows("SELECT LAST_INSERT_ID()").await;
        let rows = rows.map_err(|failure| self.host_error(&failure))?;
        let value = rows.first().and_then(|row| own_text(row, 0).ok().flatten());
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or_default())
    }

    /// Returns whether the session has a transaction that was not ended.
    async fn is_left_open(&mut self) -> Result<bool, BackendError> {
        let open = self.ready().await?.is_in_transaction().await;
        open.map_err(|failure| self.host_error(&failure))
    }
}

impl MysqlConnection {
    /// Opens a new session of the same user in the same database and the same server process.
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
        // Transactions are the hook's, as the client would have them.
        let is_older = fresh.settings.mariadb && !fresh.server.is_at_least((11, 1, 1));
        let isolation = if is_older { "tx_isolation" } else { "transaction_isolation" };
        sql.push_str(&format!("; SET SESSION {isolation} = DEFAULT"));
        if last_insert_id != 0 {
            sql.push_str(&format!("; SET last_insert_id = {last_insert_id}"));
        }
        fresh.own_text(&sql).await?;
        fresh.sign_apart(marker).await?;
        Ok(fresh)
    }

    /// Reads the mode in which the next statement, `sql`, runs, if an earlier statement can have changed it. Returns whether
    /// it did. Reads nothing if `sql` asks about the statement before it, because the read would become that statement.
    pub(super) async fn learn_mode(&mut self, sql: &str) -> Result<bool, SqlError> {
        if !self.is_mode_unknown || self.is_about_before(sql) {
            return Ok(false);
        }
        self.is_mode_unknown = false;
        self.read_mode().await.map_err(guest_side)?;
        Ok(true)
    }

    fn is_about_before(&self, sql: &str) -> bool {
        let statement = Statement::one(sql, self.reading());
        statement.is_ok_and(|statement| sql::is_about_the_one_before(&statement))
    }

    /// Returns whether a call is sent as the client would send it.
    pub(super) fn goes_as_text(&self, call: &Call, params: &[Value]) -> bool {
        self.mode == HookMode::Apart
            && params.is_empty()
            && (!call.wants_rows || self.is_about_before(call.sql()))
    }

    /// Returns, on a cluster, whether the hook's own session has a transaction that a preparation must not lose. Fails if
    /// another node has rolled it back.
    pub(super) async fn before_preparing(&mut self, call: &Call) -> Result<(), SqlError> {
        self.was_in_transaction = false;
        if self.mode != HookMode::Apart || !self.server.galera {
            return Ok(());
        }
        if self.is_about_before(call.sql()) {
            return Err(SqlError::new(
                ErrorKind::Denied,
                "on a cluster, a statement that asks what the one before did has no parameters here: use what execute returned",
            ));
        }
        // Outside of a transaction a savepoint is gone at once.
        self.was_in_transaction = self.marked(&[MARK, UNMARK]).await?;
        if self.was_in_transaction {
            self.marked(&[MARK]).await?;
        }
        Ok(())
    }

    /// Sets or removes the mark. Returns whether there was one to remove.
    async fn marked(&mut self, statements: &[&str]) -> Result<bool, SqlError> {
        for sql in statements {
            match self.ready().await.map_err(guest_side)?.text(sql).await {
                Ok(()) => {}
                Err(failure) if error::number(&failure) == Some(error::NO_SUCH_SAVEPOINT) => {
                    return Ok(false);
                }
                Err(failure) => return Err(error::guest_error(&failure, "")),
            }
        }
        Ok(true)
    }

    /// Checks that the transaction of a statement that was just prepared is still there, if it has one.
    pub(super) async fn check_prepared_apart(&mut self) -> Result<(), SqlError> {
        match self.was_in_transaction && !self.marked(&[UNMARK]).await? {
            true => Err(guest_side(self.ended())),
            false => Ok(()),
        }
    }

    /// Reads the mode in which the next statement is parsed.
    pub(super) async fn after_call_apart(&mut self, call: &Call) -> Result<(), SqlError> {
        // A routine's mode ends with it; what these run may set another.
        self.is_mode_unknown |= matches!(
            call.verb.as_str(),
            "EXECUTE" | "BEGIN" | "IF" | "CASE" | "LOOP" | "WHILE" | "REPEAT" | "FOR"
        );
        let sql = call.sql().to_ascii_lowercase();
        if call.verb == "SET" && (sql.contains("sql_mode") || sql.contains("character_set")) {
            self.read_mode().await.map_err(guest_side)?;
            // ROW_COUNT() returns the same after this as after a SET.
            self.own_text("DO 0").await.map_err(guest_side)?;
        }
        Ok(())
    }

    async fn read_mode(&mut self) -> Result<(), BackendError> {
        let sql = "SELECT @@SESSION.sql_mode, @@SESSION.character_set_client, @@SESSION.character_set_results";
        let rows = self.ready().await?.text_rows(sql).await;
        let rows = rows.map_err(|failure| self.host_error(&failure))?;
        let value = |at| rows.first().and_then(|row| own_text(row, at).ok().flatten());
        for (at, name) in [(1, "character_set_client"), (2, "character_set_results")] {
            if !sql::is_utf8(&value(at).unwrap_or_default()) {
                return Err(BackendError::Refused(other_charset(name)));
            }
        }
        let mode = value(0).unwrap_or_default();
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
    /// Returns whether the session is in a transaction, by the flag of the server's last answer.
    async fn is_in_transaction(&mut self) -> Result<bool, sqlx::Error> {
        // sqlx looks at the flag behind the statement that is to begin a transaction. This one begins none.
        match self.begin_with("DO 0").await {
            Ok(()) => Ok(true),
            Err(sqlx::Error::BeginFailed) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}
