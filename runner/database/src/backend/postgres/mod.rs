//! PostgreSQL, 13 and later: one connection for the operator and, while a hook runs, for the plugin.
//!
//! Puts together the link to the server (`link.rs`), the operator's transactions, lock and own
//! statements, and the hook's session (`session.rs`). Decides nothing about claims, records or
//! journals: that is the same for every database and is done above [`Connection`].

mod ahead;
mod beside;
mod catalogue;
mod config;
mod confined;
mod connect;
mod cursor;
mod describe;
mod error;
mod facts;
mod forms;
mod hook;
mod instant;
mod link;
mod lock;
mod message;
mod objects;
mod opener;
mod options;
mod outside;
mod own;
mod parameter;
mod place;
mod powers;
mod rehearsal;
mod relay;
mod rights;
mod script;
mod session;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod things;
mod transaction;
mod types;
mod value;
mod verify;
mod watch;
mod writer;

pub(super) use connect::PostgresConnector;

use super::{
    BackendError,
    beside::Beside,
    confining::{Right, Ticket},
    connection::{
        Confining, Connection, LockTry, Locking as _, Maps, OwnTypes, Places, Rehearses, Rights,
        RunsOutside,
    },
};
use crate::session::Handle;
use alteration_domain::record::tables;
use async_trait::async_trait;
use config::Config;
use link::{Link, TextRow};
use state::State;
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};
use types::KnownTypes;

/// One connection to one PostgreSQL database.
#[derive(Debug)]
pub(super) struct PostgresConnection {
    config: Config,
    link: Link,
    state: State,
    /// The server session that took the runner's lock.
    lock: Option<i32>,
    /// A pooler may give every transaction another server session.
    is_pooled: bool,
    /// How long the server lets this connection be idle in a transaction.
    idle: Option<Duration>,
    handles: Handles,
    types: KnownTypes,
    /// The last statement outside of a transaction failed, and had committed nothing.
    left_nothing: bool,
    /// What is noted about locks, while a trial wants to know.
    watch: Option<watch::Watch>,
    /// Since when each transaction was begun in the message that committed the one before it.
    chained: Option<Instant>,
    /// A confined plugin's: the ticket that opens what its hook may refer to or alter.
    referring: Option<Ticket>,
    /// A confined plugin's: what its hook may do with tables of others.
    lent: Vec<Right>,
}

/// What a hook has opened.
#[derive(Debug, Default)]
struct Handles {
    cursors: HashMap<Handle, cursor::Cursor>,
    writers: HashMap<Handle, writer::Writer>,
    /// The last one given. None comes again, so that those of a hook that is over mean nothing.
    last: u32,
}

impl Handles {
    fn next(&mut self) -> Handle {
        self.last += 1;
        Handle(self.last)
    }

    fn forget(&mut self) {
        self.cursors.clear();
        self.writers.clear();
    }
}

impl PostgresConnection {
    fn new(link: Link, config: Config) -> Self {
        Self {
            config,
            link,
            state: State::default(),
            lock: None,
            is_pooled: false,
            idle: None,
            handles: Handles::default(),
            types: KnownTypes::default(),
            left_nothing: false,
            watch: None,
            chained: None,
            referring: None,
            lent: Vec::new(),
        }
    }

    /// Forgets what belonged to a hook: handles, and what was learned from the catalogue.
    fn forget_hook(&mut self) {
        self.handles.forget();
        self.types.forget();
    }

    /// Settings taken from the session. Behind a pooler they would stay taken from others.
    fn unbounded(&self) -> &[&'static str] {
        if self.is_pooled { &[] } else { &self.config.unbounded }
    }

    /// Statements that forget what a hook set in the session.
    fn reset(&self) -> Vec<String> {
        settings::reset(self.lock.is_some(), self.unbounded())
    }
}

