//! The end of what a link is at: a statement whose caller went away, a server that does not answer, a session
//! that is lost.
//!
//! Whatever is ended is waited for, because its locks end with it.

use super::{Link, closed};
use crate::backend::{
    BackendError,
    postgres::{error, text::literal},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long a statement may take to give way before its server session is ended.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);
const CANCEL_POLL: Duration = Duration::from_millis(200);

impl Link {
    /// Gives up a connection on which no answer comes. Its server session would keep locks, and
    /// whoever goes on would find them, so it is ended from another connection where one can be had.
    pub(super) async fn abandon(&mut self) -> sqlx::Error {
        let mut helper = None;
        // It may be that nothing can be reached; the error is the same.
        let _ = timeout(self.answer_time, self.signal(&mut helper, "pg_terminate_backend")).await;
        self.connection = None;
        self.busy = false;
        sqlx::Error::Io(std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            "the server did not answer in time",
        ))
    }

    /// Ends whatever still runs, and makes the connection ready for the next statement.
    pub(in crate::backend::postgres) async fn settle(&mut self) -> Result<(), BackendError> {
        if !self.busy && self.copying.is_none() {
            return Ok(());
        }
        let deadline = Instant::now() + CANCEL_PATIENCE;
        let mut helper = None;
        loop {
            // First the signal: reading what a statement still sends does not end before it does,
            // and gives no other task a turn while there is something to read.
            let signalled = self.signal(&mut helper, "pg_cancel_backend").await;
            if self.is_ready().await? {
                break;
            }
            if Instant::now() >= deadline {
                signalled?;
                self.signal(&mut helper, "pg_terminate_backend").await?;
                self.connection = None;
                return Err(BackendError::Disconnected(
                    "a statement did not give way, so its server session was ended".to_owned(),
                ));
            }
        }
        if let Some(helper) = helper {
            // It was only needed for the signal; how it ends changes nothing.
            let _ = timeout(CANCEL_POLL, helper.close()).await;
        }
        self.busy = false;
        self.comment = None;
        Ok(())
    }

    /// Waits a little for the server to be done with what it was told.
    async fn is_ready(&mut self) -> Result<bool, BackendError> {
        if let Some(task) = &mut self.copying {
            match timeout(CANCEL_POLL, task).await {
                Ok(ended) => {
                    self.copying = None;
                    self.connection = ended.ok().map(|(connection, _)| connection);
                }
                Err(_) => return Ok(false),
            }
        }
        let url = self.opener.url();
        let connection =
            self.connection.as_mut().ok_or_else(|| error::host_error(closed(), url))?;
        match timeout(CANCEL_POLL, connection.ping()).await {
            Ok(Ok(())) => Ok(true),
            // How the statement ended, after the fact; the next look finds the connection ready.
            Ok(Err(sqlx::Error::Database(error)))
                if !error.code().is_some_and(|code| code.starts_with("57P")) =>
            {
                Ok(false)
            }
            Ok(Err(error)) => Err(error::host_error(error, url)),
            Err(_) => Ok(false),
        }
    }

    async fn signal(
        &self,
        helper: &mut Option<PgConnection>,
        function: &str,
    ) -> Result<(), BackendError> {
        let sql = match (&self.comment, self.pid) {
            (Some(comment), _) => format!(
                "SELECT pg_catalog.{function}(a.pid) FROM pg_catalog.pg_stat_activity a \
                 WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.usename = session_user \
                    AND a.datname = pg_catalog.current_database() AND a.state <> 'idle' \
                    AND pg_catalog.starts_with(a.query, {})",
                literal(comment)
            ),
            (None, Some(pid)) => format!("SELECT pg_catalog.{function}({pid})"),
            // It may work for anybody by now.
            (None, None) => return Ok(()),
        };
        let connection = match helper {
            Some(connection) => connection,
            None => helper.insert(self.opener.open().await?),
        };
        let signalled = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection);
        let signalled = timeout(CANCEL_PATIENCE, signalled).await;
        signalled
            .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
            .map(drop)
            .map_err(|error| error::host_error(error, self.url()))
    }

    /// Asks the server who works for this connection.
    pub(in crate::backend::postgres) async fn identify(&mut self) -> Result<(), sqlx::Error> {
        let sql = "SELECT pid, (EXTRACT(EPOCH FROM backend_start) * 1000000)::pg_catalog.int8 \
                   FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()";
        let row = self.own_rows(sql).await?.pop().unwrap_or_default();
        let mut row = row.into_iter();
        self.pid = row.next().flatten().and_then(|pid| pid.parse().ok());
        self.began = row.next().flatten();
        Ok(())
    }

    /// Makes a new connection in place of one that is lost. With `end_old`, first ends the old
    /// server session, and waits until it is gone with its locks.
    pub(in crate::backend::postgres) async fn reopen(
        &mut self,
        end_old: bool,
    ) -> Result<(), BackendError> {
        let old = (self.pid, self.began.take());
        self.connection = None;
        if let Some(task) = self.copying.take() {
            task.abort();
        }
        let wait = if self.gave_up { Duration::ZERO } else { self.wait };
        let opened = self.opener.open_patiently(wait).await;
        self.gave_up = opened.is_err();
        self.connection = Some(opened?);
        (self.busy, self.described, self.described_bytes) = (false, 0, 0);
        if let (true, (Some(pid), Some(began))) = (end_old, old) {
            let sql = format!(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                 WHERE pid = {pid} \
                    AND (EXTRACT(EPOCH FROM backend_start) * 1000000)::pg_catalog.int8 = '{began}'"
            );
            let deadline = Instant::now() + CANCEL_PATIENCE;
            loop {
                let left = self.own_rows(&sql).await;
                if left.map_err(|error| error::host_error(error, self.url()))?.is_empty() {
                    break;
                }
                if Instant::now() >= deadline {
                    return Err(BackendError::Stuck);
                }
                sleep(CANCEL_POLL).await;
            }
        }
        let identified = self.identify().await;
        identified.map_err(|error| error::host_error(error, self.url()))
    }

    pub(in crate::backend::postgres) async fn close(&mut self) {
        // Where that cannot be done, nothing else can.
        let _ = self.settle().await;
        if let Some(connection) = self.connection.take() {
            // What was committed is; the server ends the session when the socket closes.
            let _ = timeout(Duration::from_secs(1), connection.close()).await;
        }
    }
}
