//! Attempts that are committed together, where the database can: which ones, and what became of them.
//!
//! A commit waits for the disk several times, which is most of what a small alteration costs on SQLite. So an attempt in one
//! transaction that is followed by another one stays uncommitted, until a tenth of a second of work has gathered.

use super::{Backend, BackendError};
use std::time::{Duration, Instant};

/// Work that may gather before it is committed.
const GATHERED: Duration = Duration::from_millis(100);

/// The attempts that are not committed yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gathering {
    since: Instant,
    attempts: usize,
}

impl Gathering {
    fn is_enough(self) -> bool {
        match super::crash::is_watched() {
            // A test counts on the same points in each run.
            true => self.attempts >= 3,
            false => self.since.elapsed() >= GATHERED,
        }
    }
}

impl Backend {
    /// Returns whether attempts can be committed together.
    pub async fn groups(&self) -> Result<bool, BackendError> {
        Ok(!self.rehearsing && self.shared()?.lock().await.groups().is_some())
    }

    /// Returns whether attempts are done and not committed.
    pub async fn is_group_open(&self) -> Result<bool, BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        Ok(connection.groups().is_some_and(|groups| groups.is_group_open()))
    }

    /// Commits attempts that are done. After an error none of them is kept.
    pub async fn commit_group(&mut self) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        match connection.groups() {
            Some(groups) => groups.commit_group().await,
            None => Ok(()),
        }
    }

    /// Returns, once, whether attempts that were done and not committed were rolled back.
    pub async fn take_lost_group(&mut self) -> Result<bool, BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        let is_lost = connection.groups().is_some_and(|groups| groups.take_lost_group());
        if is_lost {
            // What they put there is gone with them.
            self.archived = None;
            self.packed = None;
        }
        Ok(is_lost)
    }

    /// Notes that an attempt begins which may be committed with others.
    pub(super) async fn gather(&mut self) -> Result<(), BackendError> {
        if !self.is_group_open().await? {
            self.gathering = None;
        }
        let before = self.gathering.unwrap_or(Gathering { since: Instant::now(), attempts: 0 });
        self.gathering = Some(Gathering { attempts: before.attempts + 1, ..before });
        Ok(())
    }

    /// Returns whether the attempt at hand may wait for others to be committed with.
    pub(super) fn may_gather(&self) -> bool {
        self.gathering.is_some_and(|gathering| !gathering.is_enough())
    }
}
