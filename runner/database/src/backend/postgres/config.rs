//! What is settled about a connection when it is made, and does not change until it is closed.

use super::{settings, text};
use crate::{
    backend::{Access, ConnectOptions, StrangeLedger},
    session::{ErrorKind, SqlError, SqlLimits},
};
use std::time::Duration;

/// What the server said of itself, where the runner's tables are, and the operator's limits.
#[derive(Debug)]
pub(super) struct Config {
    /// As it was connected with, for another connection.
    pub(super) options: ConnectOptions,
    pub(super) access: Access,
    pub(super) limits: SqlLimits,
    /// As `server_version_num` counts: 150004.
    pub(super) version: u32,
    /// The server can look, while a statement runs, if its client is still there.
    pub(super) sees_lost_clients: bool,
    /// A role, a database or the server says that no commit waits for the disk.
    pub(super) never_waits: bool,
    /// A session writes values as the runner reads them, if nothing is set.
    pub(super) has_plain_forms: bool,
    /// What names mean to hooks.
    pub(super) search_path: String,
    /// Settings that would end the session, or a transaction, while a guest or a compiler is at work.
    pub(super) unbounded: Vec<&'static str>,
    /// Where the runner's own tables are.
    pub(super) schema: String,
    /// The schema, quoted, with its point.
    pub(super) prefix: String,
    /// Tables of runners that belong to others, and are not read.
    pub(super) strange: Vec<StrangeLedger>,
    /// How long the runner's own statements wait for another session's lock.
    pub(super) lock_wait: Duration,
    /// How long what a hook deferred may take at its end.
    pub(super) check_time: Duration,
    /// Nothing of a script goes together.
    pub(super) one_by_one: bool,
}

/// What is asked of a server once, when a connection to it is new.
pub(super) struct Server {
    pub(super) version: u32,
    pub(super) sees_lost_clients: bool,
    pub(super) never_waits: bool,
    pub(super) has_plain_forms: bool,
    pub(super) search_path: String,
    pub(super) unbounded: Vec<&'static str>,
    pub(super) place: super::place::Chosen,
}

impl Config {
    pub(super) fn new(options: &ConnectOptions, server: Server) -> Self {
        Self {
            options: options.clone(),
            access: options.access,
            limits: options.limits,
            version: server.version,
            sees_lost_clients: server.sees_lost_clients,
            never_waits: server.never_waits,
            has_plain_forms: server.has_plain_forms,
            search_path: server.search_path,
            unbounded: server.unbounded,
            prefix: format!("{}.", text::quote(&server.place.schema)),
            schema: server.place.schema,
            strange: server.place.strange,
            lock_wait: options.lock_wait,
            check_time: options.check_time,
            one_by_one: options.one_by_one,
        }
    }

    /// Refuses a text of a guest's that is too long, or that no server reads to its end.
    pub(super) fn check_text(&self, sql: &str) -> Result<(), SqlError> {
        let (length, max) = (sql.len(), self.limits.sql_bytes_max);
        if length > max {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!("the SQL text has {length} bytes; at most {max} are allowed"),
            ));
        }
        match sql.find('\0') {
            Some(at) => Err(SqlError {
                offset: Some(at),
                ..SqlError::new(ErrorKind::Syntax, "the SQL text contains a NUL character")
            }),
            None => Ok(()),
        }
    }

    /// How long the server may take for what a hook deferred.
    pub(super) fn checks_time(&self) -> Duration {
        self.check_time.saturating_mul(settings::CHECKS)
    }
}
