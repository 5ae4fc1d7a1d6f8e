//! SQLite: one connection for the operator and, while a hook runs, for the plugin.
//!
//! Implements [`Backend`] by putting together the lock (`lock.rs`), the state (`state.rs`) and the
//! guarded session (`session.rs`), each in a transaction (`transaction.rs`).

mod archive;
mod error;
mod foreign_keys;
mod guard;
mod identifier;
mod lock;
mod outcome;
mod raw;
mod rows;
mod schema;
mod session;
mod state;
mod transaction;
mod value;
mod writer;

use super::{
    Access, Attempt, Backend, BackendError, Claim, Counts, DatabaseUrl, Ending, LockHolder,
    Revision, Snapshot, SqlLimits,
};
use crate::{
    alteration::{Checksum, Dialect},
    crash,
    session::SharedSession,
};
use async_trait::async_trait;
use error::raw_host_error;
use guard::{Guard, Rights};
use session::SqliteSession;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};
use transaction::run;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(50);
const ROW_BUFFER: usize = 512;

pub(super) struct SqliteBackend {
    url: String,
    access: Access,
    limits: SqlLimits,
    /// `None` where there is no database yet and none may be created.
    session: Option<Arc<Mutex<SqliteSession>>>,
    guard: Arc<Guard>,
    /// `None` for a database in memory.
    file: Option<PathBuf>,
    /// How to create the database, while that is still to be done.
    create: Option<SqliteConnectOptions>,
    lock: Option<lock::FileLock>,
    rehearsing: bool,
    /// Held while guests may run.
    heap: Option<raw::HeapBound>,
    /// The worker thread did not give up a statement: nothing more can be asked of it.
    stuck: bool,
    /// Foreign key violations that were there before, counted once, kept up to date.
    violations: Option<foreign_keys::Violations>,
}

impl SqliteBackend {
    pub(super) async fn connect(
        url: &DatabaseUrl,
        access: Access,
        limits: SqlLimits,
    ) -> Result<Self, BackendError> {
        let mut backend = Self {
            url: url.to_string(),
            access,
            limits,
            session: None,
            guard: Arc::new(Guard::default()),
            file: None,
            create: None,
            lock: None,
            rehearsing: false,
            heap: None,
            stuck: false,
            violations: None,
        };
        let options = options(url, access)?;
        let in_memory = url.sqlite_part().starts_with(":memory:");
        match (access, in_memory || options.get_filename().exists()) {
            (_, true) => backend.open(options).await?,
            // The file is created only when everything that could be checked before is.
            (Access::Create, false) => {
                let folder = options.get_filename().parent().filter(|f| !f.as_os_str().is_empty());
                if folder.is_some_and(|folder| !folder.is_dir()) {
                    let reason = "its folder does not exist".to_owned();
                    return Err(BackendError::Connect { url: url.to_string(), reason });
                }
                backend.create = Some(options);
            }
            (Access::Rehearse, false) => {
                backend.open(options.filename("").in_memory(true)).await?;
            }
            (Access::Read, false) => {}
            // There is nothing to roll back in a database that is not there: the path is wrong.
            (Access::Write, false) => {
                let reason = "there is no such file".to_owned();
                return Err(BackendError::Connect { url: url.to_string(), reason });
            }
        }
        Ok(backend)
    }

