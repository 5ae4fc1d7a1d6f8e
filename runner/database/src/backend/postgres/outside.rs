//! Statements that cannot run in a transaction, and whether the connection goes through a pooler.

use super::{PostgresConnection, error, facts::Facts, settings, text::Sent};
use crate::{
    alteration::{Dialect, Level},
    backend::{BackendError, connection::RunsOutside},
    session::{ErrorKind, Outcome, SqlError},
};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::{io::ErrorKind::TimedOut, time::Duration};
use tokio::time::timeout;

const MARK: &str = "runner_mark";
/// How long the second connection that a pooler is recognised by may take to answer.
const PROBE_TIME: Duration = Duration::from_secs(15);
/// How often it is asked which server sessions work for the two.
pub(super) const PROBES: u32 = 4;
pub(super) const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// The comment that goes ahead of a statement, so that its session can be found by it.
pub(super) fn comment(marker: &str) -> String {
    // Nothing that would end the comment, whatever the marker was made of.
    let kept: String =
        marker.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.:@/".contains(*c)).collect();
    format!("/* runner:{} */", kept.replace("*/", "").replace("/*", ""))
}

#[async_trait]
impl RunsOutside for PostgresConnection {
    fn may_need_outside(&self, sql: &str) -> bool {
        crate::sql::Statement::one(sql, Dialect::Postgresql)
            .map_or(true, |statement| !statement.is_plain())
    }

    async fn mark(&mut self) -> Result<(), BackendError> {
        let Some(transaction) = self.state.transaction_mut() else { return Ok(()) };
        // One after the other, never nested: each level costs the server.
        let release = if transaction.marked.replace(transaction.view).is_some() {
            format!("RELEASE SAVEPOINT {MARK}; ")
        } else {
            String::new()
        };
        self.own_run(&format!("{release}SAVEPOINT {MARK}")).await
    }

    async fn back_to_mark(&mut self) -> Result<(), BackendError> {
        self.ready().await?;
        let Some(transaction) = self.state.transaction_mut() else { return Ok(()) };
        let marked = transaction.marked.take();
        self.own_run(&format!("ROLLBACK TO SAVEPOINT {MARK}; RELEASE SAVEPOINT {MARK}")).await?;
        // The session's settings went back to the mark too.
        if let (Some(transaction), Some(view)) = (self.state.transaction_mut(), marked) {
            transaction.view = view;
        }
        Ok(())
    }

    fn needs_outside(&self, error: &SqlError) -> bool {
        // The second is said to code that commits.
        matches!(error.sqlstate.as_deref(), Some("25001" | "2D000"))
    }

    /// Nothing here has.
    async fn rehearse_outside(&mut self, _sql: &str) -> Result<bool, BackendError> {
        Ok(false)
    }

