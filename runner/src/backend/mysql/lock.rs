//! The runner's lock: a named lock of the session that does the work, never waited for.
//!
//! It ends with the session. On a cluster it protects nothing; see `needs_lease`.

use super::MysqlConnection;
use crate::backend::{
    BackendError, LockHolder,
    connection::{Cell, LockTry},
};
use sha2::{Digest, Sha256};
use std::fmt::Write;

impl MysqlConnection {
    /// Names of locks are known to the whole server and at most 64 characters long.
    fn lock_name(&self) -> String {
        let digest = Sha256::digest(self.server.database.as_bytes());
        digest.iter().take(16).fold("runner:".to_owned(), |mut name, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(name, "{byte:02x}");
            name
        })
    }

    pub(super) async fn take_lock(&mut self) -> Result<LockTry, BackendError> {
        let name = self.lock_name();
        self.end_what_runs().await?;
        // Taking it twice would mean to release it twice.
        if self.locked {
            return Ok(LockTry::Held);
        }
        let taken = self.read_own("SELECT GET_LOCK(?, 0)", &[Cell::text(&name)]).await?;
        match taken.first().map(Vec::as_slice) {
            Some([Cell::Integer(Some(1))]) => {
                self.locked = true;
                Ok(LockTry::Held)
            }
            Some([Cell::Integer(Some(0))]) => Ok(LockTry::HeldBy(self.holder(&name).await?)),
            _ => Err(BackendError::Database("the server could not give out the lock".to_owned())),
        }
    }

    /// Who holds the lock, as far as the server's list of sessions tells.
    async fn holder(&mut self, name: &str) -> Result<LockHolder, BackendError> {
        let sql = "SELECT CAST(user AS CHAR), CAST(host AS CHAR)
            FROM information_schema.processlist WHERE id = IS_USED_LOCK(?)";
        let rows = self.read_own(sql, &[Cell::text(name)]).await?;
        let Some([Cell::Text(Some(user)), Cell::Text(Some(host))]) =
            rows.first().map(Vec::as_slice)
        else {
            return Ok(LockHolder::unknown());
        };
        // Without the port, which says nothing to people.
        let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
        Ok(LockHolder { user: user.clone(), host: host.to_owned(), ..LockHolder::unknown() })
    }

    pub(super) async fn release_lock(&mut self) {
        if !std::mem::take(&mut self.locked) {
            return;
        }
        let name = self.lock_name();
        // Where this fails, the end of the session releases it.
        let _ = self.read_own("SELECT RELEASE_LOCK(?)", &[Cell::text(name)]).await;
    }
}