    async fn open(&mut self, options: SqliteConnectOptions) -> Result<(), BackendError> {
        let mut connection = options.connect().await.map_err(|e| self.connect_error(e))?;
        // Reading the first page tells whether this is a database at all.
        sqlx::query("SELECT count(*) FROM main.sqlite_schema")
            .persistent(false)
            .execute(&mut connection)
            .await
            .map_err(|e| self.connect_error(e))?;
        let mut handle = connection.lock_handle().await.map_err(|e| self.connect_error(e))?;
        if self.access != Access::Read && raw::is_read_only(&mut handle) {
            let reason = "the file or its folder does not permit writing".to_owned();
            return Err(BackendError::ReadOnly { url: self.url.clone(), reason });
        }
        self.file = raw::file_name(&mut handle);
        let bounds = raw::RawLimits {
            value_bytes_max: self.limits.value_bytes_max,
            sql_bytes_max: self.limits.sql_bytes_max,
        };
        if self.access != Access::Read {
            // Reading runs no guest, and the application that only checks keeps its memory.
            self.heap = Some(raw::HeapBound::set(bounds));
        }
        raw::confine(&mut handle, &self.guard, bounds).map_err(raw_host_error)?;
        drop(handle);
        let session = SqliteSession::new(connection, Arc::clone(&self.guard), self.limits);
        self.session = Some(Arc::new(Mutex::new(session)));
        Ok(())
    }

    fn connect_error(&self, error: sqlx::Error) -> BackendError {
        let raw = error::raw(error);
        let url = self.url.clone();
        match raw.code & 0xff {
            libsqlite3_sys::SQLITE_NOTADB => BackendError::NotADatabase(url),
            libsqlite3_sys::SQLITE_CORRUPT => BackendError::Damaged { reason: raw.message },
            libsqlite3_sys::SQLITE_BUSY => BackendError::Busy(raw.message),
            libsqlite3_sys::SQLITE_READONLY => BackendError::ReadOnly { url, reason: raw.message },
            _ => BackendError::Connect { url, reason: raw.message },
        }
    }

    fn session(&self) -> Result<Arc<Mutex<SqliteSession>>, BackendError> {
        self.session.clone().ok_or_else(|| BackendError::Connect {
            url: self.url.clone(),
            reason: "there is no such file".to_owned(),
        })
    }
}

fn options(url: &DatabaseUrl, access: Access) -> Result<SqliteConnectOptions, BackendError> {
    let text = format!("sqlite:{}", url.sqlite_part());
    let options = SqliteConnectOptions::from_str(&text)
        .map_err(|error| BackendError::Url(url_reason(&error)))?;
    Ok(options
        .create_if_missing(access == Access::Create)
        .foreign_keys(false)
        .pragma("query_only", if access == Access::Read { "ON" } else { "OFF" })
        .shared_cache(false)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging())
}

