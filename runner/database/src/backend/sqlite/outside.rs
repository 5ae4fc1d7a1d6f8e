//! Statements that run outside of the journal's segments on SQLite, and the settings of such hooks.
//!
//! The journal asks three times: may the statement need this (then a mark is set), does it need it (an error of the
//! session's own is the answer), and then to run it. A hook in one transaction sets no mark and gets SQLite's own errors.

use super::{
    bounds::refused,
    error::{guest_error, host_error, raw_host_error},
    guard::Rights,
    raw,
    session::SqliteSession,
    transaction::{drop_temporary, run},
};
use crate::{
    alteration::ForeignKeys,
    backend::{
        BackendError,
        connection::{RepeatsSettings, RunsOutside},
        transaction::Durability,
    },
    crash,
    session::{ErrorKind, Lacks, Outcome, SqlError},
    sql::sqlite::{self, Outside, outside},
};
use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use std::sync::atomic::Ordering;

/// For the journal only; never reaches a guest.
const NEEDS_OUTSIDE: &str = "the statement runs outside of a transaction";

/// The state outside of a transaction while a hook runs.
#[derive(Debug, Default)]
pub(super) struct Outsides {
    /// Set while the journal asks whether the current statement needs to run outside.
    pub(super) is_marked: bool,
    /// Whether SQLite enforces foreign keys.
    enforces_keys: bool,
    /// Whether the hook begins with them enforced, as its alteration declares.
    declared_keys: bool,
    /// The hook's own setting since then. A transaction cannot change it, so it is made before the next one.
    set_keys: Option<bool>,
    /// Set between the beginning of a hook and its end.
    pub(super) in_hook: bool,
    /// Set once a transaction of the hook is committed, and with it the temporary objects that it made.
    pub(super) has_committed: bool,
    /// Settings of a resumed hook, made again before its first transaction.
    again: Vec<String>,
}

impl Outsides {
    /// Returns an error, once, if the statement has to run outside.
    pub(super) fn refuse(&mut self, sql: &str) -> Result<(), SqlError> {
        match self.is_marked && self.needs(sql) {
            true => {
                self.is_marked = false;
                Err(SqlError::new(ErrorKind::Denied, NEEDS_OUTSIDE))
            }
            false => Ok(()),
        }
    }

    pub(super) fn needs(&self, sql: &str) -> bool {
        match outside(sql) {
            Some(Outside::ForeignKeys(on)) => on != self.wants_keys(),
            other => other.is_some(),
        }
    }

    /// Notes that a hook begins whose alteration declares `keys`.
    pub(super) fn enter(&mut self, keys: ForeignKeys) {
        self.declared_keys = keys == ForeignKeys::Enforced;
    }

    pub(super) fn enforces_keys(&self) -> bool {
        self.enforces_keys
    }

    /// Returns whether the next transaction needs settings that a transaction cannot make.
    pub(super) fn needs_preparation(&self) -> bool {
        self.wants_keys() != self.enforces_keys || !self.again.is_empty()
    }

    fn wants_keys(&self) -> bool {
        self.set_keys.unwrap_or(self.declared_keys)
    }

    /// Returns that the statement did not take effect, so that it runs again: all that runs outside is idempotent.
    pub(super) fn is_repeatable(sql: &str) -> bool {
        outside(sql).is_some()
    }
}

impl RepeatsSettings for SqliteSession {
    fn replayed(&mut self, sql: &str) {
        if let Some(Outside::ForeignKeys(on)) = outside(sql) {
            self.outside.set_keys = Some(on);
        } else if let Some((name, value)) = sqlite::pragma_of(sql) {
            self.outside.again.extend(sqlite::setting(&name, &value));
        }
    }
}

#[async_trait]
impl RunsOutside for SqliteSession {
    fn may_need_outside(&self, sql: &str) -> bool {
        self.outside.needs(sql)
    }

    async fn mark(&mut self) -> Result<(), BackendError> {
        self.outside.is_marked = true;
        Ok(())
    }

    /// Does nothing, because a statement that was refused has changed nothing.
    async fn back_to_mark(&mut self) -> Result<(), BackendError> {
        self.outside.is_marked = false;
        Ok(())
    }

    fn needs_outside(&self, error: &SqlError) -> bool {
        error.message == NEEDS_OUTSIDE
    }

    /// Runs the runner's own statement for what a hook asked for.
    async fn execute_outside(&mut self, sql: &str, _marker: &str) -> Result<Outcome, SqlError> {
        let Some(outside) = outside(sql) else {
            return Err(SqlError::new(ErrorKind::Denied, "the statement needs a transaction"));
        };
        if let Outside::ForeignKeys(on) = outside {
            self.outside.set_keys = Some(on);
        }
        if let Some(bounds) = self.guard.bounds().filter(|bounds| !bounds.is_alone()) {
            match outside {
                Outside::Vacuum => {
                    let plugin = &bounds.granted.plugin;
                    let reason = format!(
                        "`{plugin}` may not run VACUUM: it writes the whole file anew, and numbers the application's rows anew"
                    );
                    return Err(refused(reason, Lacks::Level));
                }
                // How the file keeps what is not committed is the application's choice.
                Outside::JournalMode(_) => return Ok(Outcome::default()),
                Outside::Checkpoint(_) | Outside::ForeignKeys(_) => {}
            }
        }
        let own = outside.sql();
        self.guard.set(Rights::Host);
        self.limit_attached(i32::from(outside == Outside::Vacuum)).await?;
        // VACUUM rewrites the file, which is a commit.
        self.guard.commit_allowed.store(true, Ordering::SeqCst);
        crash::before(&own);
        let ran =
            sqlx::query(AssertSqlSafe(&*own)).persistent(false).execute(&mut self.connection).await;
        crash::after(&own);
        self.guard.commit_allowed.store(false, Ordering::SeqCst);
        let ran = ran.map(drop).map_err(|error| guest_error(error, &self.guard));
        self.limit_attached(0).await?;
        ran?;
        if let Outside::ForeignKeys(on) = outside {
            self.outside.enforces_keys = on;
        }
        Ok(Outcome::default())
    }

