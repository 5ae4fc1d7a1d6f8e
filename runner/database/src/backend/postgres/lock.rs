//! The runner's lock on PostgreSQL: an advisory lock of the session that does the work.
//!
//! Tried, never waited for. It gives order and messages; safety comes from the ledger. The caller
//! polls, outside of any transaction.

use super::{
    PostgresConnection,
    config::Config,
    outside::{FAREWELL_TIME, PROBES},
    settings,
};
use crate::backend::{
    BackendError, LockHolder,
    connection::{LockTry, Locking},
};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::Connection as _;
use tokio::time::timeout;

/// The first half of the key, the same for every runner: "runn" in ASCII.
pub(super) const CLASS: i32 = 0x7275_6e6e;

/// The second half: one lock for each place of the runner's tables. Keys belong to one database.
pub(super) fn key(schema: &str) -> i32 {
    let digest = Sha256::digest(schema.as_bytes());
    i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The condition on `pg_locks` for a held lock with this key in this database.
fn held(key: i32) -> String {
    // The catalogue shows the two halves as object ids, which have no sign.
    let (class, key) = (CLASS.cast_unsigned(), key.cast_unsigned());
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted \
            AND l.classid = '{class}'::pg_catalog.oid AND l.objid = '{key}'::pg_catalog.oid \
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d \
            WHERE d.datname = pg_catalog.current_database())"
    )
}

#[async_trait]
impl Locking for PostgresConnection {
    async fn try_lock(&mut self) -> Result<LockTry, BackendError> {
        self.ready().await?;
        if self.is_pooled {
            return Err(BackendError::SharedSession);
        }
        let key = key(&self.config.schema);
        let sql = format!(
            "SELECT pg_catalog.pg_try_advisory_lock({CLASS}, {key}), pg_catalog.pg_backend_pid()"
        );
        let rows = self.own_texts(&sql).await?;
        let [got, pid] = super::columns(rows)?;
        if got.as_deref() == Some("t") {
            self.link.pid = pid.and_then(|pid| pid.parse().ok());
            self.lock = self.link.pid;
            self.own_run(&settings::KEEPALIVES.join("; ")).await?;
            return Ok(LockTry::Held);
        }
        let sql = format!(
            "SELECT a.application_name, pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', \
                    'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') \
                FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
                WHERE {} LIMIT 1",
            held(key)
        );
        let rows = self.own_texts(&sql).await?;
        // It may have been released in between.
        let holder = rows.into_iter().next().and_then(|row| holder(&row));
        Ok(LockTry::HeldBy(holder.unwrap_or_else(LockHolder::unknown)))
    }

    async fn unlock(&mut self) {
        // Where it fails the connection is gone, and what was begun on it.
        let _ = self.ready().await;
        if self.lock.take().is_some() {
            // All of them: a hook may have taken the same one once more. An error means that the
            // connection is gone, and the lock with it.
            let unlock = "SELECT pg_catalog.pg_advisory_unlock_all(); RESET tcp_keepalives_idle; \
                RESET tcp_keepalives_interval; RESET tcp_keepalives_count";
            let _ = self.link.own_run(unlock).await;
        }
    }

    /// Whether two connections share a server session, or one connection has several.
    async fn needs_lease(&mut self) -> Result<bool, BackendError> {
        if self.state.transaction().is_some() {
            return Ok(self.is_pooled);
        }
        self.ready().await?;
        let mut other = self.link.opener().open().await?;
        // More than once, because another client may come in between and take the session that this
        // one left.
        for _ in 0..PROBES {
            self.is_pooled = self.shares_session_with(&mut other).await?;
            if self.is_pooled {
                break;
            }
        }
        if self.is_pooled && !self.config.unbounded.is_empty() {
            // What was set before this was known would stay for the session's other clients.
            let unbounded = self.config.unbounded.iter();
            let reset: Vec<_> = unbounded.map(|name| format!("RESET {name}")).collect();
            self.own_run(&reset.join("; ")).await?;
        }
        // It was only asked a question.
        let _ = timeout(FAREWELL_TIME, other.close()).await;
        self.link.pid = if self.is_pooled { None } else { self.link.pid };
        Ok(self.is_pooled)
    }
}

impl PostgresConnection {
    /// Refuses to go on in another server session than the one that holds the lock.
    pub(super) fn check_session(&mut self) -> Result<(), BackendError> {
        match self.lock {
            Some(holder) if Some(holder) != self.link.pid => {
                self.lock = None;
                self.is_pooled = true;
                Err(BackendError::SharedSession)
            }
            _ => Ok(()),
        }
    }
}

impl Config {
    /// An expression: whether this session holds the runner's lock; it does afterwards as before. The
    /// catalogue could tell too, but lists all locks of the server for it. Only a session that has the
    /// lock can give it back; until it has taken it again, its transaction has it.
    pub(super) fn has_lock(&self) -> String {
        let key = format!("{CLASS}, {}", key(&self.schema));
        format!(
            "CASE WHEN pg_catalog.pg_try_advisory_xact_lock({key}) \
             THEN CASE WHEN pg_catalog.pg_advisory_unlock({key}) \
             THEN pg_catalog.pg_try_advisory_lock({key}) ELSE false END ELSE false END"
        )
    }
}

/// Who holds the lock, from what its connection is called.
fn holder(row: &[Option<String>]) -> Option<LockHolder> {
    let [Some(name), Some(since)] = row else { return None };
    let (pid, identity) = name.strip_prefix("runner ")?.split_once(' ')?;
    let (user, host) = identity.split_once('@').unwrap_or((identity, ""));
    Some(LockHolder {
        pid: pid.parse().ok()?,
        host: host.to_owned(),
        user: user.to_owned(),
        since: since.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_say_who_they_are() {
        let row = |name: &str| vec![Some(name.to_owned()), Some("2024-01-01T00:00:00.000Z".into())];
        let found = holder(&row("runner 17 ann@db1")).unwrap();
        assert_eq!((found.pid, &*found.user, &*found.host), (17, "ann", "db1"));
        for name in ["psql", "runner", "runner x y"] {
            assert_eq!(holder(&row(name)), None, "{name}");
        }
        assert_eq!(holder(&[None, None]), None);
    }

    #[test]
    fn places_have_different_keys() {
        assert_ne!(key("public"), key("other"));
    }
}