/// Why a URL is refused; without the value in it, which may be a secret in the wrong place.
fn url_reason(error: &sqlx::Error) -> String {
    let text = error.to_string();
    let text = text.trim_start_matches("error with configuration: ");
    match text.split_once("unknown value ").and_then(|(_, rest)| rest.rsplit_once(" for ")) {
        Some((_, parameter)) => format!("it has an unknown value for {parameter}"),
        None => text.to_owned(),
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn is_there(&self) -> bool {
        self.session.is_some()
    }

    async fn lock(
        &mut self,
        patience: Duration,
        waiting: &mut (dyn FnMut(LockHolder) + Send),
    ) -> Result<(), BackendError> {
        if let Some(options) = self.create.take() {
            self.open(options).await?;
        }
        let Some(path) = self.file.as_deref().map(lock::path_for) else { return Ok(()) };
        let deadline = Instant::now() + patience;
        loop {
            match lock::try_lock(&path)? {
                lock::Try::Held(held) => {
                    self.lock = Some(held);
                    return Ok(());
                }
                lock::Try::Impossible => return Ok(()),
                lock::Try::HeldBy(holder) => {
                    if Instant::now() >= deadline {
                        return Err(BackendError::Locked(holder));
                    }
                    waiting(holder);
                    tokio::time::sleep(LOCK_POLL).await;
                }
            }
        }
    }

    async fn unlock(&mut self) {
        self.lock = None;
    }

    async fn prepare(&mut self) -> Result<(), BackendError> {
        let session = self.session()?;
        let connection = &mut session.lock().await.connection;
        self.start(connection).await?;
        let upgraded = match schema::upgrade(connection).await {
            Ok(()) => self.end(connection).await,
            Err(error) => Err(error),
        };
        if upgraded.is_err() {
            self.give_up(connection).await;
        }
        upgraded
    }

    async fn snapshot(&mut self) -> Result<Snapshot, BackendError> {
        let Some(session) = &self.session else { return Ok(Snapshot::empty()) };
        let connection = &mut session.lock().await.connection;
        self.guard.set(Rights::Host);
        if self.rehearsing {
            return rows::snapshot(connection).await;
        }
        run(connection, "BEGIN").await?;
        let snapshot = rows::snapshot(connection).await;
        run(connection, "ROLLBACK").await?;
        snapshot
    }

    async fn begin_rehearsal(&mut self) -> Result<(), BackendError> {
        let session = self.session()?;
        self.guard.set(Rights::Host);
        run(&mut session.lock().await.connection, "BEGIN IMMEDIATE").await?;
        self.rehearsing = true;
        Ok(())
    }

    async fn end_rehearsal(&mut self) -> Result<(), BackendError> {
        let session = self.session()?;
        self.rehearsing = false;
        if self.stuck {
            return Err(BackendError::Stuck);
        }
        self.abandon(&mut session.lock().await.connection).await
    }

    async fn archived(&mut self, component: Checksum) -> Result<Option<Vec<u8>>, BackendError> {
        let session = self.session()?;
        self.guard.set(Rights::Host);
        archive::read(&mut session.lock().await.connection, component).await
    }

    async fn record_start(
        &mut self,
        attempt: &Attempt,
        revision: Revision,
    ) -> Result<Revision, BackendError> {
        let session = self.session()?;
        let connection = &mut session.lock().await.connection;
        self.start(connection).await?;
        let recorded = async {
            let revision = state::advance(connection, revision).await?;
            state::history(connection, attempt, None).await?;
            self.end(connection).await?;
            Ok(revision)
        }
        .await;
        if recorded.is_err() {
            self.give_up(connection).await;
        }
        recorded
    }

    async fn begin(&mut self, claim: &Claim<'_>) -> Result<SharedSession, BackendError> {
        let session = self.session()?;
        {
            let mut open = session.lock().await;
            open.reset();
            self.start(&mut open.connection).await?;
            if let Err(error) = self.claim(&mut open.connection, claim).await {
                self.give_up(&mut open.connection).await;
                return Err(error);
            }
        }
        Ok(session)
    }

    async fn commit(
        &mut self,
        claim: &Claim<'_>,
        counts: &Counts,
    ) -> Result<Revision, BackendError> {
        let session = self.session()?;
        let mut open = session.lock().await;
        open.reset();
        if let Err(error) = self.finish(&mut open.connection, claim, counts).await {
            self.give_up(&mut open.connection).await;
            return Err(error);
        }
        Ok(Revision(claim.revision.0 + 1))
    }

    async fn rollback(&mut self) -> Result<(), BackendError> {
        let session = self.session()?;
        let mut open = session.lock().await;
        open.reset();
        self.abandon(&mut open.connection).await?;
        crash::point("after rollback");
        Ok(())
    }

    async fn record_failure(
        &mut self,
        attempt: &Attempt,
        ending: Ending,
        counts: &Counts,
        error: &str,
    ) -> Result<(), BackendError> {
        let session = self.session()?;
        let connection = &mut session.lock().await.connection;
        self.start(connection).await?;
        let recorded = async {
            state::advance_any(connection).await?;
            if ending == Ending::Failed {
                state::fail(connection, attempt, error).await?;
            }
            state::history(connection, attempt, Some((ending, counts, Some(error)))).await?;
            self.end(connection).await
        }
        .await;
        if recorded.is_err() {
            self.give_up(connection).await;
        }
        recorded
    }

    async fn close(self: Box<Self>) {
        let Some(session) = self.session else { return };
        if self.stuck {
            // Closing would wait for the statement. The thread that runs it ends with the process.
            return;
        }
        if let Ok(session) = Arc::try_unwrap(session) {
            // Everything is committed by now; an error here loses nothing.
            let _ = session.into_inner().connection.close().await;
        }
    }
}