    /// Makes a setting of foreign keys, which has the same effect in a rehearsal's transaction as outside of one.
    async fn rehearse_outside(&mut self, sql: &str) -> Result<bool, BackendError> {
        let Some(Outside::ForeignKeys(on)) = outside(sql) else { return Ok(false) };
        self.outside.set_keys = Some(on);
        self.rehearse_keys(on).await?;
        Ok(true)
    }
}

impl SqliteSession {
    /// Sets foreign keys for the statements that follow in a rehearsal's transaction.
    async fn rehearse_keys(&mut self, on: bool) -> Result<(), BackendError> {
        let mut handle = self.connection.lock_handle().await.map_err(host_error)?;
        raw::enforce_foreign_keys(&mut handle, on).map_err(raw_host_error)?;
        drop(handle);
        self.outside.enforces_keys = on;
        // A commit would have ended the transaction, and with it the checks that were left to it.
        self.guard.set(Rights::Host);
        run(&mut self.connection, "PRAGMA defer_foreign_keys = OFF").await
    }

    async fn limit_attached(&mut self, databases: i32) -> Result<(), SqlError> {
        let mut handle = self
            .connection
            .lock_handle()
            .await
            .map_err(|error| SqlError::new(ErrorKind::Disconnected, error.to_string()))?;
        raw::limit_attached(&mut handle, databases);
        Ok(())
    }

    /// Makes the settings that a transaction cannot make, before it begins.
    pub(super) async fn prepare(&mut self) -> Result<(), BackendError> {
        let wanted = self.outside.wants_keys();
        if self.rehearsing {
            self.rehearse_keys(wanted).await?;
        } else if wanted != self.outside.enforces_keys {
            self.guard.set(Rights::Host);
            run(&mut self.connection, &Outside::ForeignKeys(wanted).sql()).await?;
            self.outside.enforces_keys = wanted;
        }
        for setting in std::mem::take(&mut self.outside.again) {
            // Made with the guest's rights, so that it is noted and reset later. It may write the file's header.
            self.guard.set(Rights::Guest);
            self.guard.commit_allowed.store(true, Ordering::SeqCst);
            let ran = run(&mut self.connection, &setting).await;
            self.guard.commit_allowed.store(false, Ordering::SeqCst);
            ran?;
        }
        Ok(())
    }

    /// Drops temporary objects that were committed before, after a hook was rolled back.
    pub(super) async fn drop_leftovers(&mut self) -> Result<(), BackendError> {
        if !std::mem::take(&mut self.outside.has_committed) {
            return Ok(());
        }
        self.begin_transaction().await?;
        drop_temporary(&mut self.connection).await?;
        self.end(Durability::Flushed).await?;
        Ok(())
    }

    /// Resets the settings that end with the hook.
    pub(super) async fn restore_settings(&mut self) -> Result<(), BackendError> {
        (self.outside.declared_keys, self.outside.set_keys) = (false, None);
        self.outside.is_marked = false;
        self.outside.in_hook = false;
        self.outside.again.clear();
        let settings = self.guard.take_settings();
        self.guard.set(Rights::Host);
        // Outside of a transaction some of them, like auto_vacuum, write the file's header, which is a commit. Within
        // one nothing commits here.
        self.guard.commit_allowed.store(true, Ordering::SeqCst);
        let mut restored = Ok(());
        for setting in settings {
            if restored.is_ok() {
                restored = self.restore(setting).await;
            }
        }
        self.guard.commit_allowed.store(false, Ordering::SeqCst);
        restored
    }

    async fn restore(
        &mut self,
        sqlite::Setting { name, default }: sqlite::Setting,
    ) -> Result<(), BackendError> {
        let value = match default {
            Some(value) => value.to_owned(),
            None => {
                let sql = format!("PRAGMA main.{name}");
                let value: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                    .persistent(false)
                    .fetch_one(&mut self.connection)
                    .await
                    .map_err(host_error)?;
                value.to_string()
            }
        };
        run(&mut self.connection, &format!("PRAGMA {name} = {value}")).await
    }

    /// Changes the file's journal mode after a commit, if the hook asked for it. The mode is not part of the alteration, which
    /// is committed already: if other connections prevent the change, the file keeps its mode.
    pub(super) async fn change_journal_mode(&mut self) {
        if let Some(mode) = self.guard.take_journal_mode() {
            self.guard.set(Rights::Host);
            // It writes the file's header, which is a commit.
            self.guard.commit_allowed.store(true, Ordering::SeqCst);
            let _ = run(&mut self.connection, mode.sql()).await;
            self.guard.commit_allowed.store(false, Ordering::SeqCst);
        }
    }
}
