//! A journaled hook that works on a session of its plugin's own, which cannot reach the journal.
//!
//! ```text
//!   operator's session   ticket         rows ─               ─ redeem ─ right          right back, look, row "done"
//!   plugin's session            claim ─ segment ─ finish, COMMIT               statement
//! ```
//!
//! The rows of a segment are the ending of its ticket, so that the plugin's transaction commits them with its work. What
//! runs outside of any transaction has no ticket: its row is committed with the segment before it, and the right that it
//! needs is committed by the operator's session until it has ended. A killed run's right is taken back with the plugin's
//! login, before anything else.

use super::Journal;
use crate::{
    BackendError,
    alteration::PluginName,
    confining::{Right, Ticket},
    connection::{Confining, Connection, SharedConnection},
    session::{ErrorKind, SqlError},
    tables::journal::JournalRow,
    transaction::{Checks, Durability, End, Own, TxError},
};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The session of a confined plugin.
pub(crate) struct OwnSession {
    pub(super) plugin: PluginName,
    pub(super) connection: SharedConnection,
    rights: Vec<Right>,
    /// Of the open segment.
    ticket: Option<Ticket>,
}

/// The sessions of the journal and of its hook: one, unless the plugin has its own.
pub(super) struct HookSessions {
    record: OwnedMutexGuard<dyn Connection>,
    hook: Option<OwnedMutexGuard<dyn Connection>>,
}

impl HookSessions {
    /// Returns the one that the journal is written on.
    pub(super) fn record(&mut self) -> &mut dyn Connection {
        &mut *self.record
    }

    /// Returns the one that the hook's statements run on.
    pub(super) fn hook(&mut self) -> &mut dyn Connection {
        match &mut self.hook {
            Some(hook) => &mut **hook,
            None => &mut *self.record,
        }
    }
}

impl OwnSession {
    pub(crate) fn new(
        plugin: PluginName,
        connection: SharedConnection,
        rights: Vec<Right>,
    ) -> Self {
        Self { plugin, connection, rights, ticket: None }
    }

    /// Issues the ticket of a segment, which begins with `begins`. Returns the claim.
    pub(super) async fn claim(
        &mut self,
        sessions: &mut HookSessions,
        begins: Own,
    ) -> Result<Own, BackendError> {
        let ticket = Ticket::draw()?;
        let record = confining(sessions.record())?;
        let claim = record.issue(&self.plugin, &ticket, begins, &self.rights).await?;
        confining(sessions.hook())?.set_opening(&ticket, self.rights.clone());
        self.ticket = Some(ticket);
        Ok(claim)
    }
}

impl Journal {
    /// Locks the sessions of the journal and its hook.
    pub(super) async fn sessions(&self) -> HookSessions {
        let record = Arc::clone(&self.connection).lock_owned().await;
        let hook = match &self.own_session {
            Some(own) => Some(Arc::clone(&own.connection).lock_owned().await),
            None => None,
        };
        HookSessions { record, hook }
    }

    /// Takes the ticket of the open segment, by which the record of the hook's end is made.
    pub(crate) fn take_ticket(&mut self) -> Option<Ticket> {
        self.own_session.as_mut()?.ticket.take()
    }

    /// Commits the open segment, with `own` as the record of it.
    pub(super) async fn commit_segment(
        &mut self,
        sessions: &mut HookSessions,
        mut own: Vec<Own>,
        durability: Durability,
    ) -> Result<(), BackendError> {
        let checks = Checks::Segment;
        let Some(confined) = &mut self.own_session else {
            sessions.record().finish(End { checks, own, durability, then: None }).await?;
            return Ok(());
        };
        let ticket = confined.ticket.take().ok_or(BackendError::Moved)?;
        if let Some(maps) = sessions.record().maps() {
            own.extend(maps.statements(&self.key, true));
        }
        let finish = confining(sessions.record())?.conclude(&ticket, own).await?;
        let end = End { checks, own: vec![finish], durability, then: None };
        match sessions.hook().finish(end.clone()).await {
            Err(TxError::Own(_, BackendError::Unlisted)) => {
                confining(sessions.record())?.list_dependents(&ticket).await?;
                sessions.hook().finish(end).await?;
            }
            finished => drop(finished?),
        }
        match confining(sessions.record())?.redeem(&ticket).await {
            Ok(()) => Ok(()),
            Err(error @ (BackendError::TransactionEnded(_) | BackendError::Disconnected(_))) => {
                Err(error)
            }
            // It is committed, as far as the plugin's session was told: the journal's rows are looked at.
            Err(error) => Err(BackendError::Disconnected(error.to_string())),
        }
    }

    /// Returns why the hook may not run `sql` outside of any transaction, if that is refused to its plugin.
    pub(super) fn refused_outside(
        &self,
        sessions: &mut HookSessions,
        sql: &str,
    ) -> Option<SqlError> {
        self.own_session.as_ref()?;
        let reason = confining(sessions.record()).ok()?.refuses_outside(sql)?;
        Some(SqlError::new(ErrorKind::Denied, reason))
    }

    /// Returns what the catalogue says before `sql`, of what is the plugin's alone where the plugin has its own session.
    pub(super) async fn fingerprint(
        &self,
        sessions: &mut HookSessions,
        sql: &str,
    ) -> Result<String, BackendError> {
        let own = match &self.own_session {
            Some(own) => confining(sessions.record())?.fingerprint_own(&own.plugin, sql).await?,
            None => None,
        };
        match own {
            Some(fingerprint) => Ok(fingerprint),
            None => sessions.record().fingerprint(sql).await,
        }
    }

    /// Gives the plugin what `sql` needs outside of any transaction, until [`Self::end_outside`].
    pub(super) async fn begin_outside(
        &self,
        sessions: &mut HookSessions,
        sql: &str,
    ) -> Result<(), BackendError> {
        match &self.own_session {
            Some(own) => confining(sessions.record())?.begin_outside(&own.plugin, sql).await,
            None => Ok(()),
        }
    }

    /// Takes that back, and looks at what the statement in `row` left. Returns why that is refused, if it is: then it is
    /// removed.
    pub(super) async fn end_outside(
        &self,
        connection: &mut dyn Connection,
        row: &JournalRow,
    ) -> Result<Option<SqlError>, BackendError> {
        let Some(own) = &self.own_session else { return Ok(None) };
        let sql = row.statement.as_deref().unwrap_or_default();
        let before = row.fingerprint.as_deref().unwrap_or_default();
        match confining(connection)?.end_outside(&own.plugin, sql, before).await {
            Ok(()) => Ok(None),
            Err(BackendError::Refused(error)) => Ok(Some(error)),
            Err(error) => Err(error),
        }
    }
}

fn confining(connection: &mut dyn Connection) -> Result<&mut dyn Confining, BackendError> {
    let none = || BackendError::Database("this database confines no plugin".to_owned());
    connection.confining().ok_or_else(none)
}
