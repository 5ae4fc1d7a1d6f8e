//! Every transaction on SQLite begins and ends here: plain ones, and the savepoints of a rehearsal.

use super::{
    SqliteBackend, archive, error::host_error, foreign_keys, guard::Rights, identifier, raw, state,
};
use crate::{
    alteration::Direction,
    backend::{BackendError, Claim, Counts, Ending},
    crash,
    session::{ErrorKind, SqlError},
};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::{sync::atomic::Ordering, time::Duration};

/// Each transaction of a rehearsal is this savepoint inside the one that is rolled back.
const SAVEPOINT: &str = "runner_rehearsal";
/// How long an interrupted statement may take to give way. SQLite looks for interrupts between
/// instructions, but one call of `replace` or LIKE with large arguments can take hours.
const GRACE: Duration = Duration::from_secs(5);

impl SqliteBackend {
    /// Begins a transaction of the runner's own.
    pub(super) async fn start(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), BackendError> {
        self.guard.set(Rights::Host);
        crash::point("before begin");
        if self.rehearsing {
            run(connection, &format!("SAVEPOINT {SAVEPOINT}")).await
        } else {
            run(connection, "BEGIN IMMEDIATE").await
        }
    }

    /// Commits it, and makes sure that it is committed.
    pub(super) async fn end(&self, connection: &mut SqliteConnection) -> Result<(), BackendError> {
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
    pub(super) async fn abandon(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), BackendError> {
        // The worker thread first has to give up a statement that still runs or is about to. Its
        // answer tells that it has: the handle alone can be had before the worker wakes up and
        // comes to a statement that was sent to it.
        self.guard.interrupted.store(true, Ordering::SeqCst);
        let open = tokio::time::timeout(GRACE, async {
            connection.ping().await.map_err(host_error)?;
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

    /// As [`Self::abandon`], after an error that says why. Another one would only hide it: what is
    /// not rolled back now is rolled back when the connection closes.
    pub(super) async fn give_up(&mut self, connection: &mut SqliteConnection) {
        let _ = self.abandon(connection).await;
    }

    /// Checks, before a commit, what SQLite was told not to check while the hook ran. Returns the
    /// violations that there are then, for the next hook.
    async fn check_foreign_keys(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<foreign_keys::Violations, BackendError> {
        let touched = self.guard.take_touched();
        let after =
            foreign_keys::violations(connection, Some(&touched)).await.map_err(host_error)?;
        let before = self.violations.clone().unwrap_or_default();
        match foreign_keys::added(&before, &after) {
            None => Ok(foreign_keys::merged(before, after, &touched)),
            Some(what) => Err(BackendError::Refused(SqlError::new(
                ErrorKind::Constraint,
                format!("foreign keys are violated at the end of the hook: {what}"),
            ))),
        }
    }

    pub(super) async fn finish(
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
        let violations = self.check_foreign_keys(connection).await?;
        state::finalise(connection, claim.attempt, counts).await?;
        state::history(connection, claim.attempt, Some((Ending::Done, counts, None))).await?;
        self.end(connection).await?;
        self.violations = Some(violations);
        Ok(())
    }

    pub(super) async fn claim(
        &mut self,
        connection: &mut SqliteConnection,
        claim: &Claim<'_>,
    ) -> Result<(), BackendError> {
        let revision = state::advance(connection, claim.revision).await?;
        state::claim(connection, claim.attempt, revision).await?;
        if claim.attempt.direction == Direction::Up {
            let checksum = claim.attempt.component_checksum;
            archive::store(connection, checksum, claim.component).await?;
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

pub(super) async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<(), BackendError> {
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
        run(connection, &format!("DROP TABLE IF EXISTS temp.{}", identifier::quote(name))).await?;
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
