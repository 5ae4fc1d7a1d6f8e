//! The runner's lock: a named lock of the session that does the work, never waited for.
//!
//! It ends with the session. On a cluster it protects nothing; see `needs_lease`.
//!
//! More named locks, one for each bit that is set, show its holder and since when. Nothing else can be seen by other
//! sessions without a table and ends with its session.

use super::MysqlConnection;
use crate::backend::{
    BackendError, LockHolder,
    connection::{Cell, LockTry, Locking},
};
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Bits of a process id, and of a time in Unix seconds.
const PID_BITS: u32 = 32;
const SINCE_BITS: u32 = 34;

#[async_trait]
impl Locking for MysqlConnection {
    async fn try_lock(&mut self) -> Result<LockTry, BackendError> {
        let name = self.lock_name();
        self.end_what_runs().await?;
        // A lock that is taken twice has to be released twice.
        if self.locked {
            return Ok(LockTry::Held);
        }
        let taken = self.read_own("SELECT GET_LOCK(?, 0)", &[Cell::text(&name)]).await?;
        match taken.first().map(Vec::as_slice) {
            Some([Cell::Integer(Some(1))]) => {
                self.locked = true;
                self.sign_lock(&name).await?;
                Ok(LockTry::Held)
            }
            Some([Cell::Integer(Some(0))]) => Ok(LockTry::HeldBy(self.holder(&name).await)),
            _ => Err(BackendError::Database("the server could not give out the lock".to_owned())),
        }
    }

    async fn unlock(&mut self) {
        if std::mem::take(&mut self.locked) {
            // If this fails, the end of the session releases them.
            let _ = self.read_own("SELECT RELEASE_ALL_LOCKS()", &[]).await;
        }
    }

    /// On a Galera cluster, where two nodes give out the same lock at once.
    async fn needs_lease(&mut self) -> Result<bool, BackendError> {
        Ok(self.server.galera)
    }
}

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

    async fn sign_lock(&mut self, name: &str) -> Result<(), BackendError> {
        let pid = u64::from(std::process::id());
        let since = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        let mut locks: Vec<String> = bits('p', PID_BITS)
            .filter(|(bit, _)| pid >> bit & 1 == 1)
            .chain(bits('s', SINCE_BITS).filter(|(bit, _)| since >> bit & 1 == 1))
            .map(|(_, sign)| format!("GET_LOCK('{name}:{sign}', 0)"))
            .collect();
        // The last one shows that the others are complete.
        locks.push(format!("GET_LOCK('{name}:signed', 0)"));
        self.read_own(&format!("SELECT {}", locks.join(", ")), &[]).await.map(drop)
    }

    /// Returns the holder of the lock, as far as the server shows it. It may change meanwhile. Only a message depends on
    /// it, so that a failure to read it is no error.
    async fn holder(&mut self, name: &str) -> LockHolder {
        let mut holder = LockHolder::unknown();
        let Ok(Some(id)) = self.lock_session(name).await else { return holder };
        if let Ok(sessions) = self.sessions().await
            && let Some(session) = sessions.into_iter().find(|session| session.id == id)
        {
            (holder.user, holder.host) = (session.user, session.host);
        }
        let read: Vec<String> = std::iter::once("signed".to_owned())
            .chain(bits('p', PID_BITS).chain(bits('s', SINCE_BITS)).map(|(_, sign)| sign))
            .map(|sign| format!("COALESCE(IS_USED_LOCK('{name}:{sign}') = {id}, 0)"))
            .collect();
        let rows = self.read_own(&format!("SELECT {}", read.join(", ")), &[]).await;
        let signs: Vec<bool> = rows
            .unwrap_or_default()
            .concat()
            .into_iter()
            .map(|cell| cell == Cell::integer(1))
            .collect();
        if let [true, signs @ ..] = &signs[..]
            && let Some((pid, since)) = signs.split_at_checked(PID_BITS as usize)
        {
            holder.pid = u32::try_from(number(pid)).unwrap_or_default();
            let since = i64::try_from(number(since)).unwrap_or_default();
            holder.since = jiff::Timestamp::from_second(since)
                .map(|since| since.to_string())
                .unwrap_or_default();
        }
        holder
    }

    /// Returns the session that holds a named lock, if any.
    pub(super) async fn lock_session(&mut self, name: &str) -> Result<Option<u64>, BackendError> {
        let rows = self.read_own("SELECT IS_USED_LOCK(?)", &[Cell::text(name)]).await?;
        Ok(match rows.first().map(Vec::as_slice) {
            Some([Cell::Integer(Some(id))]) => u64::try_from(*id).ok(),
            _ => None,
        })
    }
}

/// Returns each bit of a number, and the lock that stands for it.
fn bits(field: char, count: u32) -> impl Iterator<Item = (u32, String)> {
    (0..count).map(move |bit| (bit, format!("{field}{bit}")))
}

fn number(bits: &[bool]) -> u64 {
    bits.iter().rev().fold(0, |number, bit| number << 1 | u64::from(*bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_bits() {
        assert_eq!(number(&[true, false, true, true]), 0b1101);
        let long = format!("runner:{}:signed", "f".repeat(32));
        assert!(long.len() <= 64);
    }
}
