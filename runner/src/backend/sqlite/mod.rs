//! SQLite: one connection for the operator and, while a hook runs, for the plugin.
//!
//! Implements [`Backend`] by putting together the lock (`lock.rs`), the state (`state.rs`) and the
//! guarded session (`session.rs`). Every transaction on SQLite begins and ends in this file.

mod error;
mod foreign_keys;
mod guard;
mod lock;
mod raw;
mod session;
mod state;
mod value;
mod writer;

use super::{
    Access, Attempt, Backend, BackendError, Claim, Counts, DatabaseUrl, Ending, LockHolder,
    Revision, Snapshot, SqlLimits,
};
use crate::{
    alteration::{Checksum, Dialect, Direction},
    crash,
    session::{ErrorKind, SharedSession, SqlError},
};
use async_trait::async_trait;
use error::{host_error, raw_host_error};
use guard::{Guard, Rights};
use session::SqliteSession;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use std::{
    path::PathBuf,
    str::FromStr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(50);
/// How long an interrupted statement may take to give way. SQLite looks for interrupts between
/// instructions, but one call of `replace` or LIKE with large arguments can take hours.
const GRACE: Duration = Duration::from_secs(5);
const ROW_BUFFER: usize = 512;
/// Each transaction of a rehearsal is this savepoint inside the one that is rolled back.
const SAVEPOINT: &str = "runner_rehearsal";

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
            stuck: false,
            violations: None,
        };
        let options = options(url, access)?;
        let in_memory = url.sqlite_part().starts_with(":memory:");
        match (access, in_memory || options.get_filename().exists()) {
            (_, true) => backend.open(options).await?,
            // The file is created only when everything that could be checked before is.
            (Access::Create, false) => backend.create = Some(options),
            (Access::Rehearse, false) => {
                backend.open(options.filename("").in_memory(true)).await?;
            }
            (Access::Read | Access::Write, false) => {}
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

    /// Begins a transaction of the runner's own.
    async fn start(&self, connection: &mut SqliteConnection) -> Result<(), BackendError> {
        self.guard.set(Rights::Host);
        crash::point("before begin");
        if self.rehearsing {
            run(connection, &format!("SAVEPOINT {SAVEPOINT}")).await
        } else {
            run(connection, "BEGIN IMMEDIATE").await
        }
    }

    /// Commits it, and makes sure that it is committed.
    async fn end(&self, connection: &mut SqliteConnection) -> Result<(), BackendError> {
        self.guard.set(Rights::Host);
        crash::point("before commit");
        if self.rehearsing {
            return run(connection, &format!("RELEASE {SAVEPOINT}")).await;
        }
        self.guard.commit_allowed.store(true, Ordering::SeqCst);
        let committed = run(connection, "COMMIT").await;
        self.guard.commit_allowed.store(false, Ordering::SeqCst);
        crash::point("after commit");
        committed?;
        let mut handle = connection.lock_handle().await.map_err(host_error)?;
        match raw::in_transaction(&mut handle) {
            false => Ok(()),
            true => Err(BackendError::TransactionEnded("COMMIT left it open".to_owned())),
        }
    }

    /// Rolls back whatever is open, if anything is.
    async fn abandon(&mut self, connection: &mut SqliteConnection) -> Result<(), BackendError> {
        // The worker thread first has to give up a statement that still runs.
        self.guard.interrupted.store(true, Ordering::SeqCst);
        let open = tokio::time::timeout(GRACE, async {
            let mut handle = connection.lock_handle().await.map_err(host_error)?;
            Ok(raw::in_transaction(&mut handle))
        })
        .await;
        let Ok(open) = open else {
            self.stuck = true;
            return Err(BackendError::Stuck);
        };
        self.guard.interrupted.store(false, Ordering::SeqCst);
        let open = open?;
        self.guard.set(Rights::Host);
        self.guard.take_denied();
        self.guard.take_touched();
        match (open, self.rehearsing) {
            (false, false) => Ok(()),
            (false, true) => Err(BackendError::TransactionEnded(
                "the rehearsal's transaction is gone; nothing was kept".to_owned(),
            )),
            (true, false) => run(connection, "ROLLBACK").await,
            (true, true) => {
                run(connection, &format!("ROLLBACK TO {SAVEPOINT}")).await?;
                run(connection, &format!("RELEASE {SAVEPOINT}")).await
            }
        }
    }

    /// Checks, before a commit, what SQLite was told not to check while the hook ran.
    async fn check_foreign_keys(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), BackendError> {
        let touched = self.guard.take_touched();
        let after =
            foreign_keys::violations(connection, Some(&touched)).await.map_err(host_error)?;
        let before = self.violations.take().unwrap_or_default();
        let added = foreign_keys::added(&before, &after);
        self.violations = Some(if added.is_none() {
            // Only the tables concerned were counted; the others are as they were.
            let mut kept = before;
            kept.retain(|key, _| after.contains_key(key) || !touched.contains(&key.0));
            kept.extend(after);
            kept
        } else {
            before
        });
        match added {
            None => Ok(()),
            Some(what) => Err(BackendError::Refused(SqlError::new(
                ErrorKind::Constraint,
                format!("foreign keys are violated at the end of the hook: {what}"),
            ))),
        }
    }

    async fn finish(
        &mut self,
        connection: &mut SqliteConnection,
        claim: &Claim<'_>,
        counts: &Counts,
    ) -> Result<(), BackendError> {
        let mut handle = connection.lock_handle().await.map_err(host_error)?;
        if !raw::in_transaction(&mut handle) {
            return Err(BackendError::TransactionEnded("it was rolled back".to_owned()));
        }
        drop(handle);
        self.guard.set(Rights::Host);
        drop_temporary_tables(connection).await?;
        self.check_foreign_keys(connection).await?;
        state::finalise(connection, claim.attempt, counts).await?;
        state::history(connection, claim.attempt, Some((Ending::Done, counts, None))).await?;
        self.end(connection).await
    }

    async fn claim(
        &mut self,
        connection: &mut SqliteConnection,
        claim: &Claim<'_>,
    ) -> Result<(), BackendError> {
        let revision = state::advance(connection, claim.revision).await?;
        state::claim(connection, claim.attempt, revision).await?;
        if claim.attempt.direction == Direction::Up {
            let checksum = claim.attempt.component_checksum;
            state::archive(connection, checksum, claim.component).await?;
        }
        if self.violations.is_none() {
            let found = foreign_keys::violations(connection, None).await.map_err(host_error)?;
            self.violations = Some(found);
        }
        self.guard.take_touched();
        crash::point("after the claim");
        Ok(())
    }
}

