//! Statements that run on after their runner is gone: found by a marker, ended, and waited for.
//!
//! Sees the sessions of its own user; those of others only with the right to see every process.

use super::{MysqlConnection, error};
use crate::backend::{BackendError, connection::Cell};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A schema change that is ended may take this long to be undone.
const END_TIME: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// What goes to the server before a statement, so that a list of processes shows whose it is.
pub(super) fn comment(marker: &str) -> String {
    // The marker is the runner's own; this keeps it from ever ending the comment.
    let plain: String = marker
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    format!("/* runner:{plain} */ ")
}

/// Ends a session (`CONNECTION`) or its statement (`QUERY`); that it is gone already is no error.
pub(super) async fn kill(
    connection: &mut MySqlConnection,
    what: &str,
    id: u64,
) -> Result<(), sqlx::Error> {
    let sql = format!("KILL {what} {id}");
    match connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await {
        Err(failure) if error::number(&failure) != Some(error::NO_SUCH_THREAD) => Err(failure),
        _ => Ok(()),
    }
}

impl MysqlConnection {
    /// Ends the sessions whose statement begins with `comment`, and waits until they are gone.
    pub(super) async fn end_marked(&mut self, comment: &str) -> Result<(), BackendError> {
        let sql = "SELECT id FROM information_schema.processlist
            WHERE id <> CONNECTION_ID() AND LEFT(info, CHAR_LENGTH(?)) = ?";
        let comment = comment.trim_end();
        let rows = self.read_own(sql, &[Cell::text(comment), Cell::text(comment)]).await?;
        for row in rows {
            if let [Cell::Integer(Some(id))] = row[..] {
                self.end_session(u64::try_from(id).unwrap_or_default()).await?;
            }
        }
        Ok(())
    }

    /// Ends a session and waits until its last statement and its transaction are over.
    pub(super) async fn end_session(&mut self, id: u64) -> Result<(), BackendError> {
        let deadline = Instant::now() + END_TIME;
        let sql = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?";
        loop {
            let there = self.read_own(sql, &[Cell::integer(id)]).await?;
            if there == [[Cell::integer(0)]] {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(BackendError::Stuck);
            }
            match self.ready().await?.text(&format!("KILL CONNECTION {id}")).await {
                Err(failure) if error::number(&failure) != Some(error::NO_SUCH_THREAD) => {
                    return Err(self.host_error(&failure));
                }
                _ => sleep(POLL).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_end_its_comment() {
        assert_eq!(comment("vendor/a-1.2*/ DROP"), "/* runner:vendora-1.2DROP */ ");
    }
}
