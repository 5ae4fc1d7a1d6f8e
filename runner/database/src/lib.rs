//! Drivers for databases, and who uses them.
//!
//! ```text
//! backend    connection, dialect and lock of each kind of database, behind the traits that the record uses
//! operator   who runs this process, and when
//! crash      places where a test ends the process
//! ```
//!
//! Alone knows sqlx. Knows no WebAssembly, and decides nothing about what runs. Internal to the runner of database
//! alterations: the API is not stable.

pub mod backend;
pub mod crash;
pub mod operator;

/// What a hook can do to a database, and how a backend and the host share it.
pub mod session {
    pub use alteration_domain::session::*;
    use std::sync::Arc;

    /// A session that a backend and a hook call hold together. The backend gets it back even when
    /// the call is cancelled half-way.
    pub type SharedSession = Arc<tokio::sync::Mutex<dyn Session>>;
}

use alteration_domain::{alteration, escape, secret};
use alteration_sql as sql;