fn options(url: &DatabaseUrl, access: Access) -> Result<SqliteConnectOptions, BackendError> {
    let text = format!("sqlite:{}", url.sqlite_part());
    let options = SqliteConnectOptions::from_str(&text)
        .map_err(|error| BackendError::Url(error.to_string()))?;
    Ok(options
        .create_if_missing(access == Access::Create)
        .foreign_keys(false)
        .pragma("query_only", if access == Access::Read { "ON" } else { "OFF" })
        .shared_cache(false)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROW_BUFFER)
        .disable_statement_logging())
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<(), BackendError> {
    sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(host_error)
}

/// Temporary tables belong to the connection; the next hook must not find them.
async fn drop_temporary_tables(connection: &mut SqliteConnection) -> Result<(), BackendError> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM temp.sqlite_schema WHERE type = 'table'")
            .persistent(false)
            .fetch_all(&mut *connection)
            .await
            .map_err(host_error)?;
    for name in names.iter().filter(|name| *name != "sqlite_sequence") {
        run(connection, &format!("DROP TABLE IF EXISTS temp.{}", session::quote(name))).await?;
    }
    // SQLite never drops this one, and the next hook's `sqlite_sequence` would mean it.
    if names.iter().any(|name| name == "sqlite_sequence") {
        return Err(BackendError::Refused(SqlError::new(
            ErrorKind::Denied,
            "a temporary table with AUTOINCREMENT would outlive the hook; leave AUTOINCREMENT out",
        )));
    }
    Ok(())
}

#[async_trait]
impl Backend for SqliteBackend {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn has_transactional_ddl(&self) -> bool {
        true
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
        let upgraded = match state::upgrade(connection).await {
            Ok(()) => self.end(connection).await,
            Err(error) => Err(error),
        };
        if upgraded.is_err() {
            self.abandon(connection).await?;
        }
        upgraded
    }

    async fn snapshot(&mut self) -> Result<Snapshot, BackendError> {
        let Some(session) = &self.session else { return Ok(Snapshot::empty()) };
        let connection = &mut session.lock().await.connection;
        self.guard.set(Rights::Host);
        if self.rehearsing {
            return state::snapshot(connection).await;
        }
        run(connection, "BEGIN").await?;
        let snapshot = state::snapshot(connection).await;
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
        state::archived(&mut session.lock().await.connection, component).await
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
            self.abandon(connection).await?;
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
                self.abandon(&mut open.connection).await?;
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
            self.abandon(&mut open.connection).await?;
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
        counts: &Counts,
        error: &str,
    ) -> Result<(), BackendError> {
        let session = self.session()?;
        let connection = &mut session.lock().await.connection;
        self.start(connection).await?;
        let recorded = async {
            state::advance_any(connection).await?;
            state::fail(connection, attempt, error).await?;
            state::history(connection, attempt, Some((Ending::Failed, counts, Some(error))))
                .await?;
            self.end(connection).await
        }
        .await;
        if recorded.is_err() {
            self.abandon(connection).await?;
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
