//! Lists the sessions of a server, and ends one.
//!
//! Each server has several lists, and none of them works everywhere:
//!
//! | list | on | missing |
//! |---|---|---|
//! | `performance_schema.processlist` | MySQL 8.0.22 and later | where the performance schema is off, or has no room for a session |
//! | `SHOW FULL PROCESSLIST` | both | |
//! | `information_schema.processlist` | both | on MySQL all of it, while any session's text has bytes that are no UTF-8 (3854) |
//!
//! A session that is being ended stays in them until its transaction has ended. A user without the right PROCESS sees only
//! sessions of its own account.
//!
//! Only sessions in this connection's database are ever ended: another database may be a copy of this one, with records of
//! the same runs.

use super::{MysqlConnection, error, value};
use crate::{alteration::Dialect, backend::BackendError};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, mysql::MySqlRow};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep};

/// A schema change that is ended may take this long to be undone.
const END_TIME: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// The lists of MySQL, in the order in which they are asked.
const MYSQL_LISTS: [&str; 3] = [
    "SELECT id, user, host, db, command, time, state, info FROM performance_schema.processlist",
    "SHOW FULL PROCESSLIST",
    "SELECT id, user, host, db, command, time, state, info FROM information_schema.processlist",
];
/// The lists of MariaDB.
const MARIADB_LISTS: [&str; 2] = [
    "SHOW FULL PROCESSLIST",
    "SELECT id, user, host, db, command, time, state, info FROM information_schema.processlist",
];

/// A session as a server lists it. The texts are those of other programs: escape them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedSession {
    pub(super) id: u64,
    pub(super) user: String,
    /// The client's host, without the port.
    pub(super) host: String,
    pub(super) database: Option<String>,
    pub(super) command: String,
    /// How long it has been in its current state.
    pub(super) seconds: u64,
    pub(super) state: String,
    /// The statement in flight. The server may have cut it, and replaced bytes that are no text.
    pub(super) statement: Option<Vec<u8>>,
}

impl ListedSession {
    pub(super) fn read(row: &MySqlRow) -> Option<Self> {
        let text = |at| value::own_text(row, at).ok().flatten().unwrap_or_default();
        let host = text(2);
        Some(Self {
            id: text(0).parse().ok()?,
            user: text(1),
            host: host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host).to_owned(),
            database: value::own_text(row, 3).ok().flatten(),
            command: text(4),
            seconds: text(5).parse().unwrap_or_default(),
            state: text(6),
            statement: value::raw(row, 7).ok().flatten().map(<[u8]>::to_vec),
        })
    }
}

pub(super) fn lists(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Mariadb => &MARIADB_LISTS,
        _ => &MYSQL_LISTS,
    }
}

/// Ends a session (`CONNECTION`) or its statement (`QUERY`). If it is gone already, that is no error.
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
    /// Reads every list that this user may read, and merges them, because each may miss sessions of another. Fails only if
    /// none can be read.
    pub(super) async fn sessions(&mut self) -> Result<Vec<ListedSession>, BackendError> {
        let mut found: BTreeMap<u64, ListedSession> = BTreeMap::new();
        let mut failures = Vec::new();
        let mut read = 0;
        for sql in lists(self.server.dialect) {
            // The last one is read only if no other answered: on MySQL it is of little use.
            if read > 0 && sql.contains("information_schema") {
                continue;
            }
            match self.ready().await?.text_rows(sql).await {
                Ok(rows) => {
                    read += 1;
                    for session in rows.iter().filter_map(ListedSession::read) {
                        // The performance schema may have no text of a session.
                        let known = found.get(&session.id);
                        if known.is_none_or(|known| known.statement.is_none()) {
                            found.insert(session.id, session);
                        }
                    }
                }
                Err(failure) => match self.host_error(&failure) {
                    lost @ BackendError::Disconnected(_) => return Err(lost),
                    other => failures.push(other.to_string()),
                },
            }
        }
        if read == 0 {
            return Err(BackendError::Database(format!(
                "the sessions of the server cannot be listed, so what an earlier runner left \
                 behind cannot be ended; allow this user SHOW PROCESSLIST or SELECT on \
                 performance_schema.processlist ({})",
                failures.join("; ")
            )));
        }
        Ok(found.into_values().collect())
    }

    /// Ends the sessions in this database whose statement begins with `comment`, and waits until they are gone.
    pub(super) async fn end_marked(&mut self, comment: &str) -> Result<(), BackendError> {
        let (own, comment) = (self.server.connection_id, comment.trim_end().as_bytes());
        for session in self.sessions().await? {
            let statement = session.statement.as_deref().unwrap_or_default();
            let is_marked = statement.starts_with(comment);
            if session.id != own && is_marked && self.server.is_in_database(&session) {
                self.end_session(session.id).await?;
            }
        }
        Ok(())
    }

    /// Ends a session in this database and waits until its last statement and its transaction have ended.
    pub(super) async fn end_session(&mut self, id: u64) -> Result<(), BackendError> {
        let deadline = Instant::now() + END_TIME;
        loop {
            let sessions = self.sessions().await?;
            let is_it = |session: &&ListedSession| session.id == id;
            let is_there =
                sessions.iter().find(is_it).is_some_and(|found| self.server.is_in_database(found));
            if !is_there {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(BackendError::Stuck);
            }
            match self.ready().await?.text(&format!("KILL CONNECTION {id}")).await {
                Ok(()) => sleep(POLL).await,
                Err(failure) => match error::number(&failure) {
                    Some(error::NO_SUCH_THREAD) => sleep(POLL).await,
                    Some(error::NOT_THE_OWNER) => return Err(self.may_not_end(id)),
                    _ => return Err(self.host_error(&failure)),
                },
            }
        }
    }

    fn may_not_end(&self, id: u64) -> BackendError {
        let right = match self.server.dialect {
            Dialect::Mariadb => "CONNECTION ADMIN",
            _ => "CONNECTION_ADMIN",
        };
        BackendError::Database(format!(
            "session {id} of the server still works for an earlier runner and belongs to another \
             user; have an administrator run KILL {id}, or grant this user {right}"
        ))
    }
}