/// The columns of the last row, which must be there.
fn columns<const N: usize>(rows: Vec<TextRow>) -> Result<[Option<String>; N], BackendError> {
    rows.into_iter()
        .next_back()
        .and_then(|row| row.try_into().ok())
        .ok_or_else(|| BackendError::Database("the server gave no answer".to_owned()))
}

#[async_trait]
impl Connection for PostgresConnection {
    fn places(&mut self) -> Option<&mut dyn Places> {
        Some(self)
    }

    fn beside(&self) -> Option<Box<dyn Beside>> {
        self.look_from_beside()
    }

    fn maps(&mut self) -> Option<&mut dyn Maps> {
        Some(self)
    }

    fn confining(&mut self) -> Option<&mut dyn Confining> {
        Some(self)
    }

    fn rights(&mut self) -> Option<&mut dyn Rights> {
        Some(self)
    }

    fn rehearses(&mut self) -> Option<&mut dyn Rehearses> {
        Some(self)
    }

    fn runs_outside(&mut self) -> Option<&mut dyn RunsOutside> {
        Some(self)
    }

    fn own_types(&self) -> OwnTypes {
        OwnTypes {
            key: "varchar(255) COLLATE \"C\"",
            text: "text",
            bytes: "bytea",
            integer: "bigint",
            unnumber: "ALTER COLUMN sequence DROP IDENTITY IF EXISTS",
        }
    }

    async fn own_tables(&mut self) -> Result<BTreeSet<String>, BackendError> {
        self.ready().await?;
        let sql = format!(
            "SELECT relname::pg_catalog.text FROM pg_catalog.pg_class \
             WHERE relnamespace = pg_catalog.to_regnamespace({}) AND relkind IN ('r', 'p')",
            text::literal(&text::quote(&self.config.schema))
        );
        let found = self.own_texts(&sql).await?;
        Ok(tables::own(found.into_iter().flatten().flatten()))
    }

    fn tables_sql(&self) -> &'static str {
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_class AS c
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'alteration!_%' ESCAPE '!'
         AND n.nspname NOT LIKE 'pg!_%' ESCAPE '!' AND n.nspname <> 'information_schema'"
    }

    fn clock_ms(&self) -> &'static str {
        "CAST(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000 AS pg_catalog.int8)"
    }

    /// A commit waits for the disk, and for all commits before it, if its transaction wrote anything. This writes
    /// something for logical replication that nobody listens to.
    fn flush_sql(&self) -> Option<&'static str> {
        Some("SELECT pg_catalog.pg_logical_emit_message(true, 'runner', '')")
    }

    fn database_name(&self) -> Option<&str> {
        None
    }

    async fn identity(&mut self) -> Result<String, BackendError> {
        self.ready().await?;
        let rows = self
            .own_texts(
                "SELECT (EXTRACT(EPOCH FROM pg_catalog.pg_postmaster_start_time()) \
                    * 1000000)::pg_catalog.int8, \
                    pg_catalog.current_setting('port'), pg_catalog.current_database()",
            )
            .await?;
        let parts: [Option<String>; 3] = columns(rows)?;
        Ok(parts.map(Option::unwrap_or_default).join("/"))
    }

    async fn reconnect(&mut self) -> Result<(), BackendError> {
        self.forget_hook();
        self.state = State::default();
        self.chained = None;
        self.left_nothing = false;
        // A pooler may have given the old server session to somebody else by now.
        self.link.reopen(!self.is_pooled).await?;
        if !self.unbounded().is_empty() {
            let sql = settings::unbind(self.unbounded()).join("; ");
            self.own_run(&sql).await?;
        }
        if self.lock.take().is_some()
            && let LockTry::HeldBy(holder) = self.try_lock().await?
        {
            return Err(BackendError::Locked(holder));
        }
        Ok(())
    }

    async fn set_idle_limit(&mut self, limit: Option<Duration>) -> Result<(), BackendError> {
        self.idle = limit;
        Ok(())
    }

    async fn close(&mut self) {
        self.link.close().await;
    }
}
