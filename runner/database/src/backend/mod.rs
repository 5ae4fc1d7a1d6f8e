//! Databases: one driver for each kind, behind the traits of [`connection`].
//!
//! Talks to sqlx, and nothing else does. Knows the runner's own tables by name only: what is recorded in them is written
//! once above the drivers, in `alteration-record`.

pub mod beside;
mod certificate;
mod confines;
pub mod confining;
pub mod connection;
mod error;
pub mod export;
pub mod granted;
pub mod identifier;
pub mod map;
mod mysql;
mod one_by_one;
mod postgres;
mod powers;
mod protocol;
pub mod recorded;
pub mod scratch;
mod size;
mod sqlite;
pub mod transaction;
mod url;

pub use alteration_domain::record::{LockHolder, StrangeLedger};
pub use beside::Waiting;
pub use confining::Obstacle;
pub use error::BackendError;
pub use export::{Export, ExportColumn, ExportFormat};
pub use powers::{Company, Power, Powers, Reach};
pub use scratch::{Blocked, Locks, RowSource, SCRATCH_PREFIX, TableLock, Thing, Written};
pub use url::{DatabaseUrl, ParseUrlError, Scheme, UnknownParameter, UrlPart};

use crate::session::SqlLimits;
#[cfg(test)]
use alteration_test_support::{proxy, servers};
use connection::Connector;
use std::{sync::Arc, time::Duration};

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
    /// How long a lease lives without a heartbeat.
    pub lease_time: Duration,
    /// Whether each statement of a script goes to the server by itself, so that it is told of as soon as it
    /// is done.
    pub one_by_one: bool,
    /// How long the checks that a hook deferred to its end may take.
    pub check_time: Duration,
    /// How long the server may take to answer the runner's own statements, waits for somebody
    /// else's lock aside. After that the connection counts as lost.
    pub answer_time: Duration,
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
            lease_time: Duration::from_secs(30),
            one_by_one: false,
            check_time: Duration::from_secs(600),
            answer_time: Duration::from_secs(120),
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

/// Returns what makes connections to the database that `url` names. Connects to nothing yet.
pub fn connector(
    url: &DatabaseUrl,
    options: &ConnectOptions,
) -> Result<Arc<dyn Connector>, BackendError> {
    Ok(match url.scheme() {
        Scheme::Sqlite if options.lock == LockKind::Lease => {
            return Err(BackendError::Url(
                "a lease is for servers; a SQLite file has its own lock".to_owned(),
            ));
        }
        Scheme::Sqlite => {
            Arc::new(sqlite::SqliteConnector::new(url, options.access, options.limits)?)
        }
        Scheme::Postgres => Arc::new(postgres::PostgresConnector::new(url, options)?),
        Scheme::Mysql => Arc::new(mysql::MysqlConnector::new(url, options)),
    })
}
