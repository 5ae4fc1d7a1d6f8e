//! What the user of a connection may do beyond its database, as the driver reads it.

use super::{Backend, BackendError, Company, Powers};

impl Backend {
    /// What this connection's user may do beyond its database. Asked outside of a transaction.
    pub async fn powers(&mut self) -> Result<Powers, BackendError> {
        // A file that is yet to be made.
        let Some(shared) = self.connection.clone() else { return Ok(Powers::default()) };
        match shared.lock().await.rights() {
            Some(rights) => rights.powers().await,
            None => Ok(Powers::default()),
        }
    }

    /// Who else works in this database as this connection's user now. Asked outside of a transaction.
    pub async fn company(&mut self) -> Result<Option<Company>, BackendError> {
        let Some(shared) = self.connection.clone() else { return Ok(None) };
        match shared.lock().await.rights() {
            Some(rights) => rights.company().await,
            None => Ok(None),
        }
    }
}
