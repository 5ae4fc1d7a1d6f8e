//! Transactions: begun with a mark that shows whether it is still the same one, and ended for certain.
//!
//! The mark is a savepoint. A statement that commits by itself removes it, which shows the end of a transaction on every
//! version of either server and without special rights.
//!
//! A Galera cluster also rolls back a transaction that conflicts with another node's commit. It reports that in its answer to
//! the next message, with two exceptions: it answers the preparation of a statement as if nothing had happened, and a text
//! of several statements continues behind the one that was rolled back. The rest would then run, and commit, outside of any
//! transaction. So on a cluster the mark is checked between a preparation and its execution, and each statement is sent by
//! itself.

use super::{MysqlConnection, connect, error, sessions, watch};
use crate::{
    backend::{
        BackendError,
        connection::{Locking, Sessions as _, SignedLease, Transactions},
        one_by_one,
        transaction::{Durability, End, Own, Rows, Start, TxError},
    },
    session::{ErrorKind, SqlError},
};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MARK: &str = "SAVEPOINT runner_transaction";
/// Removes the mark, and fails if it is gone. ROLLBACK TO would undo work.
const UNMARK: &str = "RELEASE SAVEPOINT runner_transaction";
/// How long a statement may take to end after a KILL, before its whole session is ended.
const QUERY_END_TIME: Duration = Duration::from_secs(10);
const KILL_AGAIN: Duration = Duration::from_secs(1);
/// The number of answers that may be errors of a call that was cut off, before the connection counts as broken.
const STALE_ANSWERS_MAX: usize = 8;

#[async_trait]
impl Transactions for MysqlConnection {
    async fn start(&mut self, start: Start) -> Result<Vec<Rows>, TxError> {
        one_by_one::start(self, start).await
    }

    async fn look(&mut self) -> Result<(), BackendError> {
        self.begin_transaction().await
    }

    async fn read(&mut self, queries: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        self.look().await.map_err(TxError::Start)?;
        let rows = one_by_one::own(self, queries).await?;
        self.rollback().await.map_err(TxError::Start)?;
        Ok(rows)
    }

    async fn own(&mut self, statements: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        one_by_one::own(self, statements).await
    }

    async fn finish(&mut self, end: End) -> Result<Durability, TxError> {
        one_by_one::finish(self, end).await
    }

    async fn apply(
        &mut self,
        statements: Vec<Own>,
        _durability: Durability,
    ) -> Result<Durability, TxError> {
        one_by_one::apply(self, statements).await
    }

    async fn rollback(&mut self) -> Result<(), BackendError> {
        self.forget_hook();
        self.end_what_runs().await?;
        (self.begun, self.has_defined) = (false, false);
        match self.own_text("ROLLBACK").await {
            // The server rolls back a lost session, so that only a new one is needed.
            Err(BackendError::Disconnected(_)) => self.end_what_runs().await?,
            result => result?,
        }
        self.restore_settings().await
    }
}

impl MysqlConnection {
    /// Returns the error for a transaction that something other than the runner ended.
    pub(super) fn ended(&self) -> BackendError {
        if self.server.galera {
            return BackendError::Refused(SqlError {
                retryable: true,
                ..SqlError::new(
                    ErrorKind::Serialization,
                    "another node of the cluster was faster, so the transaction was rolled back",
                )
            });
        }
        BackendError::TransactionEnded("its savepoint is gone".to_owned())
    }

    pub(super) async fn begin_transaction(&mut self) -> Result<(), BackendError> {
        self.end_what_runs().await?;
        // START TRANSACTION would silently commit it.
        if self.is_still_begun().await? {
            return Err(BackendError::Database("a transaction is already open".to_owned()));
        }
        let apart = self.server.galera;
        let begun = self.wire()?.both("START TRANSACTION", MARK, apart).await;
        begun.map_err(|error| self.host_error(&error))?;
        (self.begun, self.has_defined) = (true, false);
        Ok(())
    }

    /// Checks, on a cluster, that the transaction of a statement that was just prepared is still there, if it has one.
    pub(super) async fn check_prepared(&mut self) -> Result<(), BackendError> {
        if self.server.galera && self.begun && !self.is_still_begun().await? {
            return Err(self.ended());
        }
        Ok(())
    }

    pub(super) async fn is_still_begun(&mut self) -> Result<bool, BackendError> {
        if !self.begun {
            return Ok(false);
        }
        let apart = self.server.galera;
        match self.ready().await?.both(UNMARK, MARK, apart).await {
            Ok(()) => Ok(true),
            Err(error) if error::number(&error) == Some(error::NO_SUCH_SAVEPOINT) => {
                self.begun = false;
                Ok(false)
            }
            Err(error) => Err(self.host_error(&error)),
        }
    }

