//! Databases: connection, dialect, lock and the recorded state, behind one trait.
//!
//! Talks to sqlx and nothing else does. Knows neither WebAssembly nor the plan.

#[allow(dead_code)]
mod connection;
mod error;
#[allow(dead_code, unused_imports)]
mod postgres;
mod sqlite;
mod state;
mod url;

pub use error::{BackendError, LockHolder};
pub use state::{Attempt, Claim, Ending, Revision, SCHEMA_VERSION, Snapshot, StateRow, Status};
pub use url::{DatabaseUrl, ParseUrlError, Scheme};

use crate::{
    alteration::{Checksum, Dialect},
    session::{Counts, SharedSession, SqlLimits},
};
use async_trait::async_trait;
use std::time::Duration;

/// What the caller is about to do with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only look. A database that does not exist counts as empty and is not created.
    Read,
    /// Alter what is there.
    Write,
    /// Alter, and create the database file if there is none.
    Create,
    /// Alter, and take all of it back. A database that does not exist is rehearsed in memory.
    Rehearse,
}

/// How to work with a database.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    pub access: Access,
    pub limits: SqlLimits,
    /// How long to try again while the server cannot be reached.
    pub wait: Duration,
    /// PostgreSQL: where the runner's own tables are; the connection's current schema by default.
    pub schema: Option<String>,
    pub lock: LockKind,
    /// How long one statement may wait for somebody else's lock.
    pub lock_wait: Duration,
    /// How long one statement may take.
    pub statement_time: Option<Duration>,
}

impl ConnectOptions {
    pub fn new(access: Access, limits: SqlLimits) -> Self {
        Self {
            access,
            limits,
            wait: Duration::ZERO,
            schema: None,
            lock: LockKind::Auto,
            lock_wait: Duration::from_secs(5),
            statement_time: None,
        }
    }
}

/// What keeps other runners away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockKind {
    /// The session's lock, or a lease where it can be told that this would protect nothing.
    #[default]
    Auto,
    /// A lock that belongs to the connection and ends with it.
    Session,
    /// A row with a heartbeat, for poolers that share sessions and for clusters.
    Lease,
}

/// One connected database.
///
/// The *operator's* side (lock, state, archive) and the *plugin's* side (the session that
/// [`Backend::begin`] returns) are kept apart, even where one connection serves both.
#[async_trait]
pub trait Backend: Send {
    fn dialect(&self) -> Dialect;

    /// Whether there is a database at all; one that is yet to be created is not there.
    fn is_there(&self) -> bool;

    /// Obtains the runner's lock, polling for at most `patience`. `waiting` is called each time
    /// somebody else is found to hold it.
    async fn lock(
        &mut self,
        patience: Duration,
        waiting: &mut (dyn FnMut(LockHolder) + Send),
    ) -> Result<(), BackendError>;

    /// Releases the lock. Dropping the backend, or dying, does too.
    async fn unlock(&mut self);

    /// Creates or upgrades the runner's own tables. Needs the lock.
    async fn prepare(&mut self) -> Result<(), BackendError>;

    /// Reads the state; an untouched database reads as empty.
    async fn snapshot(&mut self) -> Result<Snapshot, BackendError>;

    /// From here on nothing is kept: every transaction becomes part of one that
    /// [`Backend::end_rehearsal`] rolls back.
    async fn begin_rehearsal(&mut self) -> Result<(), BackendError>;

    async fn end_rehearsal(&mut self) -> Result<(), BackendError>;

    /// The component with this checksum from the archive; verified against the checksum.
    async fn archived(&mut self, component: Checksum) -> Result<Option<Vec<u8>>, BackendError>;

    /// Records, in a transaction of its own, that an attempt starts. Advances the revision.
    async fn record_start(
        &mut self,
        attempt: &Attempt,
        revision: Revision,
    ) -> Result<Revision, BackendError>;

    /// Begins the transaction of a hook: swaps the ledger's revision, claims the state row and
    /// archives the component, then hands out the plugin's session.
    async fn begin(&mut self, claim: &Claim<'_>) -> Result<SharedSession, BackendError>;

    /// Ends the hook's transaction: checks what the backend left unchecked, writes the final
    /// state and history rows, commits, and verifies that the commit took place.
    async fn commit(
        &mut self,
        claim: &Claim<'_>,
        counts: &Counts,
    ) -> Result<Revision, BackendError>;

    /// Rolls the hook's transaction back, ending a statement that still runs.
    async fn rollback(&mut self) -> Result<(), BackendError>;

    /// Records, after [`Backend::rollback`], how an attempt ended that was not done. The state row
    /// says `failed` only for [`Ending::Failed`].
    async fn record_failure(
        &mut self,
        attempt: &Attempt,
        ending: Ending,
        counts: &Counts,
        error: &str,
    ) -> Result<(), BackendError>;

    async fn close(self: Box<Self>);
}

/// Connects to the database that `url` names.
pub async fn connect(
    url: &DatabaseUrl,
    access: Access,
    limits: SqlLimits,
) -> Result<Box<dyn Backend>, BackendError> {
    match url.scheme() {
        Scheme::Sqlite => Ok(Box::new(sqlite::SqliteBackend::connect(url, access, limits).await?)),
        Scheme::Postgres | Scheme::Mysql => {
            Err(BackendError::Url("this database is not supported yet".to_owned()))
        }
    }
}