    async fn execute_outside(&mut self, sql: &str, marker: &str) -> Result<Outcome, SqlError> {
        self.note_outside();
        if self.state.transaction().is_some() {
            return Err(SqlError::new(
                ErrorKind::Other,
                "a transaction is open; the statement was to run outside of any",
            ));
        }
        let statement = self.checked(sql)?;
        let failed =
            |error: BackendError| SqlError::new(ErrorKind::Disconnected, error.to_string());
        self.ready().await.map_err(failed)?;
        let sent = Sent::plain(statement.written())
            .at_byte(statement.offset())
            .behind(&format!("{} ", comment(marker)));
        self.link.comment = Some(comment(marker));
        // One message is one statement, as the tokenizer saw it; that holds only while strings
        // are read as they should be. A pooler would give the settings to somebody else.
        let (before, after) = match self.state.hook() {
            Some(hook) if !self.is_pooled => {
                let mut before = format!(
                    "; SET lock_timeout = {}; SET statement_timeout = {}",
                    settings::milliseconds(Some(hook.settings.lock_wait)),
                    settings::milliseconds(hook.settings.statement_time)
                );
                let mut after =
                    vec!["RESET lock_timeout".to_owned(), "RESET statement_timeout".to_owned()];
                // A confined plugin's session has names that are not its login's. What its hook set stays.
                if hook.settings.level == Level::Confined {
                    let [lent, back] = settings::lent_path(&self.config.search_path);
                    before = format!("{before}; {lent}");
                    after.push(back);
                }
                after.extend(settings::unbind(self.unbounded()));
                (before, after.join("; "))
            }
            _ => (String::new(), String::new()),
        };
        let before =
            format!("SET standard_conforming_strings = on; SET client_encoding = 'UTF8'{before}");
        let standing = self.standing().await.map_err(failed)?;
        let runs_code = matches!(statement.verb().as_str(), "CALL" | "DO");
        let guarded = match runs_code {
            true => Some(self.keep_tables().await.map_err(failed)?),
            false => None,
        };
        self.look_for_the_client(true).await.map_err(failed)?;
        let result = self.run_alone(&sent, runs_code, &before, &after).await;
        if let Some(guarded) = guarded {
            let _ = timeout(FAREWELL_TIME, guarded.close()).await;
        }
        if !matches!(&result, Err(error) if error.kind == ErrorKind::Disconnected) {
            self.look_for_the_client(false).await.map_err(failed)?;
        }
        self.link.comment = None;
        // Code that failed may have committed before.
        let took_effect = result.is_ok() || runs_code && !self.left_nothing;
        if took_effect && self.standing().await.map_err(failed)? != standing {
            // It has committed by itself.
            let message =
                "the statement touched one of the runner's tables, and that cannot be taken back";
            return Err(SqlError::new(ErrorKind::Denied, message));
        }
        result
    }
}

impl PostgresConnection {
    /// Keeps everybody from changing the runner's tables, for as long as the other session is there: code of a hook
    /// that commits by itself can put any statement together, and nobody could take it back.
    async fn keep_tables(&mut self) -> Result<PgConnection, BackendError> {
        let facts = self.state.hook().and_then(|hook| hook.facts.as_ref());
        // The lease's heart beats on.
        let tables = facts.into_iter().flat_map(Facts::tables).filter(|t| *t != "alteration_lease");
        let tables: Vec<_> = tables.map(|table| format!("{}{table}", self.config.prefix)).collect();
        let mut other = self.link.opener().open().await?;
        if !tables.is_empty() {
            let sql = format!(
                "BEGIN; SET LOCAL lock_timeout = {}; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
                settings::milliseconds(Some(self.config.lock_wait)),
                tables.join(", ")
            );
            self.probe(&mut other, &sql).await?;
        }
        Ok(other)
    }

    /// How many transactions this server session has begun; `None` where a pooler changes sessions in between.
    async fn transactions(&mut self) -> Result<Option<u32>, SqlError> {
        if self.is_pooled {
            return Ok(None);
        }
        let sql = "SELECT virtualtransaction FROM pg_catalog.pg_locks \
             WHERE locktype = 'virtualxid' AND pid = pg_catalog.pg_backend_pid()";
        let rows = self.link.own_rows(sql).await;
        let rows = rows.map_err(|error| error::guest_error(error, &Sent::plain("")))?;
        let row = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        Ok(row.and_then(|id| id.rsplit('/').next()?.parse().ok()))
    }

    /// How the runner's tables stand, for a hook at work. Nobody else changes them while this runner has the lock.
    async fn standing(&mut self) -> Result<Option<String>, BackendError> {
        let facts = self.state.hook().and_then(|hook| hook.facts.as_ref());
        let Some(facts) = facts else { return Ok(None) };
        let sql = format!("SELECT {}", facts.standing(&self.config.schema));
        let [standing] = super::columns(self.own_texts(&sql).await?)?;
        Ok(standing)
    }

