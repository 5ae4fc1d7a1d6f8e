//! A look at a session from beside, while a hook keeps it busy: which other sessions wait for its locks, and its end.

use super::BackendError;
use async_trait::async_trait;

/// Another session that waits for a lock of the one that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number on the server.
    pub session: i64,
    pub user: Option<String>,
    pub application: Option<String>,
    /// The table whose lock it waits for, or whose row.
    pub table: Option<String>,
    /// How its statement begins; `None` where this user may not read it.
    pub statement: Option<String>,
}

/// Looks at one session of a server from a connection of its own, which is made when it is needed first.
#[async_trait]
pub trait Beside: Send {
    /// The number of the session on the server.
    fn session(&self) -> i64;

    /// Returns the sessions of others that wait for a lock of `session` now.
    async fn waiting_for(&mut self, session: i64) -> Result<Vec<Waiting>, BackendError>;

    /// Returns whether all that the session waits for is that its commit is on a disk, here or on a standby.
    async fn is_committing(&mut self) -> Result<bool, BackendError>;

    /// Asks the session to give up its statement.
    async fn cancel(&mut self) -> Result<(), BackendError>;

    /// Ends the session.
    async fn end(&mut self) -> Result<(), BackendError>;
}
