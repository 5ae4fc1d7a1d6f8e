//! Orphans of a runner that is gone: its statements, found by a marker in front of them, and sessions of hooks' own, found
//! by a named lock that ends with them. Such a session may be idle with a transaction or table locks.
//!
//! The name of that lock is derived from the run's marker and the database. So only sessions that this database's record
//! knows are ended, and never one that has got the number of a session that is gone. `sessions.rs` lists and ends sessions.

use super::MysqlConnection;
use crate::backend::BackendError;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Returns the comment before a statement by which a list of sessions shows its run.
pub(super) fn comment(marker: &str) -> String {
    // The marker is the runner's own; this keeps it from ever ending the comment.
    let plain: String = marker
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    format!("/* runner:{plain} */ ")
}

/// Returns the name of the lock that a session of a hook's own holds until it ends. Names of locks have at most 64
/// characters.
fn lock_name(database: &str, marker: &str) -> String {
    let digest = Sha256::new().chain_update(database).chain_update([0]).chain_update(marker);
    digest.finalize().iter().take(16).fold("runner-apart:".to_owned(), |mut name, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

impl MysqlConnection {
    /// Takes the lock by which other runners find this session, which is a hook's own.
    pub(super) async fn sign_apart(&mut self, marker: &str) -> Result<(), BackendError> {
        let name = lock_name(&self.server.database, marker);
        match self.own_text(&format!("DO GET_LOCK('{name}', 0)")).await {
            // Some clusters refuse named locks; there only the journal names the session.
            Err(_) if self.server.galera => Ok(()),
            signed => signed,
        }
    }

    /// Ends statements and sessions with `marker` in this database, and waits until they are gone.
    pub(super) async fn end_what_is_left(&mut self, marker: &str) -> Result<(), BackendError> {
        self.end_marked(&comment(marker)).await?;
        let name = lock_name(&self.server.database, marker);
        match self.lock_session(&name).await {
            Ok(Some(id)) if id != self.server.connection_id => self.end_session(id).await,
            Ok(_) => Ok(()),
            Err(BackendError::Disconnected(reason)) => Err(BackendError::Disconnected(reason)),
            Err(_) if self.server.galera => Ok(()),
            Err(error) => Err(error),
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