    /// As the runner's own, outside of any transaction, in at most `time`.
    pub(super) async fn own_outside(
        &mut self,
        sql: &str,
        time: Duration,
    ) -> Result<(), BackendError> {
        self.look_for_the_client(true).await?;
        let done = self.link.affected_within(sql, time).await;
        done.map_err(|error| error::host_error(error, self.link.url()))?;
        self.look_for_the_client(false).await
    }

    /// Has the server end a statement whose runner is gone. Its session holds the runner's lock, so
    /// that one that waits for somebody would keep every other runner out.
    async fn look_for_the_client(&mut self, look: bool) -> Result<(), BackendError> {
        // A pooler would give the setting to somebody else.
        if self.is_pooled || !self.config.sees_lost_clients {
            return Ok(());
        }
        self.own_run(match look {
            true => "SET client_connection_check_interval = '2s'",
            false => "RESET client_connection_check_interval",
        })
        .await
    }

    /// Runs a statement in a message of its own, with settings before and after it.
    async fn run_alone(
        &mut self,
        sent: &Sent<'_>,
        runs_code: bool,
        before: &str,
        after: &str,
    ) -> Result<Outcome, SqlError> {
        let unplaced = |error| error::guest_error(error, &Sent::plain(""));
        self.left_nothing = false;
        self.link.own_run(before).await.map_err(unplaced)?;
        let began = if runs_code { self.transactions().await? } else { None };
        let result = self.link.run(&sent.text).await;
        let result = result.map_err(|error| error::guest_error(error, sent));
        if began.is_some() && matches!(&result, Err(error) if error.kind != ErrorKind::Disconnected)
        {
            // Between the two questions it had one transaction, unless it committed.
            let ended = self.transactions().await?;
            self.left_nothing = match (began, ended) {
                (Some(began), Some(ended)) => ended == began.wrapping_add(2),
                _ => false,
            };
        }
        if !after.is_empty() && !matches!(&result, Err(e) if e.kind == ErrorKind::Disconnected) {
            self.link.own_run(after).await.map_err(unplaced)?;
        }
        result.map(|()| Outcome::default())
    }

    pub(super) async fn shares_session_with(
        &mut self,
        other: &mut PgConnection,
    ) -> Result<bool, BackendError> {
        const PID: &str = "SELECT pg_catalog.pg_backend_pid()";
        // Two transactions in a row: sessions that take turns show here. With the other one's in
        // between, two sessions would each come back to where they were.
        let [first] = super::columns(self.own_texts(PID).await?)?;
        let [second] = super::columns(self.own_texts(PID).await?)?;
        if first != second {
            return Ok(true);
        }
        // In its transaction the other one keeps what session it got.
        let held = self.probe(other, &format!("BEGIN; {PID}")).await?;
        // Not asked again where it is known: the other one may have a small pool's only session.
        if second == held.map(|pid| pid.to_string()) {
            return Ok(true);
        }
        let [third] = super::columns(self.own_texts(PID).await?)?;
        // In a message of its own, after which the other one may get another session.
        self.probe(other, "ROLLBACK").await?;
        Ok(second != third)
    }

    /// The process id that the last of these statements answers, if any.
    async fn probe(
        &self,
        other: &mut PgConnection,
        sql: &str,
    ) -> Result<Option<i32>, BackendError> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let rows = timeout(PROBE_TIME, sql.fetch_all(other)).await;
        let rows = rows.unwrap_or_else(|_| Err(sqlx::Error::Io(TimedOut.into())));
        let rows = rows.map_err(|error| error::host_error(error, self.link.url()))?;
        Ok(rows.last().and_then(|row| row.try_get(0).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_stay_comments() {
        let table = [
            ("a-1:2", "/* runner:a-1:2 */"),
            ("*/ DROP TABLE t; /*", "/* runner:/DROPTABLEt/ */"),
            ("/*", "/* runner:/ */"),
        ];
        for (marker, expected) in table {
            assert_eq!(comment(marker), expected);
        }
    }
}
