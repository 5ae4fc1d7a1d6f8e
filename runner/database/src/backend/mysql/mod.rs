//! MySQL and MariaDB: one connection with the operator's side and the plugin's side.
//!
//! Implements [`Connection`]: the runner's own statements, transactions (`transaction.rs`), the lock
//! (`lock.rs`) and what a journal asks (`catalogue.rs`, `orphan.rs`, `sessions.rs`). The plugin's side is
//! `session.rs`. Schema changes commit by themselves here, so that hooks are journaled. The rules of journals are in
//! `alteration-record`, once for every database.

mod apart;
mod blocker;
mod borrowed;
mod call;
mod catalogue;
mod column;
mod confined;
mod connect;
mod cursor;
mod error;
mod hint;
mod lock;
mod native;
mod options;
mod orphan;
mod own;
mod parameter;
mod powers;
mod rights;
mod server;
mod session;
mod sessions;
mod settings;
#[cfg(test)]
mod tests;
mod things;
mod time;
mod transaction;
mod unread;
mod value;
mod variables;
mod verdict;
mod watch;
mod wire;
mod worn;
mod writer;
mod zone;

pub(super) use connect::MysqlConnector;

use super::{
    BackendError, ConnectOptions, DatabaseUrl,
    connection::{
        Apart, Cell, Confining, Connection, HookMode, HookSettings, Journaling, Journals, OwnTypes,
        Rights, Segments, Sessions, SignedLease, Verdict,
    },
    one_by_one::Steps,
    transaction::{Durability, Own, Rows, TxError},
};
use crate::{
    session::{Handle, Session as _},
    sql::{Isolation, Level},
};
use alteration_domain::record::{Object, ObjectKind, tables};
use async_trait::async_trait;
use borrowed::Borrowed;
use column::TableHints;
use confined::Relay;
use native::Native;
use server::Server;
use settings::Settings;
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};
use variables::Variables;
use wire::Wire;
use worn::Worn;
use writer::Writer;
use zone::Zone;

/// One connection to one database on a MySQL or MariaDB server.
pub(super) struct MysqlConnection {
    /// `None` once it is closed.
    wire: Option<Wire>,
    server: Server,
    /// The settings that the server gave the session. Hooks run under them.
    native: Native,
    settings: Settings,
    url: DatabaseUrl,
    options: ConnectOptions,
    mode: HookMode,
    level: Level,
    marker: Option<String>,
    /// Set while a transaction of [`Connection::start`] has not been ended by the runner.
    begun: bool,
    /// Set if a change of the runner's own tables ended that transaction. Each statement after it commits by itself.
    has_defined: bool,
    locked: bool,
    /// The lease that this connection works under.
    lease: Option<SignedLease>,
    /// The catalogue's description of tables that were read, until the schema changes.
    hints: HashMap<String, Arc<TableHints>>,
    /// The number of guests' statements that may have changed the schema.
    schema_changes: u64,
    /// The session's variables before a guest's first SET; `None` while there is nothing to reset.
    untouched: Option<Variables>,
    borrowed: Option<Borrowed>,
    /// The hook's own settings that decide how texts are parsed.
    worn: Option<Worn>,
    /// Set if a statement in a session of the hook's own may have changed the mode.
    is_mode_unknown: bool,
    /// Set if the session of the hook's own was in a transaction before the current preparation. Only used on a cluster.
    was_in_transaction: bool,
    /// The session's time zones as read from the server, by their names.
    zones: HashMap<String, Zone>,
    cursors: HashMap<Handle, cursor::Cursor>,
    writers: HashMap<Handle, Writer>,
    next_handle: u32,
    /// Set if the session is a confined plugin's.
    relay: Option<Box<Relay>>,
}

impl MysqlConnection {
    fn new(
        wire: Wire,
        server: Server,
        native: Native,
        settings: Settings,
        url: DatabaseUrl,
        options: &ConnectOptions,
    ) -> Self {
        Self {
            wire: Some(wire),
            server,
            native,
            settings,
            url,
            options: options.clone(),
            mode: HookMode::Transaction,
            level: Level::Guarded,
            marker: None,
            begun: false,
            has_defined: false,
            locked: false,
            lease: None,
            hints: HashMap::new(),
            schema_changes: 0,
            untouched: None,
            borrowed: None,
            worn: None,
            is_mode_unknown: false,
            was_in_transaction: false,
            zones: HashMap::new(),
            cursors: HashMap::new(),
            writers: HashMap::new(),
            next_handle: 0,
            relay: None,
        }
    }