    /// Commits the transaction, if it is still the one that was begun.
    pub(super) async fn commit_transaction(&mut self) -> Result<(), BackendError> {
        if std::mem::take(&mut self.has_defined) {
            return self.own_text("COMMIT").await;
        }
        if !self.begun {
            return Err(self.ended());
        }
        if self.wire()?.is_cut_off() {
            return Err(BackendError::Database("a statement was cut off".to_owned()));
        }
        // The first error ends it: without the mark there is no COMMIT.
        let apart = self.server.galera;
        match self.wire()?.both(UNMARK, "COMMIT", apart).await {
            Ok(()) => {
                self.begun = false;
                Ok(())
            }
            Err(error) if error::number(&error) == Some(error::NO_SUCH_SAVEPOINT) => {
                self.begun = false;
                Err(self.ended())
            }
            Err(error) => Err(self.host_error(&error)),
        }
    }

    /// Ends the statement that the server may still run after a call was cut off. Afterwards the connection can be used. If
    /// the old one was lost, it is a new one that has taken the lock again.
    pub(super) async fn end_what_runs(&mut self) -> Result<(), BackendError> {
        let wire = self.wire()?;
        if !wire.is_cut_off() {
            return Ok(());
        }
        if wire.is_broken() || !self.end_query().await? {
            self.replace().await?;
        }
        Ok(())
    }

    /// Ends only the statement, so that session and lock stay. Returns false if the session did not answer again.
    async fn end_query(&mut self) -> Result<bool, BackendError> {
        let Ok(mut second) = watch::second_on(&self.url, &self.server).await else {
            return Ok(false);
        };
        let id = self.server.connection_id;
        let wire = self.wire.as_mut().ok_or_else(super::closed)?;
        let deadline = Instant::now() + QUERY_END_TIME;
        let came_back = {
            let mut answering = std::pin::pin!(answers(wire));
            loop {
                // Repeated, because the statement may have begun only after the first KILL.
                if sessions::kill(&mut second, "QUERY", id).await.is_err() {
                    break false;
                }
                let pause = sleep(KILL_AGAIN);
                tokio::select! {
                    came_back = &mut answering => break came_back,
                    () = pause => {}
                }
                if Instant::now() > deadline {
                    break false;
                }
            }
        };
        super::wire::Wire::new(second, KILL_AGAIN).close().await;
        // The last KILL may have met a session that had already answered, and end the next question.
        let came_back = came_back && answers(wire).await;
        if came_back {
            wire.is_mended();
        }
        Ok(came_back)
    }

    /// Ends the old session, waits until it is gone with its transaction, and makes a new one.
    pub(super) fn replace(&mut self) -> BoxFuture<'_, Result<(), BackendError>> {
        // Boxed, because the functions it calls may find their connection cut off in turn and call it.
        Box::pin(self.replace_now())
    }

    async fn replace_now(&mut self) -> Result<(), BackendError> {
        (self.begun, self.has_defined) = (false, false);
        self.untouched = None;
        self.borrowed = None;
        self.worn = None;
        let connector = connect::MysqlConnector::new(&self.url, &self.options);
        let mut fresh = match connector.open().await {
            Ok(fresh) => fresh,
            Err(BackendError::Unreachable { reason, .. }) => {
                return Err(BackendError::Disconnected(reason));
            }
            Err(other) => return Err(other),
        };
        // On another server, or after a restart, the number belongs to another session.
        if fresh.server.is_same_process(&self.server) {
            fresh.end_session(self.server.connection_id).await?;
        }
        if let Some(old) = self.wire.take() {
            old.close().await;
        }
        self.wire = fresh.wire.take();
        self.server = fresh.server.clone();
        self.native = fresh.native.clone();
        // Behind a proxy, or in a cluster, it may be another server with another zone.
        self.zones.clear();
        let sql = self.settings.sql();
        self.own_text(&sql).await?;
        if let Some(SignedLease { fence, sign }) = self.lease {
            // Another runner that takes the lease over then ends this session, and not the earlier one.
            let sign = sign(self.session_name(), fence);
            self.execute_own(&sign.sql, &sign.params).await?;
        }
        // `locked` stays set until here, so that another try takes the lock as well.
        if std::mem::take(&mut self.locked) {
            match self.try_lock().await? {
                crate::backend::connection::LockTry::Held => {}
                crate::backend::connection::LockTry::HeldBy(holder) => {
                    return Err(BackendError::Locked(holder));
                }
            }
        }
        Ok(())
    }
}

/// Returns whether the connection answers the current question. A call that was cut off may be answered first.
pub(super) async fn answers(wire: &mut super::wire::Wire) -> bool {
    for attempt in 0..STALE_ANSWERS_MAX {
        match wire.echo(&format!("runner {attempt}")).await {
            Ok(true) => return true,
            Ok(false) => return false,
            // The error of the statement that was ended, or of this question, which the KILL ended instead.
            Err(error) if error.as_database_error().is_some() => {}
            Err(_) => return false,
        }
    }
    false
}
