//! Plugins that log in as users of their own: which session a part of an attempt works on, and its ticket.
//!
//! What a plugin did is recorded by the plugin's own transaction, although its user may not touch the runner's tables:
//! the operator's session commits a *ticket* with the statements beforehand, and two functions of the operator's run them.
//! How a database does that is behind [`Confining`]. Decides nothing about levels.

use super::{
    Backend, BackendError, Work,
    connection::{Confining, SharedConnection},
    transaction::{Durability, End, HookSettings, Own, Start},
};
use crate::{
    alteration::{Dialect, Level, PluginName},
    session::SharedSession,
};

/// Bytes of a ticket's number and of its nonce: neither is ever guessed.
const RANDOM_BYTES: usize = 32;

/// The right to do one part of an attempt, once.
#[derive(Clone)]
pub(super) struct Ticket {
    /// In hexadecimal.
    pub(super) number: String,
    /// Proves to the runner's own functions that the hook has ended, because no guest knows it.
    pub(super) nonce: [u8; RANDOM_BYTES],
}

/// Never shows the nonce.
impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Ticket {
    fn draw() -> Result<Self, BackendError> {
        let mut drawn = [[0; RANDOM_BYTES]; 2];
        for bytes in &mut drawn {
            getrandom::fill(bytes)
                .map_err(|error| BackendError::Database(format!("no randomness: {error}")))?;
        }
        let [number, nonce] = drawn;
        Ok(Self { number: number.iter().map(|byte| format!("{byte:02x}")).collect(), nonce })
    }
}

/// What stands in the way of confining a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is missing, each as a sentence without its full stop. Escape them.
    pub missing: Vec<String>,
    /// The statements that a database administrator runs once; empty where none help.
    pub setup: Vec<String>,
}

/// The session that a confined plugin works on.
pub(super) struct Confined {
    plugin: PluginName,
    connection: SharedConnection,
    /// Of the part that is open.
    ticket: Option<Ticket>,
}

impl Backend {
    /// What stands in the way of confining plugins in this database; `None` if nothing does. Asked outside of a
    /// transaction.
    pub async fn obstacle(&mut self) -> Result<Option<Obstacle>, BackendError> {
        let none = || Obstacle {
            missing: vec![format!(
                "on {} the runner cannot give a plugin a user of its own yet",
                self.dialect()
            )],
            setup: Vec::new(),
        };
        if self.confines_in_place() {
            return Ok(None);
        }
        let Some(shared) = self.connection.clone() else { return Ok(Some(none())) };
        let connection = &mut *shared.lock().await;
        match connection.confining() {
            Some(confining) => confining.obstacle().await,
            None => Ok(Some(none())),
        }
    }

    /// Whether confined plugins work on the runner's own connection, bounded by its driver, so that they need no user of
    /// their own, and are rehearsed like others.
    pub fn confines_in_place(&self) -> bool {
        self.dialect() == Dialect::Sqlite
    }

    /// Whether a part works on a session of its plugin's own.
    pub(super) fn is_apart(&self, work: &Work<'_>) -> bool {
        work.is_confined() && !self.confines_in_place()
    }

    /// Begins the transaction of a part on the plugin's own session.
    pub(super) async fn open_confined(
        &mut self,
        work: &Work<'_>,
        settings: HookSettings,
        begins: Own,
        archive: Vec<Own>,
    ) -> Result<SharedSession, BackendError> {
        let plugin = &work.claim.attempt.key.plugin;
        if !archive.is_empty() {
            // Bytes under their own checksum: harmless where the attempt fails.
            self.apply(archive, Durability::Unflushed).await?;
            self.is_archived(work.claim);
        }
        self.enter_as(plugin).await?;
        let ticket = Ticket::draw()?;
        let claim = self
            .confining(async |confining| confining.issue(plugin, &ticket, begins).await)
            .await?;
        let Some(confined) = &mut self.confined else { return Err(BackendError::Moved) };
        confined.ticket = Some(ticket);
        let connection = confined.connection.clone();
        let start = Start::entering(vec![claim], settings);
        let started = connection.lock().await.start(start).await;
        if let Err(error) = started {
            let _ = connection.lock().await.rollback().await;
            return Err(error.into());
        }
        Ok(connection)
    }

    /// Ends the part that [`Backend::open_confined`] began: records `record` and commits.
    pub(super) async fn complete_confined(
        &mut self,
        record: Vec<Own>,
        durability: Durability,
    ) -> Result<Durability, BackendError> {
        let Some((connection, Some(ticket))) =
            self.confined.as_mut().map(|open| (open.connection.clone(), open.ticket.take()))
        else {
            return Err(BackendError::Moved);
        };
        let concluded =
            self.confining(async |confining| confining.conclude(&ticket, record).await).await;
        let finish = match concluded {
            Ok(finish) => finish,
            Err(error) => {
                // Without the record nothing is committed. The plugin's transaction must not hold the ledger's row while
                // that is looked for.
                let _ = connection.lock().await.rollback().await;
                return Err(error);
            }
        };
        let end = End::hook(vec![finish], durability);
        let committed = connection.lock().await.finish(end).await?;
        let redeemed = self.confining(async |confining| confining.redeem(&ticket).await).await;
        match redeemed {
            Ok(()) => Ok(committed),
            Err(error @ (BackendError::TransactionEnded(_) | BackendError::Disconnected(_))) => {
                Err(error)
            }
            // It is committed, as far as the plugin's session was told: whoever asks looks at the records.
            Err(error) => Err(BackendError::Disconnected(error.to_string())),
        }
    }

    /// Takes back the part that [`Backend::open_confined`] began, if one is open. A session that was lost is shut out, so
    /// that nothing of it can still be at work.
    pub(super) async fn undo_confined(&mut self) -> Result<(), BackendError> {
        let Some(confined) = &mut self.confined else { return Ok(()) };
        confined.ticket = None;
        let connection = confined.connection.clone();
        let undone = connection.lock().await.rollback().await;
        match undone {
            Ok(()) => Ok(()),
            Err(_) => self.shut_confined().await,
        }
    }

    /// Shuts out the plugin that was let in, if one was.
    pub(super) async fn shut_confined(&mut self) -> Result<(), BackendError> {
        let Some(Confined { plugin, connection, .. }) = self.confined.take() else { return Ok(()) };
        connection.lock().await.close().await;
        let shut = self.confining(async |confining| confining.shut_confined(&plugin).await).await;
        if !matches!(shut, Err(BackendError::Disconnected(_))) {
            return shut;
        }
        // Both connections are gone. What the server still does for the plugin holds the ledger's row.
        self.reconnect().await?;
        self.confining(async |confining| confining.shut_confined(&plugin).await).await
    }

    /// Has the plugin's session ready, in place of another plugin's.
    async fn enter_as(&mut self, plugin: &PluginName) -> Result<(), BackendError> {
        if self.confined.as_ref().is_some_and(|confined| confined.plugin == *plugin) {
            return Ok(());
        }
        self.shut_confined().await?;
        let connection =
            self.confining(async |confining| confining.open_confined(plugin).await).await?;
        self.confined = Some(Confined { plugin: plugin.clone(), connection, ticket: None });
        Ok(())
    }

    async fn confining<T>(
        &self,
        ask: impl AsyncFnOnce(&mut dyn Confining) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        match connection.confining() {
            Some(confining) => ask(confining).await,
            None => Err(BackendError::Database("this database confines no plugin".to_owned())),
        }
    }
}

impl Work<'_> {
    /// Whether its plugin is confined.
    pub(super) fn is_confined(&self) -> bool {
        self.limits.level == Level::Confined
    }
}
