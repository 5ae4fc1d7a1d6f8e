//! Every transaction on SQLite begins and ends here: plain ones, and the savepoints of a rehearsal.

use super::{error::host_error, foreign_keys::Known, guard::Rights, raw, session::SqliteSession};
use crate::{
    backend::{BackendError, identifier::in_quotes as quote, transaction::Durability},
    crash,
    session::{ErrorKind, SqlError},
};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::{sync::atomic::Ordering, time::Duration};

/// The savepoint for each transaction of a rehearsal, inside the transaction that is rolled back.
const SAVEPOINT: &str = "runner_rehearsal";
/// How long an interrupted statement may take to end. SQLite checks for interrupts between instructions, but one call of
/// `replace` or LIKE with large arguments can take hours.
const GRACE: Duration = Duration::from_secs(5);

impl SqliteSession {
    /// Begins a transaction of the runner's own.
    pub(super) async fn begin_transaction(&mut self) -> Result<(), BackendError> {
        if self.begin_member().await? {
            return Ok(());
        }
        self.prepare().await?;
        self.guard.set(Rights::Host);
        match self.rehearsing {
            true => run(&mut self.connection, &format!("SAVEPOINT {SAVEPOINT}")).await,
            false => run(&mut self.connection, "BEGIN IMMEDIATE").await,
        }
    }

    /// Commits the transaction, and checks that it is committed; or leaves it open for a group, if that was asked for and
    /// can be.
    pub(super) async fn end(&mut self, wanted: Durability) -> Result<Durability, BackendError> {
        if !self.is_open().await? {
            return Err(BackendError::TransactionEnded("it was rolled back".to_owned()));
        }
        self.guard.set(Rights::Host);
        if self.rehearsing {
            self.check_deferred().await?;
            run(&mut self.connection, &format!("RELEASE {SAVEPOINT}")).await?;
            return Ok(Durability::Flushed);
        }
        if self.keep_open(wanted).await? {
            return Ok(Durability::Grouped);
        }
        self.commit_all().await?;
        Ok(Durability::Flushed)
    }

    pub(super) async fn is_open(&mut self) -> Result<bool, BackendError> {
        let mut handle = self.connection.lock_handle().await.map_err(host_error)?;
        Ok(raw::in_transaction(&mut handle))
    }

    /// Rolls back the open transaction, if there is one.
    pub(super) async fn abandon(&mut self) -> Result<(), BackendError> {
        if self.stuck {
            return Err(BackendError::Stuck);
        }
        // The worker thread first has to give up a statement that still runs or is about to. Its answer shows that it has:
        // the handle can be locked before the worker wakes up and reaches a statement that was sent to it.
        self.guard.interrupted.store(true, Ordering::SeqCst);
        let connection = &mut self.connection;
        let open = tokio::time::timeout(GRACE, async {
            connection.ping().await.map_err(host_error)?;
            let mut handle = connection.lock_handle().await.map_err(host_error)?;
            Ok::<_, BackendError>(raw::in_transaction(&mut handle))
        })
        .await;
        let Ok(open) = open else {
            self.stuck = true;
            return Err(BackendError::Stuck);
        };
        self.guard.interrupted.store(false, Ordering::SeqCst);
        let open = open?;
        self.guard.set(Rights::Host);
        self.guard.take_denial();
        self.guard.take_touched();
        match (open, self.rehearsing) {
            (false, false) => {
                if self.group.is_open() {
                    self.lose_group();
                }
                Ok(())
            }
            (false, true) => Err(BackendError::TransactionEnded(
                "the rehearsal's transaction is gone; nothing was kept".to_owned(),
            )),
            (true, false) if self.group.is_open() => self.abandon_member().await,
            (true, false) => run(&mut self.connection, "ROLLBACK").await,
            (true, true) => {
                run(&mut self.connection, &format!("ROLLBACK TO {SAVEPOINT}")).await?;
                run(&mut self.connection, &format!("RELEASE {SAVEPOINT}")).await
            }
        }
    }

    /// Notes, before a hook, the foreign keys that are violated already.
    pub(super) async fn note_violations(&mut self) -> Result<(), BackendError> {
        match &mut self.foreign_keys {
            Some(known) => known.refresh(&mut self.connection).await.map_err(host_error)?,
            unknown => {
                *unknown = Some(Known::read(&mut self.connection).await.map_err(host_error)?)
            }
        }
        self.guard.take_touched();
        self.guard.table_altered.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Checks foreign keys before a commit. SQLite did not check them while the hook ran.
    pub(super) async fn check_foreign_keys(&mut self) -> Result<(), BackendError> {
        let touched = self.guard.take_touched();
        let altered = self.guard.table_altered.swap(false, Ordering::SeqCst);
        let known = match &mut self.foreign_keys {
            Some(known) => known,
            unknown => unknown.insert(Known::read(&mut self.connection).await.map_err(host_error)?),
        };
        let added = known.added(&mut self.connection, &touched, altered).await;
        match added.map_err(host_error)? {
            // Once this hook is committed, they are the earlier violations for the next one.
            None => Ok(()),
            Some(what) => Err(BackendError::Refused(SqlError::new(
                ErrorKind::Constraint,
                format!("foreign keys are violated at the end of the hook: {what}"),
            ))),
        }
    }
}

/// Returns the error of a COMMIT that fails with foreign keys enforced although no row lacks its parent any more.
pub(super) fn deferred_violations() -> BackendError {
    BackendError::Refused(SqlError::new(
        ErrorKind::Constraint,
        "FOREIGN KEY constraint failed at the end of the hook: rows lost their parent while foreign keys were deferred, and SQLite did not see it come back",
    ))
}

pub(super) async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<(), BackendError> {
    crash::before(sql);
    let done = sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(connection).await;
    crash::after(sql);
    done.map(|_| ()).map_err(host_error)
}

/// Drops temporary objects: they belong to the connection, and the next hook must not find them.
pub(super) async fn drop_temporary(connection: &mut SqliteConnection) -> Result<(), BackendError> {
    // Triggers and views come before the tables that they are about.
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT type, name FROM temp.sqlite_schema WHERE type <> 'index'
         ORDER BY type = 'table', type = 'view'",
    )
    .persistent(false)
    .fetch_all(&mut *connection)
    .await
    .map_err(host_error)?;
    for (kind, name) in found.iter().filter(|(_, name)| *name != "sqlite_sequence") {
        run(connection, &format!("DROP {kind} IF EXISTS temp.{}", quote(name))).await?;
    }
    // SQLite never drops this table, and `sqlite_sequence` in the next hook would mean this one.
    if found.iter().any(|(_, name)| name == "sqlite_sequence") {
        return Err(BackendError::Refused(SqlError::new(
            ErrorKind::Denied,
            "a temporary table with AUTOINCREMENT would outlive the hook; leave AUTOINCREMENT out",
        )));
    }
    Ok(())
}
