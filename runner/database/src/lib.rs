//! Databases, what is recorded in them, and who records it.
//!
//! ```text
//! backend    connection, dialect, lock and the runner's own tables, behind one type
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