    /// Returns the connection once no call is in flight on it. If a call was cut off in a transaction, fails until the
    /// rollback: on a new session the next statement would commit by itself. A session of the hook's own is never reopened.
    async fn ready(&mut self) -> Result<&mut Wire, BackendError> {
        let is_irreplaceable = self.begun || self.mode == HookMode::Apart;
        if is_irreplaceable && self.wire()?.is_cut_off() {
            return Err(BackendError::Disconnected("an earlier call was cut off".to_owned()));
        }
        self.end_what_runs().await?;
        self.wire()
    }

    fn wire(&mut self) -> Result<&mut Wire, BackendError> {
        self.wire.as_mut().ok_or_else(closed)
    }

    /// Runs the runner's own statements, without parameters.
    async fn own_text(&mut self, sql: &str) -> Result<(), BackendError> {
        let done = self.wire()?.text(sql).await;
        done.map_err(|error| self.host_error(&error))
    }

    fn host_error(&self, error: &sqlx::Error) -> BackendError {
        error::host_error(error, &self.url.to_string())
    }

    /// Forgets what belonged to a hook.
    fn forget_hook(&mut self) {
        self.cursors.clear();
        self.writers.clear();
        self.hints.clear();
    }

    /// Resets the session variables that a guest has set.
    async fn restore_settings(&mut self) -> Result<(), BackendError> {
        if self.borrowed.is_some() {
            self.ready().await?;
            self.return_settings().await.map_err(BackendError::Refused)?;
        }
        // What it has on is among what is put back; what is off is there already.
        self.worn = None;
        let Some(untouched) = self.untouched.take() else { return Ok(()) };
        let dialect = self.server.dialect;
        let restored = untouched.restore(self.ready().await?, dialect).await;
        restored.map_err(|error| self.host_error(&error))?;
        let sql = self.settings.sql();
        self.own_text(&sql).await
    }
}

fn closed() -> BackendError {
    BackendError::Disconnected("the connection is closed".to_owned())
}

impl fmt::Debug for MysqlConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlConnection").field("url", &self.url).finish_non_exhaustive()
    }
}

#[async_trait]
impl Steps for MysqlConnection {
    async fn begin(&mut self, isolation: Option<Isolation>) -> Result<(), BackendError> {
        if let Some(isolation) = isolation {
            let sql = format!("SET TRANSACTION ISOLATION LEVEL {}", isolation.as_sql());
            self.own_text(&sql).await?;
        }
        self.begin_transaction().await?;
        if let Some(relay) = &mut self.relay {
            relay.let_go();
        }
        Ok(())
    }

    async fn relayed(&mut self, statements: &[Own]) -> Option<Result<Vec<Rows>, TxError>> {
        self.relayed(statements).await
    }

    async fn execute_own(&mut self, sql: &str, params: &[Cell]) -> Result<u64, BackendError> {
        self.execute_own(sql, params).await
    }

    async fn insert_own(&mut self, sql: &str, params: &[Cell]) -> Result<(), BackendError> {
        self.insert_own(sql, params).await
    }

    async fn read_own(&mut self, sql: &str, params: &[Cell]) -> Result<Rows, BackendError> {
        self.read_own(sql, params).await
    }

    async fn enter_hook(&mut self, hook: HookSettings) -> Result<(), BackendError> {
        self.forget_hook();
        self.restore_settings().await?;
        self.mode = hook.mode;
        self.level = hook.level;
        let wanted = Settings {
            lock_wait: hook.lock_wait,
            statement_time: hook.statement_time,
            ..self.settings
        };
        if wanted.sql() != self.settings.sql() {
            self.settings = wanted;
            self.own_text(&wanted.sql()).await?;
        }
        Ok(())
    }

    async fn leave_hook(&mut self) -> Result<(), BackendError> {
        self.forget_hook();
        self.restore_settings().await?;
        if self.is_still_begun().await? { Ok(()) } else { Err(self.ended()) }
    }

    async fn commit(&mut self, _wanted: Durability) -> Result<Durability, BackendError> {
        self.commit_transaction().await?;
        Ok(Durability::Flushed)
    }
}

#[async_trait]
impl Journaling for MysqlConnection {
    fn journals(&self) -> Journals {
        Journals { segments: Segments::Units, commits_by_itself: true }
    }

    async fn is_in_transaction(&mut self) -> Result<bool, BackendError> {
        self.is_still_begun().await
    }

    async fn end_orphans(&mut self, marker: &str) -> Result<(), BackendError> {
        self.end_what_is_left(marker).await
    }

    async fn objects(&mut self) -> Result<Vec<Object>, BackendError> {
        let standing = self.there().await?;
        let place = self.server.database.clone();
        let of = |(name, is_view)| Object {
            kind: if is_view { ObjectKind::View } else { ObjectKind::Table },
            place: place.clone(),
            name,
        };
        Ok(standing.into_iter().map(of).collect())
    }

