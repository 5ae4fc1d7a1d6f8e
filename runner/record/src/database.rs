//! One connected database: what the apply loop calls, the same for every kind.
//!
//! Puts the rules together: which transaction a record is written in, and what it starts with. What
//! differs between databases is behind [`Connection`].

use super::{
    BackendError, ConnectOptions, HookLimits, LockKind, Revision, Snapshot,
    confined::Confined,
    connection::{Connection, Connector, HookMode, HookSettings, SharedConnection},
    disk::Disk,
    group::Gathering,
    journal::SharedJournal,
    lease::Lease,
    recorded,
    rehearsed::Helper,
    tables::{self, archive, ledger, schema, snapshot},
    transaction::{Durability, End, Own, Start, TxError},
};
use crate::{
    alteration::{Checksum, Dialect, PluginName},
    sql::Judge,
};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::watch;

/// Times that making the runner's own tables is tried: others may be at it too.
const PREPARE_TRIES: u32 = 5;

const NO_REHEARSAL: &str =
    "MySQL and MariaDB commit each schema change by themselves; use --rehearse-on";

/// One connected database.
pub struct Backend {
    pub(super) url: String,
    pub(super) connector: Arc<dyn Connector>,
    /// `None` where there is no database yet.
    pub(super) connection: Option<SharedConnection>,
    pub(super) options: ConnectOptions,
    dialect: Dialect,
    /// What the ledger asks for besides the revision; moves on with each lease.
    pub(super) fence: i64,
    pub(super) is_locked: bool,
    is_fence_final: bool,
    pub(super) lease: Option<Lease>,
    /// The component that was found in the archive last; a release's alterations share one.
    pub(super) archived: Option<Checksum>,
    /// The component that will be archived next, if that is known.
    pub(super) packing: Option<(Checksum, archive::Packing)>,
    /// What stores a small component, until it is stored.
    pub(super) packed: Option<(Checksum, Vec<Own>)>,
    /// The journal of the hook that runs, if it is journaled.
    pub(super) journal: Option<SharedJournal>,
    pub(super) rehearsing: bool,
    /// The session of the confined plugin at work.
    pub(super) confined: Option<Confined>,
    /// Confined plugins run in the rehearsal at hand, if nothing of that would stay.
    pub(super) rehearses_confined: bool,
    /// Plugins that have their objects in schemas of their own, if they are confined from now on.
    pub(super) in_own_schemas: BTreeSet<PluginName>,
    /// What lets the plugin in that is rehearsed so.
    pub(super) helper: Option<Helper>,
    /// Commits that did not wait for the disk.
    pub(super) disk: Disk,
    /// Attempts that may be committed together.
    pub(super) gathering: Option<Gathering>,
    /// Told when the lock is lost.
    lost: watch::Sender<bool>,
}

impl Backend {
    pub(super) fn new(
        url: String,
        connector: Arc<dyn Connector>,
        connection: Option<SharedConnection>,
        options: ConnectOptions,
    ) -> Self {
        let dialect = connection
            .as_ref()
            .and_then(|connection| Some(connection.try_lock().ok()?.dialect()))
            .unwrap_or(Dialect::Sqlite);
        Self {
            url,
            connector,
            connection,
            options,
            dialect,
            fence: 0,
            is_locked: false,
            is_fence_final: false,
            lease: None,
            archived: None,
            packing: None,
            packed: None,
            journal: None,
            rehearsing: false,
            confined: None,
            rehearses_confined: false,
            in_own_schemas: BTreeSet::new(),
            helper: None,
            disk: Disk::default(),
            gathering: None,
            lost: watch::channel(false).0,
        }
    }

    /// Without the password.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Judges SQL texts as this connection will.
    pub async fn judge(&self) -> Judge {
        let judge = match &self.connection {
            Some(connection) => {
                let connection = connection.lock().await;
                let judge = Judge::new(connection.reading());
                match connection.database_name() {
                    Some(name) => judge.within(name),
                    None => judge,
                }
            }
            None => Judge::new(self.dialect),
        };
        judge.bounded(self.options.limits.sql_bytes_max)
    }

    /// Whether there is a database at all; one that is yet to be created is not there.
    pub fn is_there(&self) -> bool {
        self.connection.is_some()
    }

    /// Turns true when this runner lost its lock, which a lease can do.
    pub fn lock_lost(&self) -> watch::Receiver<bool> {
        match &self.lease {
            Some(lease) => lease.lost(),
            None => self.lost.subscribe(),
        }
    }

    pub(super) fn shared(&self) -> Result<SharedConnection, BackendError> {
        self.connection.clone().ok_or_else(|| BackendError::Connect {
            url: self.url.clone(),
            reason: "there is no such file".to_owned(),
        })
    }

