//! A look at a session of PostgreSQL from beside: whom it holds up, and its end.
//!
//! Who waits is asked of `pg_locks`, which every user may read; `pg_stat_activity` shows statements of other users only
//! to some.

use super::{
    PostgresConnection, error,
    link::{TextRow, text_row},
    opener::Opener,
};
use crate::backend::{
    BackendError,
    beside::{Beside, Waiting},
};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long one look may take, the connection included.
const LOOK_TIME: Duration = Duration::from_secs(10);
/// Characters of a waiting statement that are read.
const STATEMENT_CHARS_MAX: usize = 120;

pub(super) struct PostgresBeside {
    opener: Arc<Opener>,
    pid: i32,
    /// Not here while it works, so that one whose answer nobody waited for is not used again.
    connection: Option<PgConnection>,
}

impl PostgresConnection {
    /// Returns the way to look at this connection's session; `None` where a pooler decides which session it is.
    pub(super) fn look_from_beside(&self) -> Option<Box<dyn Beside>> {
        let (opener, pid) = (Arc::clone(self.link.opener()), self.link.pid?);
        Some(Box::new(PostgresBeside { opener, pid, connection: None }))
    }
}

impl PostgresBeside {
    async fn rows(&mut self, sql: String) -> Result<Vec<TextRow>, BackendError> {
        let asked = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => {
                    let mut connection = self.opener.open().await?;
                    let path = "SET search_path = pg_catalog, pg_temp";
                    let set = sqlx::raw_sql(path).execute(&mut connection).await;
                    set.map_err(|error| error::host_error(error, self.opener.url()))?;
                    connection
                }
            };
            let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await;
            let rows = rows.map_err(|error| error::host_error(error, self.opener.url()))?;
            Ok((connection, rows.iter().map(text_row).collect()))
        };
        let asked = timeout(LOOK_TIME, asked).await;
        let late = || BackendError::Disconnected("the server did not answer in time".to_owned());
        let (connection, rows) = asked.unwrap_or_else(|_| Err(late()))?;
        self.connection = Some(connection);
        Ok(rows)
    }

    async fn signal(&mut self, function: &str) -> Result<(), BackendError> {
        self.rows(format!("SELECT {function}({})", self.pid)).await.map(drop)
    }
}

impl Drop for PostgresBeside {
    fn drop(&mut self) {
        // The server is told that it is over where somebody can wait for that.
        if let (Some(connection), Ok(runtime)) =
            (self.connection.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(timeout(LOOK_TIME, connection.close()));
        }
    }
}

#[async_trait]
impl Beside for PostgresBeside {
    fn session(&self) -> i64 {
        self.pid.into()
    }

    async fn waiting_for(&mut self, session: i64) -> Result<Vec<Waiting>, BackendError> {
        let rows = self.rows(waiting_sql(session)).await?;
        Ok(rows.into_iter().filter_map(waiting).collect())
    }

    async fn is_committing(&mut self) -> Result<bool, BackendError> {
        // PostgreSQL 18 spells it in another way than those before it.
        let sql = format!(
            "SELECT 1 FROM pg_stat_activity
             WHERE pid = {} AND wait_event IN ('SyncRep', 'WALSync', 'WalSync')",
            self.pid
        );
        Ok(!self.rows(sql).await?.is_empty())
    }

    async fn cancel(&mut self) -> Result<(), BackendError> {
        self.signal("pg_cancel_backend").await
    }

    async fn end(&mut self) -> Result<(), BackendError> {
        self.signal("pg_terminate_backend").await
    }
}

/// A runner that waits for another one is nobody whom a deploy holds up, and the server's own workers give way.
fn waiting_sql(session: i64) -> String {
    format!(
        "SELECT DISTINCT ON (l.pid) l.pid::int8, a.usename::text, a.application_name::text,
            (SELECT c.relname::text FROM pg_class c WHERE c.oid = coalesce(l.relation,
                (SELECT min(t.relation) FROM pg_locks t WHERE t.pid = l.pid AND t.locktype = 'tuple'))),
            CASE WHEN a.state = 'active' THEN left(a.query, {STATEMENT_CHARS_MAX}) END
         FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE NOT l.granted AND l.pid <> {session} AND {session} = ANY (pg_blocking_pids(l.pid))
            AND coalesce(a.backend_type, 'client backend') = 'client backend'
            AND coalesce(a.application_name, '') NOT LIKE 'runner %'
         ORDER BY l.pid"
    )
}

fn waiting(row: TextRow) -> Option<Waiting> {
    let mut row = row.into_iter().map(|text| text.filter(|text| !text.is_empty()));
    let mut text = || row.next().flatten();
    Some(Waiting {
        session: text()?.parse().ok()?,
        user: text(),
        application: text(),
        table: text(),
        statement: text(),
    })
}
