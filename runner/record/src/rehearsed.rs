//! Rehearsals of a confined plugin: on a session of its own, in one transaction that is rolled back.
//!
//! ```text
//!   rehearsal         BEGIN ─ savepoint: swap, record ─ savepoint: swap, record ─ …       ROLLBACK
//!   second operator's   ticket of nothing                ticket of nothing      …                   role shut
//!   plugin's          BEGIN ─ claim ─ hook ─ finish ──── claim ─ hook ─ finish ─ …  end of session
//! ```
//!
//! What is recorded is recorded in the operator's own rehearsal, and the ticket only opens and closes the plugin's rights and
//! looks at what it left. Neither session sees what the other has done, so that only one plugin's alterations can be
//! rehearsed so. The login and the tickets are committed by a second session of the operator's.

use super::{
    Attempt, Backend, BackendError, Work,
    confining::Ticket,
    connection::{HookSettings, SharedConnection},
    transaction::{Durability, End, Own, Start},
};
use crate::{
    alteration::{Permission, PluginName},
    session::SharedSession,
};
use alteration_database::backend::confining::Known;

/// The operator's second session, and the plugin that is let in by it.
pub(super) struct Helper {
    pub(super) connection: SharedConnection,
    plugin: PluginName,
    /// What was there of it before.
    known: Known,
}

impl Backend {
    /// Has confined plugins run in the rehearsal at hand where that leaves nothing.
    pub fn rehearse_confined(&mut self) {
        self.rehearses_confined = true;
    }

    /// Whether a confined plugin's session is at work in the rehearsal at hand.
    pub fn is_rehearsing_confined(&self) -> bool {
        self.helper.is_some()
    }

    /// Readies the rehearsal of an attempt of a confined plugin. False where something of it would stay.
    pub async fn may_rehearse_confined(&mut self, attempt: &Attempt) -> Result<bool, BackendError> {
        let makes = |asked: &Permission| matches!(asked, Permission::Extension(_));
        if !self.rehearses_confined || attempt.permissions.iter().any(makes) {
            return Ok(false);
        }
        let plugin = &attempt.key.plugin;
        if let Some(helper) = &self.helper {
            return Ok(helper.plugin == *plugin);
        }
        let Some(connection) = self.connector.connect(false).await? else { return Ok(false) };
        let known = match connection.lock().await.confining() {
            Some(confining) => confining.known(plugin).await?,
            None => None,
        };
        match known {
            Some(known) => {
                self.helper = Some(Helper { connection, plugin: plugin.clone(), known });
                Ok(true)
            }
            None => {
                connection.lock().await.close().await;
                Ok(false)
            }
        }
    }

    /// Begins a part on both sides. Rolled back with the rehearsal.
    pub(super) async fn open_rehearsed(
        &mut self,
        work: &Work<'_>,
        settings: HookSettings,
        own: Vec<Own>,
    ) -> Result<SharedSession, BackendError> {
        self.shared()?.lock().await.start(Start::own(own)).await?;
        let plugin = &work.claim.attempt.key.plugin;
        if self.enter_as(plugin).await?
            && let Some(confined) = &self.confined
        {
            confined.begin_rehearsal().await?;
        }
        self.claim_confined(work, settings, Own::one_row("SELECT 1", [])).await
    }

    /// Ends a part on both sides, as [`Backend::open_rehearsed`] began it.
    pub(super) async fn complete_rehearsed(
        &mut self,
        (connection, ticket): (SharedConnection, Ticket),
        record: Vec<Own>,
    ) -> Result<Durability, BackendError> {
        let finish =
            self.confining(async |confining| confining.conclude(&ticket, Vec::new()).await).await?;
        let end = End::hook(vec![finish], Durability::Flushed);
        self.finish_confined(&connection, &ticket, end).await?;
        Ok(self.shared()?.lock().await.finish(End::own(record)).await?)
    }

    /// Shuts the plugin of the rehearsal out, and forgets what was made for it.
    pub(super) async fn end_rehearsed(&mut self) -> Result<(), BackendError> {
        self.rehearses_confined = false;
        if self.helper.is_none() {
            return Ok(());
        }
        let shut = self.shut_confined().await;
        let Some(Helper { connection, plugin, known }) = self.helper.take() else { return shut };
        let connection = &mut *connection.lock().await;
        let forgotten = match connection.confining() {
            Some(confining) if shut.is_ok() => confining.forget(&plugin, known).await,
            _ => Ok(()),
        };
        connection.close().await;
        shut.and(forgotten)
    }
}
