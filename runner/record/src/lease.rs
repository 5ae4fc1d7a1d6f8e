//! Keeping a lease: taken with a fence, kept alive by a heartbeat on a connection of its own, given
//! back at the end.
//!
//! Losing it makes the deploy stop early. That is courtesy: what keeps a former holder from
//! committing is the fence in the ledger.

use super::{
    BackendError, LockHolder,
    connection::{Connection, Connector, SharedConnection},
    recorded::{apply, conclude},
    tables::{lease, run, schema},
    transaction::{Durability, End, Own, Start, TxError},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

/// Heartbeats within the time that a lease lives without one.
const BEATS: u32 = 4;
/// Times that the table of leases is made: others may be at it too.
const CREATE_TRIES: u32 = 5;

/// A lease that this runner holds.
pub(super) struct Lease {
    fence: i64,
    lost: watch::Receiver<bool>,
    heart: JoinHandle<()>,
}

/// Tries once. The fence, or who holds it.
pub(super) async fn take(
    connection: &mut dyn Connection,
    time: Duration,
) -> Result<Result<i64, LockHolder>, BackendError> {
    create(connection).await?;
    let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match try_take(connection, time_ms).await {
        Ok(Some(fence)) => Ok(Ok(fence)),
        Ok(None) => Ok(Err(holder(connection).await?)),
        Err(error) => {
            // What was begun is rolled back; the error says more than that.
            let _ = connection.rollback().await;
            match error {
                // Somebody else's transaction was in the way: it is being taken right now, or its
                // last holder still has the ledger's row.
                BackendError::Busy(_) => Ok(Err(holder(connection).await?)),
                // On a cluster: another node's transaction was in the way of the commit.
                BackendError::Refused(error) if error.retryable => {
                    Ok(Err(holder(connection).await?))
                }
                error => Err(error),
            }
        }
    }
}

/// How long a connection may be idle in a transaction: a holder that is paused in one keeps locks
/// that whoever takes over needs. Longer than the lease, because a guest that computes between two
/// statements is idle too.
pub(super) fn idle_limit(time: Duration) -> Duration {
    time * 2
}

async fn create(connection: &mut dyn Connection) -> Result<(), BackendError> {
    // Where a schema change commits by itself, whoever made the table may have died before its row.
    if connection.own_tables().await?.contains("alteration_lease")
        && lease::has_row(connection).await?
    {
        return Ok(());
    }
    let mut tries = 0;
    loop {
        tries += 1;
        let created = async {
            connection.start(Start::default()).await?;
            schema::prepare_place(connection).await?;
            for statement in lease::statements(connection.own_types()) {
                connection.own(vec![Own::run(statement, [])]).await?;
            }
            Ok(((), End::default()))
        };
        let created = created.await;
        let created = conclude(connection, created).await;
        match created {
            Ok(_) => return Ok(()),
            Err(error) if tries == CREATE_TRIES => return Err(error),
            Err(_) => {}
        }
    }
}

async fn try_take(
    connection: &mut dyn Connection,
    time_ms: u64,
) -> Result<Option<i64>, BackendError> {
    end_former_work(connection).await?;
    let take = lease::take(connection, time_ms);
    match connection.start(Start::own(vec![take])).await {
        Err(TxError::Own(_, BackendError::Moved)) => {
            connection.rollback().await?;
            return Ok(None);
        }
        started => started?,
    };
    let fence = lease::fence(connection).await?;
    let mut own = Vec::new();
    if schema::version(connection).await?.is_some() {
        own.push(lease::fence_ledger(fence));
    }
    match connection.finish(End::own(own)).await {
        Err(TxError::Own(_, BackendError::Moved)) => Err(BackendError::Corrupt(
            "alteration_ledger has a later fence than alteration_lease".to_owned(),
        )),
        taken => taken.map(|_| Some(fence)).map_err(BackendError::from),
    }
}

/// Where nobody holds the lease, ends what the server still does for who held it last: its
/// transaction may have the ledger's row, for as long as its statement takes.
async fn end_former_work(connection: &mut dyn Connection) -> Result<(), BackendError> {
    connection.look().await?;
    let left = async {
        if lease::holder(connection).await?.is_some() {
            return Ok((Vec::new(), None));
        }
        let session = lease::expired_session(connection).await?;
        Ok(match schema::version(connection).await? {
            None => (Vec::new(), session),
            Some(version) => (run::read_all(connection, version).await?, session),
        })
    };
    let left: Result<_, BackendError> = left.await;
    connection.rollback().await?;
    let (left, session) = left?;
    for run in left {
        connection.end_orphans(&run.marker).await?;
    }
    // Where it is idle in a transaction, no statement of it could be found by a marker.
    let (Some(session), Some(sessions)) = (session, connection.sessions()) else { return Ok(()) };
    match sessions.end_session_named(&session).await {
        Err(BackendError::Disconnected(reason)) => Err(BackendError::Disconnected(reason)),
        // It may be another user's. Its transaction need not be in the way, and the fence keeps it
        // from committing what it still does under the lease.
        _ => Ok(()),
    }
}

async fn holder(connection: &mut dyn Connection) -> Result<LockHolder, BackendError> {
    // Also one whose lease has run out: its transaction may be what is in the way.
    let holder = lease::last_holder(connection).await?;
    Ok(holder.unwrap_or_else(LockHolder::unknown))
}

impl Lease {
    /// Keeps the lease alive from now on.
    pub(super) fn keep(connector: Arc<dyn Connector>, fence: i64, time: Duration) -> Self {
        let (tell, lost) = watch::channel(false);
        let heart = tokio::spawn(async move {
            beat(&*connector, fence, time).await;
            tell.send_replace(true);
        });
        Self { fence, lost, heart }
    }

    pub(super) fn fence(&self) -> i64 {
        self.fence
    }

    pub(super) fn lost(&self) -> watch::Receiver<bool> {
        self.lost.clone()
    }

    pub(super) async fn give_back(self, connection: &mut dyn Connection) {
        self.heart.abort();
        // If it cannot be given back, it runs out.
        let _ = give_back(connection, self.fence).await;
    }
}

/// Lets somebody else have the lease.
pub(super) async fn give_back(
    connection: &mut dyn Connection,
    fence: i64,
) -> Result<(), BackendError> {
    apply(connection, vec![lease::give_back(fence)], Durability::Flushed).await.map(drop)
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

/// Returns when the lease is lost.
async fn beat(connector: &dyn Connector, fence: i64, time: Duration) {
    let mut connection: Option<SharedConnection> = None;
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(time / BEATS).await;
        // A process that was paused sees here that it was.
        if last.elapsed() > time {
            return;
        }
        let began = Instant::now();
        let beat = tokio::time::timeout(time / BEATS, async {
            let open = match connection.take() {
                Some(open) => open,
                None => {
                    let fresh = connector.connect(false).await?.ok_or(BackendError::Moved)?;
                    fresh.lock().await.set_idle_limit(Some(idle_limit(time))).await?;
                    fresh
                }
            };
            let alive = one_beat(&mut *open.lock().await, fence).await?;
            connection = Some(open);
            Ok::<bool, BackendError>(alive)
        });
        match beat.await {
            Ok(Ok(true)) => last = began,
            Ok(Ok(false)) => return,
            // The connection may come back before the lease runs out.
            Ok(Err(_)) | Err(_) => connection = None,
        }
    }
}

async fn one_beat(connection: &mut dyn Connection, fence: i64) -> Result<bool, BackendError> {
    let beat = lease::beat(connection, fence);
    match apply(connection, vec![beat], Durability::Flushed).await {
        Ok(_) => Ok(true),
        Err(BackendError::Moved) => Ok(false),
        Err(error) => Err(error),
    }
}