    fn catalogued(&self, name: &str) -> String {
        self.server.folded(name)
    }

    async fn fingerprint(&mut self, sql: &str) -> Result<String, BackendError> {
        self.catalogue_of(sql).await
    }

    async fn verify(&mut self, sql: &str, before: &str) -> Result<Verdict, BackendError> {
        let now = self.catalogue_of(sql).await?;
        let verdict = verdict::judge(sql, self.reading(), before, &now);
        let lacks_rows = verdict == Verdict::Done
            && verdict::is_filled_table(sql, self.reading())
            && verdict::may_lack_rows(&self.server, &now);
        Ok(if lacks_rows { Verdict::Unknown } else { verdict })
    }
}

#[async_trait]
impl Sessions for MysqlConnection {
    fn session_name(&self) -> String {
        self.server.session_name()
    }

    async fn end_session_named(&mut self, name: &str) -> Result<(), BackendError> {
        match self.server.session_of(name) {
            Some(id) if id != self.server.connection_id => self.end_session(id).await,
            _ => Ok(()),
        }
    }

    fn set_lease(&mut self, lease: Option<SignedLease>) {
        self.lease = lease;
    }

    fn set_marker(&mut self, marker: Option<&str>) {
        self.marker = marker.map(orphan::comment);
    }
}

#[async_trait]
impl Connection for MysqlConnection {
    fn apart(&mut self) -> Option<&mut dyn Apart> {
        Some(self)
    }

    fn sessions(&mut self) -> Option<&mut dyn Sessions> {
        Some(self)
    }

    fn rights(&mut self) -> Option<&mut dyn Rights> {
        Some(self)
    }

    fn confining(&mut self) -> Option<&mut dyn Confining> {
        Some(self)
    }

    fn own_types(&self) -> OwnTypes {
        OwnTypes {
            key: "varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            text: "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            bytes: "longblob",
            integer: "bigint",
            unnumber: "MODIFY sequence bigint NOT NULL",
        }
    }

    async fn own_tables(&mut self) -> Result<BTreeSet<String>, BackendError> {
        let sql = "SELECT table_name FROM information_schema.tables
            WHERE table_schema = ? AND table_name LIKE 'alteration!_%' ESCAPE '!'";
        let database = Cell::text(&self.server.database);
        let found = self.read_own(sql, &[database]).await?;
        Ok(tables::own(found.into_iter().flatten().filter_map(|cell| match cell {
            Cell::Text(name) => name,
            Cell::Bytes(name) => String::from_utf8(name?).ok(),
            Cell::Integer(_) => None,
        })))
    }

    fn tables_sql(&self) -> &'static str {
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()
         AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'alteration!_%' ESCAPE '!'"
    }

    fn clock_ms(&self) -> &'static str {
        // Not UNIX_TIMESTAMP of a local time, of which an hour a year is ambiguous.
        "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000)"
    }

    fn flush_sql(&self) -> Option<&'static str> {
        None
    }

    fn database_name(&self) -> Option<&str> {
        Some(&self.server.database)
    }

    async fn identity(&mut self) -> Result<String, BackendError> {
        // All nodes of a cluster have the same database.
        let sql = match self.server.galera {
            true => {
                "SELECT CAST(CONCAT_WS('/', variable_value, DATABASE()) AS CHAR)
                 FROM information_schema.global_status
                 WHERE variable_name = 'wsrep_cluster_state_uuid'"
            }
            false => {
                "SELECT CAST(CONCAT_WS('/', @@hostname, @@port, @@datadir, DATABASE()) AS CHAR)"
            }
        };
        // As it stands: in own statements with parameters an @ names a table.
        let rows = self.ready().await?.text_rows(sql).await;
        let rows = rows.map_err(|error| self.host_error(&error))?;
        match rows.first().map(|row| value::own_text(row, 0)) {
            Some(Ok(Some(identity))) => Ok(identity),
            _ => Err(BackendError::Database("the server does not say who it is".to_owned())),
        }
    }

    async fn reconnect(&mut self) -> Result<(), BackendError> {
        self.forget_hook();
        self.replace().await?;
        match &mut self.relay {
            Some(relay) => relay.clerk().replace().await,
            None => Ok(()),
        }
    }

    async fn set_idle_limit(&mut self, limit: Option<Duration>) -> Result<(), BackendError> {
        if self.settings.idle == limit {
            return Ok(());
        }
        self.settings.idle = limit;
        self.end_what_runs().await?;
        let sql = self.settings.sql();
        self.own_text(&sql).await
    }

    async fn close(&mut self) {
        self.locked = false;
        if let Some(wire) = self.wire.take() {
            wire.close().await;
        }
        if let Some(mut relay) = self.relay.take() {
            relay.clerk().close().await;
        }
    }
}
