//! PostgreSQL, 13 and later: one connection for the operator and, while a hook runs, for the plugin.
//!
//! Puts together the link to the server (`link.rs`), the operator's transactions, lock and own
//! statements, and the hook's session (`session.rs`). Decides nothing about claims, records or
//! journals: that is the same for every database and is done above [`Connection`].

mod catalogue;
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
mod opener;
mod options;
mod outside;
mod own;
mod parameter;
mod place;
mod powers;
mod relay;
mod rights;
mod script;
mod session;
mod settings;
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
    Access, BackendError, ConnectOptions, StrangeLedger,
    connection::{Confining, Connection, HookSettings, OwnTypes, Places},
    powers::Powers,
};
use crate::{
    backend::tables::schema,
    session::{Handle, SqlLimits},
};
use async_trait::async_trait;
use connect::Server;
use link::{Link, TextRow};
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

/// The transaction that the operator's side began.
#[derive(Debug)]
struct Transaction {
    /// Its id on the server; none for readers.
    id: Option<String>,
    /// Whose side it was at when the mark was set, if one is, and whether output forms were pinned.
    marked: Option<(Side, bool)>,
}

/// The hook that the session is prepared for.
#[derive(Debug)]
struct Hook {
    settings: HookSettings,
    /// Before it began.
    facts: Option<facts::Facts>,
    /// Of a journaled hook: what the question about the tables was answered when its statements last got the
    /// session, in the transaction at hand.
    seen: Option<String>,
    /// Whether the catalogue was looked at earlier, at the end of the hook before.
    is_carried: bool,
}

/// Whose names and settings the server session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Own,
    Guest,
}

/// One connection to one PostgreSQL database.
#[derive(Debug)]
pub(super) struct PostgresConnection {
    link: Link,
    /// As it was connected with, for another connection.
    options: ConnectOptions,
    access: Access,
    limits: SqlLimits,
    /// As `server_version_num` counts: 150004.
    version: u32,
    /// Whether the server can look, while a statement runs, if its client is still there.
    sees_lost_clients: bool,
    /// Where the runner's own tables are.
    schema: String,
    /// Tables of runners that belong to others, and are not read.
    strange: Vec<StrangeLedger>,
    /// Settings taken from the session that would end it, or a transaction, while a guest or a compiler is at work.
    unbounded: Vec<&'static str>,
    /// Whether a role, a database or the server says that no commit waits for the disk.
    never_waits: bool,
    /// The schema, quoted, with its point.
    prefix: String,
    /// How long the runner's own statements wait for somebody else's lock.
    lock_wait: Duration,
    /// Whether nothing of a script goes together.
    one_by_one: bool,
    /// How long what a hook deferred may take at its end.
    check_time: Duration,
    /// How long the server lets this connection be idle in a transaction.
    idle: Option<Duration>,
    /// What names mean to hooks.
    search_path: String,
    transaction: Option<Transaction>,
    rehearsing: bool,
    in_savepoint: bool,
    hook: Option<Hook>,
    /// What was said of the runner's tables at the end of a hook, for the next one's beginning.
    own_facts: Option<facts::Facts>,
    /// A hook has begun whose settings have not surely been taken back.
    is_used: bool,
    side: Side,
    forms: forms::Forms,
    /// The last statement outside of a transaction failed, and had committed nothing.
    left_nothing: bool,
    /// The server session that took the runner's lock.
    lock: Option<i32>,
    /// Whether a pooler may give every transaction another server session.
    is_pooled: bool,
    /// Types that are not built in, by object id.
    types: HashMap<u32, types::Type>,
    /// Types of the parameters of statements that this hook ran before.
    parameters: HashMap<String, Vec<types::Type>>,
    cursors: HashMap<Handle, cursor::Cursor>,
    writers: HashMap<Handle, writer::Writer>,
    next_handle: u32,
    /// What is noted about locks, while a trial wants to know.
    watch: Option<watch::Watch>,
}

impl PostgresConnection {
    fn new(link: Link, options: &ConnectOptions, server: Server) -> Self {
        Self {
            link,
            options: options.clone(),
            access: options.access,
            limits: options.limits,
            version: server.version,
            sees_lost_clients: server.sees_lost_clients,
            prefix: format!("{}.", text::quote(&server.place.schema)),
            schema: server.place.schema,
            strange: server.place.strange,
            unbounded: server.unbounded,
            never_waits: server.never_waits,
            search_path: server.search_path,
            lock_wait: options.lock_wait,
            one_by_one: options.one_by_one,
            check_time: options.check_time,
            idle: None,
            transaction: None,
            rehearsing: false,
            in_savepoint: false,
            hook: None,
            own_facts: None,
            is_used: false,
            side: Side::Own,
            forms: forms::Forms::new(server.has_plain_forms),
            left_nothing: false,
            lock: None,
            is_pooled: false,
            types: HashMap::new(),
            parameters: HashMap::new(),
            cursors: HashMap::new(),
            writers: HashMap::new(),
            next_handle: 0,
            watch: None,
        }
    }

    /// Forgets what belonged to a hook: handles, and what was learned from the catalogue.
    fn forget_handles(&mut self) {
        self.cursors.clear();
        self.writers.clear();
        self.parameters.clear();
        self.types.retain(|oid, _| *oid < types::FIRST_USER_OID);
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

    fn confining(&mut self) -> Option<&mut dyn Confining> {
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
        self.link.settle().await?;
        let sql = format!(
            "SELECT relname::pg_catalog.text FROM pg_catalog.pg_class \
             WHERE relnamespace = pg_catalog.to_regnamespace({}) AND relkind IN ('r', 'p')",
            text::literal(&text::quote(&self.schema))
        );
        let found = self.own_texts(&sql).await?;
        Ok(schema::own(found.into_iter().flatten().flatten()))
    }

    async fn powers(&mut self) -> Result<Powers, BackendError> {
        self.read_powers().await
    }

    async fn grants_to_read(&mut self) -> Result<Vec<String>, BackendError> {
        self.grants().await
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

    async fn identity(&mut self) -> Result<String, BackendError> {
        self.link.settle().await?;
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
        self.connect_again().await
    }

    async fn set_idle_limit(&mut self, limit: Option<Duration>) -> Result<(), BackendError> {
        self.idle = limit;
        Ok(())
    }

    async fn close(&mut self) {
        self.link.close().await;
    }
}
