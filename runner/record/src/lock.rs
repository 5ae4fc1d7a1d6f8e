//! Obtaining the runner's lock and giving it back: the session's own, or a lease.
//!
//! A lock is polled, never waited for: a blocking wait would hold a snapshot open, and some schema
//! changes wait for every snapshot. It gives order and good messages; safety comes from the ledger.

use super::{
    Backend, BackendError, LockHolder, LockKind,
    connection::{Connection, LockTry, SignedLease},
    lease::{self, Lease},
    tables,
};
use std::time::Duration;
use tokio::time::Instant;

const POLL_FIRST: Duration = Duration::from_millis(20);
const POLL_MAX: Duration = Duration::from_millis(250);

impl Backend {
    /// Obtains the runner's lock, polling for at most `patience`. `waiting` is called each time
    /// somebody else is found to hold it.
    pub async fn lock(
        &mut self,
        patience: Duration,
        waiting: &mut (dyn FnMut(LockHolder) + Send),
    ) -> Result<(), BackendError> {
        if self.connection.is_none()
            && let Some(created) = self.connector.connect(true).await?
        {
            self.connected(created);
        }
        // Asked in any case: a connection that is shared has to know it.
        let needs_lease = self.shared()?.lock().await.needs_lease().await?;
        let mut by_lease = match self.lock_kind() {
            LockKind::Lease => true,
            LockKind::Session => false,
            LockKind::Auto => needs_lease,
        };
        if by_lease {
            let limit = Some(lease::idle_limit(self.options.lease_time));
            self.shared()?.lock().await.set_idle_limit(limit).await?;
        }
        let deadline = Instant::now() + patience;
        let mut poll = POLL_FIRST;
        loop {
            let holder = match by_lease {
                true => self.try_lease(needs_lease).await?,
                false => match self.try_session().await {
                    // Among many clients a pooler may look like a server at first.
                    Err(BackendError::SharedSession) if self.lock_kind() == LockKind::Auto => {
                        by_lease = true;
                        let limit = Some(lease::idle_limit(self.options.lease_time));
                        self.shared()?.lock().await.set_idle_limit(limit).await?;
                        continue;
                    }
                    tried => tried?,
                },
            };
            let Some(holder) = holder else {
                self.is_locked = true;
                return Ok(());
            };
            if Instant::now() >= deadline {
                return Err(BackendError::Locked(holder));
            }
            waiting(holder);
            tokio::time::sleep(poll).await;
            poll = (poll * 2).min(POLL_MAX);
        }
    }

    /// The holder, if it is somebody else.
    async fn try_session(&mut self) -> Result<Option<LockHolder>, BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        match connection.try_lock().await? {
            LockTry::HeldBy(holder) => return Ok(Some(holder)),
            LockTry::Held => {}
        }
        // Somebody may work under a lease, which knows nothing of sessions.
        let leased = lease_holder(&mut *connection).await;
        if !matches!(leased, Ok(None)) {
            connection.unlock().await;
        }
        leased
    }

    async fn try_lease(&mut self, needs_lease: bool) -> Result<Option<LockHolder>, BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        match lease::take(&mut *connection, self.options.lease_time).await? {
            Ok(fence) => {
                // Somebody may work under the session's lock, which knows nothing of leases. Who has
                // that one looks for a lease afterwards, so that one of the two sees the other.
                if !needs_lease {
                    match connection.try_lock().await? {
                        LockTry::Held => connection.unlock().await,
                        LockTry::HeldBy(holder) => {
                            lease::give_back(&mut *connection, fence).await?;
                            return Ok(Some(holder));
                        }
                    }
                }
                if let Some(sessions) = connection.sessions() {
                    sessions.set_lease(Some(SignedLease { fence, sign: tables::lease::sign }));
                }
                drop(connection);
                self.fence = fence;
                let time = self.options.lease_time;
                self.lease = Some(Lease::keep(self.connector.clone(), fence, time));
                Ok(None)
            }
            Err(holder) => Ok(Some(holder)),
        }
    }

    /// Releases the lock. Dropping the backend, or dying, does too; a lease then runs out.
    pub async fn unlock(&mut self) {
        // The next run shuts out what this one could not.
        let _ = self.shut_confined().await;
        self.is_locked = false;
        self.forget_fence();
        let Some(shared) = self.connection.clone() else { return };
        let mut connection = shared.lock().await;
        if let Some(sessions) = connection.sessions() {
            sessions.set_lease(None);
        }
        match self.lease.take() {
            Some(lease) => lease.give_back(&mut *connection).await,
            None => connection.unlock().await,
        }
    }
}

async fn lease_holder(connection: &mut dyn Connection) -> Result<Option<LockHolder>, BackendError> {
    if !connection.own_tables().await?.contains("alteration_lease") {
        return Ok(None);
    }
    connection.look().await?;
    let holder = tables::lease::holder(connection).await;
    connection.rollback().await?;
    holder
}