    pub(super) fn hook_settings(&self, mode: HookMode, limits: HookLimits) -> HookSettings {
        HookSettings {
            mode,
            level: limits.level,
            lock_wait: limits.lock_wait.unwrap_or(self.options.lock_wait),
            statement_time: limits.statement_time.or(self.options.statement_time),
            foreign_keys: limits.foreign_keys,
        }
    }

    /// Creates or upgrades the runner's own tables. Needs the lock.
    pub async fn prepare(&mut self) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        let mut tries = 0;
        loop {
            tries += 1;
            match upgrade(&mut *connection, self.lease.as_ref().map(Lease::fence)).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    // What could not be made is rolled back; the error says more than that.
                    let _ = connection.rollback().await;
                    let may_pass = match &error {
                        BackendError::Database(_) | BackendError::Busy(_) => true,
                        BackendError::Refused(error) => error.retryable,
                        _ => false,
                    };
                    if tries == PREPARE_TRIES || !may_pass {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Reads the state; an untouched database reads as empty.
    pub async fn snapshot(&mut self) -> Result<Snapshot, BackendError> {
        let Some(shared) = self.connection.clone() else { return Ok(Snapshot::empty()) };
        let mut connection = shared.lock().await;
        connection.look().await?;
        let read = snapshot::read(&mut *connection).await;
        connection.rollback().await?;
        // What this user may not read can look as if it were not there.
        let is_doubtful = match &read {
            Ok((snapshot, _)) => snapshot.revision.is_none(),
            Err(error) => {
                matches!(error, BackendError::Database(_) | BackendError::Corrupt(_))
            }
        };
        if is_doubtful && let Some(rights) = connection.rights() {
            let grants = rights.grants_to_read().await?;
            if !grants.is_empty() {
                return Err(BackendError::MayNotRead { url: self.url.clone(), grants });
            }
        }
        let (snapshot, fence) = read?;
        // What was found in it may have been lost since.
        self.archived = None;
        match (fence, &self.lease) {
            (Some(fence), Some(lease)) if fence != lease.fence() => {
                return Err(BackendError::LeaseLost);
            }
            // Taken once, under the lock: whoever raises it later has taken the work over.
            (Some(fence), None) if self.is_fence_final && self.fence != fence => {
                return Err(BackendError::LeaseLost);
            }
            (Some(fence), None) => {
                self.fence = fence;
                self.is_fence_final = self.is_locked;
            }
            _ => {}
        }
        self.disk.was_read();
        Ok(snapshot)
    }

    /// Another place in this database with records that have one of `plugins` applied.
    pub async fn applied_elsewhere(
        &mut self,
        plugins: &BTreeSet<PluginName>,
    ) -> Result<Option<(String, PluginName)>, BackendError> {
        let Some(shared) = self.connection.clone() else { return Ok(None) };
        let connection = &mut *shared.lock().await;
        match connection.places() {
            Some(places) => places.applied_elsewhere(plugins).await,
            None => Ok(None),
        }
    }

    /// Tells this database from every other one, by whatever name it was reached; `None` for one that
    /// is yet to be created.
    pub async fn identity(&mut self) -> Result<Option<String>, BackendError> {
        match self.connection.clone() {
            Some(shared) => shared.lock().await.identity().await.map(Some),
            None => Ok(None),
        }
    }

    /// From here on nothing is kept: every transaction becomes part of one that
    /// [`Backend::end_rehearsal`] rolls back.
    pub async fn begin_rehearsal(&mut self) -> Result<(), BackendError> {
        match self.shared()?.lock().await.rehearses() {
            Some(rehearses) => rehearses.begin_rehearsal().await?,
            None => return Err(BackendError::CannotRehearse(NO_REHEARSAL.to_owned())),
        }
        self.rehearsing = true;
        Ok(())
    }

    pub async fn end_rehearsal(&mut self) -> Result<(), BackendError> {
        let ended = self.end_rehearsed().await;
        self.rehearsing = false;
        // What was found or put there may be gone with it.
        self.archived = None;
        if let Some(rehearses) = self.shared()?.lock().await.rehearses() {
            rehearses.end_rehearsal().await?;
        }
        ended
    }

    /// The component with this checksum from the archive; verified against the checksum.
    pub async fn archived(&mut self, component: Checksum) -> Result<Option<Vec<u8>>, BackendError> {
        let shared = self.shared()?;
        let mut connection = shared.lock().await;
        archive::read(&mut *connection, component).await
    }

    /// The first statement of a transaction that changes state: nothing of it is kept where somebody else was faster.
    pub(super) fn advance(&self, revision: Revision) -> Result<Own, BackendError> {
        match self.disk.is_in_doubt() {
            true => Err(BackendError::Moved),
            false => Ok(ledger::advance(revision, self.fence)),
        }
    }

    /// Records `statements` in a transaction of their own, all of them or none.
    pub(super) async fn apply(
        &mut self,
        statements: Vec<Own>,
        durability: Durability,
    ) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        let committed = recorded::apply(connection, statements, durability).await?;
        self.disk.committed(committed);
        Ok(())
    }

    /// Whether this runner may still end what carries its run's marker. Only reads: the statement in
    /// question may hold the ledger's row.
    pub(super) async fn still_in_charge(
        &self,
        connection: &mut dyn Connection,
        revision: Option<Revision>,
    ) -> Result<(), BackendError> {
        connection.look().await?;
        let ledger = ledger::read(connection).await;
        connection.rollback().await?;
        let ledger = ledger?;
        match revision.is_none_or(|revision| revision == ledger.revision)
            && ledger.fence == self.fence
        {
            true => Ok(()),
            false => Err(BackendError::Moved),
        }
    }

    /// Connects anew where the connection is gone, to record what came of it.
    pub(super) async fn reconnect(&mut self) -> Result<(), BackendError> {
        if self.rehearsing {
            // On a new connection there is nothing that would take it back.
            let reason = "it was in the middle of a rehearsal".to_owned();
            return Err(BackendError::Disconnected(reason));
        }
        self.disk.disconnected();
        self.shared()?.lock().await.reconnect().await?;
        self.reconnect_confined().await
    }

    /// Whether the connection was lost while not all was on the disk, and nobody has read the state since.
    pub fn is_in_doubt(&self) -> bool {
        self.disk.is_in_doubt()
    }

    /// What was told as done was compared with what is there.
    pub fn is_compared(&mut self) {
        self.disk.was_compared();
    }

    /// Whether what was committed last may not be on the server's disk yet, or was lost for that.
    pub fn is_unsettled(&self) -> bool {
        self.disk.is_unsettled()
    }

    /// Waits until all that was committed is on the server's disk. Whether it is known to be there: not
    /// where the connection was lost in between, and a crash may have been the reason, nor behind a pooler,
    /// which keeps its clients when a server crashes.
    pub async fn flush(&mut self) -> Result<bool, BackendError> {
        match self.flush_once().await {
            Err(BackendError::Disconnected(_)) => {
                self.reconnect().await?;
                self.flush_once().await?;
            }
            flushed => flushed?,
        }
        let is_leased = self.is_leased();
        Ok(self.disk.flushed(is_leased))
    }

    async fn flush_once(&self) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        if let Some(write) = connection.flush_sql() {
            let write = vec![Own::run(write, [])];
            recorded::apply(connection, write, Durability::Flushed).await?;
        }
        Ok(())
    }

