//! PostgreSQL, 13 and later: one connection for the operator and, while a hook runs, for the plugin.
//!
//! Puts together the link to the server (`link.rs`), the operator's transactions, lock and own
//! statements, and the hook's session (`session.rs`). Decides nothing about claims, records or
//! journals: that is the same for every database and is done above [`Connection`].

mod catalogue;
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
    connection::{Connection, HookSettings, LockTry, OwnTypes, Segments, Verdict},
    powers::Powers,
    transaction::{Durability, End, Own, Rows, Start, TxError},
};
use crate::{
    alteration::{Dialect, PluginName},
    backend::tables::schema,
    session::{Handle, Outcome, SqlError, SqlLimits},
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

    fn place(&self) -> Option<&str> {
        Some(&self.schema)
    }

    fn strange_ledgers(&self) -> &[StrangeLedger] {
        &self.strange
    }

    async fn applied_elsewhere(
        &mut self,
        plugins: &BTreeSet<PluginName>,
    ) -> Result<Option<(String, PluginName)>, BackendError> {
        self.applied_in_other_schemas(plugins).await
    }

    async fn prepare_place(&mut self) -> Result<(), BackendError> {
        self.own_facts = None;
        // IF NOT EXISTS would ask for the right to create one even where it exists.
        let schema = text::literal(&text::quote(&self.schema));
        let sql = format!(
            "SELECT pg_catalog.to_regnamespace({schema}) IS NOT NULL,
             pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace({schema})::pg_catalog.oid, 'CREATE'),
             pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
             pg_catalog.quote_ident(pg_catalog.current_database()),
             pg_catalog.quote_ident(CURRENT_USER)"
        );
        let [there, may_use, may_make, database, user] = columns(self.own_texts(&sql).await?)?;
        let is = |answer: &Option<String>| answer.as_deref() == Some("t");
        let (what, may) = match is(&there) {
            true => (format!("SCHEMA {}", text::quote(&self.schema)), is(&may_use)),
            false => (format!("DATABASE {}", database.unwrap_or_default()), is(&may_make)),
        };
        if !may {
            let (schema, user) = (self.schema.clone(), user.unwrap_or_default());
            let grant = format!("GRANT CREATE ON {what} TO {user}");
            return Err(BackendError::MayNotMakeTables { schema, grant });
        }
        if is(&there) {
            return Ok(());
        }
        let current = settings::current_schema(&self.search_path);
        let [before] = columns(self.own_texts(&current).await?)?;
        self.own_run(&format!("CREATE SCHEMA IF NOT EXISTS {}", text::quote(&self.schema))).await?;
        let [after] = columns(self.own_texts(&current).await?)?;
        // PostgreSQL looks into a schema that is called as the user is before any other.
        if before.is_some() && before != after {
            return Err(BackendError::SchemaComesFirst(self.schema.clone()));
        }
        Ok(())
    }

    async fn start(&mut self, start: Start) -> Result<Vec<Rows>, TxError> {
        self.start_transaction(start).await
    }

    async fn look(&mut self) -> Result<(), BackendError> {
        self.start_transaction(Start::default()).await?;
        Ok(())
    }

    async fn read(&mut self, queries: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        self.read_transaction(queries).await
    }

    async fn own(&mut self, statements: Vec<Own>) -> Result<Vec<Rows>, TxError> {
        self.run_own(statements).await
    }

    async fn finish(&mut self, end: End) -> Result<Durability, TxError> {
        self.finish_transaction(end).await
    }

    async fn apply(
        &mut self,
        statements: Vec<Own>,
        durability: Durability,
    ) -> Result<Durability, TxError> {
        self.apply_transaction(statements, durability).await
    }

    fn segments(&self) -> Segments {
        Segments::Statements
    }

    async fn flush(&mut self) -> Result<(), BackendError> {
        self.flush_commits().await
    }

    async fn rollback(&mut self) -> Result<(), BackendError> {
        self.roll_back().await
    }

    async fn begin_rehearsal(&mut self) -> Result<(), BackendError> {
        self.start_rehearsal().await
    }

    async fn end_rehearsal(&mut self) -> Result<(), BackendError> {
        self.stop_rehearsal().await
    }

    async fn try_lock(&mut self) -> Result<LockTry, BackendError> {
        self.take_lock().await
    }

    async fn unlock(&mut self) {
        self.release_lock().await;
    }

    async fn is_in_transaction(&mut self) -> Result<bool, BackendError> {
        self.still_in_transaction().await
    }

    fn may_need_outside(&self, sql: &str) -> bool {
        crate::sql::Statement::one(sql, Dialect::Postgresql)
            .map_or(true, |statement| !statement.is_plain())
    }

    async fn mark(&mut self) -> Result<(), BackendError> {
        self.set_mark().await
    }

    async fn back_to_mark(&mut self) -> Result<(), BackendError> {
        self.return_to_mark().await
    }

    fn needs_outside(&self, error: &SqlError) -> bool {
        // The second is said to code that commits.
        matches!(error.sqlstate.as_deref(), Some("25001" | "2D000"))
    }

    async fn execute_outside(&mut self, sql: &str, marker: &str) -> Result<Outcome, SqlError> {
        self.note_outside();
        self.run_outside(sql, marker).await
    }

    async fn end_orphans(&mut self, marker: &str) -> Result<(), BackendError> {
        self.end_marked(marker).await
    }

    async fn fingerprint(&mut self, sql: &str) -> Result<String, BackendError> {
        self.take_fingerprint(sql).await
    }

    async fn verify(&mut self, sql: &str, before: &str) -> Result<Verdict, BackendError> {
        self.verify_outside(sql, before).await
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

    async fn needs_lease(&mut self) -> Result<bool, BackendError> {
        self.probe_pooler().await
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
