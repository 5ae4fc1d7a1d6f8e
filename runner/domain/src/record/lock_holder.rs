//! Who holds the runner's lock, as locks and messages tell it.

use crate::escape::Escaped;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who holds the runner's lock, as far as it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    pub pid: u32,
    pub host: String,
    pub user: String,
    /// RFC 3339, UTC.
    pub since: String,
}

impl LockHolder {
    /// A holder that did not say who it is.
    pub fn unknown() -> Self {
        Self { pid: 0, host: String::new(), user: String::new(), since: String::new() }
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, host, user, since } = self;
        let (host, user) = (Escaped(host), Escaped(user));
        match pid {
            0 if self.user.is_empty() => return f.write_str("it did not say who it is"),
            // A server knows only who is connected, and from where.
            0 => write!(f, "the database's user {user}, connected from {host}")?,
            // A server may tell less to this user than the holder said.
            pid if self.user.is_empty() => write!(f, "process {pid}")?,
            pid => write!(f, "process {pid} of {user} on {host}")?,
        }
        if since.is_empty() { Ok(()) } else { write!(f, ", since {}", Escaped(since)) }
    }
}
