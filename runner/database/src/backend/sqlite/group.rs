//! Transactions that are committed together on SQLite: what a commit costs is the disk's answer, not what was written.
//!
//! ```text
//!   BEGIN  first          (finished, and kept open)
//!     SAVEPOINT second    RELEASE
//!     SAVEPOINT third     ROLLBACK TO, RELEASE   (it failed; the others stay)
//!   COMMIT                first, second
//! ```
//!
//! SQLite itself may end all of it: for a conflict clause ROLLBACK, an interrupted write, a full disk. Then nothing of the
//! group is kept, and who asks is told so once.

use super::{error::host_error, guard::Rights, raw, session::SqliteSession, transaction::run};
use crate::backend::{BackendError, connection::Groups, transaction::Durability};
use async_trait::async_trait;
use std::sync::atomic::Ordering;

/// The savepoint of each transaction but the first.
const MEMBER: &str = "runner_member";

/// The group at hand.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Transactions are finished that are not committed.
    is_open: bool,
    /// Another one is under way, in a savepoint.
    has_member: bool,
    /// It was rolled back as a whole, and nobody has asked yet.
    is_lost: bool,
}

impl Group {
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }
}

#[async_trait]
impl Groups for SqliteSession {
    fn is_group_open(&self) -> bool {
        self.group.is_open
    }

    async fn commit_group(&mut self) -> Result<(), BackendError> {
        if self.group.is_open { self.commit_all().await } else { Ok(()) }
    }

    fn take_lost_group(&mut self) -> bool {
        std::mem::take(&mut self.group.is_lost)
    }
}

impl SqliteSession {
    /// Begins one more transaction of the group, if it can be one: settings that a transaction cannot make end the group.
    /// Returns whether it did.
    pub(super) async fn begin_member(&mut self) -> Result<bool, BackendError> {
        if self.group.is_open && self.outside.needs_preparation() {
            self.commit_all().await?;
        }
        if self.group.is_open {
            self.guard.set(Rights::Host);
            run(&mut self.connection, &format!("SAVEPOINT {MEMBER}")).await?;
            self.group.has_member = true;
        }
        Ok(self.group.is_open)
    }

    /// Leaves the transaction at hand open as one of a group, if that was asked for and can be.
    pub(super) async fn keep_open(&mut self, wanted: Durability) -> Result<bool, BackendError> {
        // What a commit would do besides is done now.
        let is_due = self.outside.enforces_keys() || self.guard.wants_journal_mode();
        if wanted != Durability::Grouped || is_due {
            return Ok(false);
        }
        self.check_deferred().await?;
        self.release_member().await?;
        self.group.is_open = true;
        Ok(true)
    }

    async fn release_member(&mut self) -> Result<(), BackendError> {
        if self.group.has_member {
            self.guard.set(Rights::Host);
            run(&mut self.connection, &format!("RELEASE {MEMBER}")).await?;
            self.group.has_member = false;
        }
        Ok(())
    }

    /// Commits the transaction at hand with those of its group. If that fails, none of the group is kept.
    pub(super) async fn commit_all(&mut self) -> Result<(), BackendError> {
        let was_group = self.group.is_open;
        self.release_member().await?;
        self.guard.set(Rights::Host);
        self.guard.commit_allowed.store(true, Ordering::SeqCst);
        let committed = run(&mut self.connection, "COMMIT").await;
        self.guard.commit_allowed.store(false, Ordering::SeqCst);
        if committed.is_err() && self.is_open().await? {
            let deferred = self.check_deferred().await;
            if was_group {
                self.guard.set(Rights::Host);
                run(&mut self.connection, "ROLLBACK").await?;
                self.lose_group();
            }
            deferred?;
        }
        if committed.is_err() && was_group {
            self.lose_group();
        }
        committed?;
        self.group = Group::default();
        match self.is_open().await? {
            false => Ok(()),
            true => Err(BackendError::TransactionEnded("COMMIT left it open".to_owned())),
        }
    }

    /// Checks what SQLite checks only when the outermost transaction ends.
    pub(super) async fn check_deferred(&mut self) -> Result<(), BackendError> {
        let mut handle = self.connection.lock_handle().await.map_err(host_error)?;
        match raw::has_deferred_violations(&mut handle) {
            true => Err(super::transaction::deferred_violations()),
            false => Ok(()),
        }
    }

    /// Rolls back the transaction at hand. The others of its group stay.
    pub(super) async fn abandon_member(&mut self) -> Result<(), BackendError> {
        if self.group.has_member {
            run(&mut self.connection, &format!("ROLLBACK TO {MEMBER}")).await?;
            self.release_member().await?;
        }
        Ok(())
    }

    /// Notes that SQLite rolled the group back.
    pub(super) fn lose_group(&mut self) {
        self.group = Group { is_lost: true, ..Group::default() };
        self.foreign_keys = None;
        self.objects.forget();
    }
}
