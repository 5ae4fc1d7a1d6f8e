//! What runs on after its runner is gone: statements, found by a marker that goes before them, and sessions of hooks'
//! own, which may be idle with a transaction or locks of tables, found by a named lock that ends with them.
//!
//! The name of that lock is made of the run's marker and the database, so that what is ended is what this database's
//! record says was begun, and never a session that has got the number of one that is gone. How sessions are listed and
//! ended is `sessions.rs`.

use super::MysqlConnection;
use crate::backend::BackendError;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Returns what goes to the server before a statement, so that a list of sessions shows whose it is.
pub(super) fn comment(marker: &str) -> String {
    // The marker is the runner's own; this keeps it from ever ending the comment.
    let plain: String = marker
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    format!("/* runner:{plain} */ ")
}

/// Returns what a session of a hook's own holds for as long as it is there. Names of locks are at most 64 characters
/// long.
fn lock_name(database: &str, marker: &str) -> String {
    let digest = Sha256::new().chain_update(database).chain_update([0]).chain_update(marker);
    digest.finalize().iter().take(16).fold("runner-apart:".to_owned(), |mut name, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

impl MysqlConnection {
    /// Makes this session, which is a hook's own, known to whoever has to end it.
    pub(super) async fn sign_apart(&mut self, marker: &str) -> Result<(), BackendError> {
        let name = lock_name(&self.server.database, marker);
        match self.own_text(&format!("DO GET_LOCK('{name}', 0)")).await {
            // Some clusters refuse named locks; there it is found by the journal alone.
            Err(_) if self.server.galera => Ok(()),
            signed => signed,
        }
    }

    /// Ends what carries `marker` in this database, and waits until it is gone.
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