    /// Why a connection was really lost: the server ends the session of a runner that was paused,
    /// and by then somebody else may have its lease.
    pub async fn explained(&mut self, error: BackendError) -> BackendError {
        let is_lost = matches!(error, BackendError::Disconnected(_)) && self.is_leased();
        if is_lost
            && self.reconnect().await.is_ok()
            && matches!(self.snapshot().await, Err(BackendError::LeaseLost))
        {
            return BackendError::LeaseLost;
        }
        error
    }

    /// Whether the lock is a lease, which somebody else can take over.
    pub fn is_leased(&self) -> bool {
        self.lease.is_some()
    }

    pub(super) fn connected(&mut self, connection: SharedConnection) {
        if let Ok(connection) = connection.try_lock() {
            self.dialect = connection.dialect();
        }
        self.connection = Some(connection);
    }

    pub async fn close(mut self) {
        self.unlock().await;
        if let Some(connection) = self.connection.take() {
            connection.lock().await.close().await;
        }
    }

    /// Whoever takes the lock again starts with what the ledger says then.
    pub(super) fn forget_fence(&mut self) {
        self.is_fence_final = false;
    }

    pub(super) fn lock_kind(&self) -> LockKind {
        self.options.lock
    }
}

async fn upgrade(connection: &mut dyn Connection, fence: Option<i64>) -> Result<(), BackendError> {
    connection.start(Start::default()).await?;
    schema::upgrade(connection).await?;
    // The lease was taken before there was a ledger to ask for it.
    if let Some(fence) = fence
        && ledger::read(connection).await?.fence != fence
    {
        match connection.own(vec![tables::lease::fence_ledger(fence)]).await {
            Err(TxError::Own(_, BackendError::Moved)) => return Err(BackendError::LeaseLost),
            fenced => fenced?,
        };
    }
    connection.finish(End::default()).await?;
    Ok(())
}
