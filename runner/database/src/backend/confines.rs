//! Where a plugin can log in as a user of its own: what a driver does for that. What is said in it is in [`super::confining`].

use super::{
    BackendError, Obstacle,
    confining::{Holdings, Known, Needs, Place, Right, Strayed, Ticket},
    connection::SharedConnection,
    transaction::Own,
};
use crate::alteration::{AlterationKey, ExtensionName, Permission, PluginName};
use alteration_domain::record::{Found, Object};
use async_trait::async_trait;

/// Where a plugin can log in as a user of its own, which has only what was granted to it.
///
/// Where hooks are not journaled, the record is a ticket of the operator's session:
///
/// ```text
///   operator:  issue(ticket) ─────────────── conclude(ticket) ──────────── redeem(ticket)
///   plugin:          start: claim(ticket) ─ hook ─ finish: finish(ticket, nonce) ─ COMMIT
/// ```
#[async_trait]
pub trait Confining: Send {
    /// What stands in the way of confining a plugin, and the statements that a database administrator runs once; `None`
    /// if nothing does. Changes nothing.
    async fn obstacle(&mut self) -> Result<Option<Obstacle>, BackendError>;

    /// Makes the plugin's user if there is none, lets it in for this run, and logs in as it. `place` is where the objects of a
    /// plugin go whose user is made now.
    async fn open_confined(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<SharedConnection, BackendError>;

    /// Returns the schema of its own that a plugin has, or will have with `place`; `None` if it has none. An error where `place`
    /// is not what was recorded, or is not to be had. Changes nothing.
    async fn home(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<Option<String>, BackendError> {
        match place {
            Place::Shared => Ok(None),
            Place::Own => Err(BackendError::NoOwnSchema {
                plugin: plugin.clone(),
                reason: "this database gives none to plugins".to_owned(),
                setup: Vec::new(),
            }),
        }
    }

    /// Whether a plugin's user can log in now. Outside of a run one that was killed left it so.
    async fn is_left_open(&mut self) -> Result<bool, BackendError>;

    /// Shuts out all plugins' users that can log in. Needs the lock.
    async fn shut_left_open(&mut self) -> Result<(), BackendError>;

    /// Shuts the plugin's user out again and ends its sessions.
    async fn shut_confined(&mut self, plugin: &PluginName) -> Result<(), BackendError>;

    /// Writes and commits a ticket: `begins` runs when the plugin's session claims it. Returns the claim.
    async fn issue(
        &mut self,
        _plugin: &PluginName,
        _ticket: &Ticket,
        _begins: Own,
        _rights: &[Right],
    ) -> Result<Own, BackendError> {
        Err(no_tickets())
    }

    /// Returns the right that `permission` gives the plugin now; `None` for one that is about no table. Changes nothing.
    async fn right(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<Option<Right>, BackendError>;

    /// Takes the right that `permission` gave from the plugin's user, if it has one.
    async fn take_right(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<(), BackendError>;

    /// Makes an extension of the database, if it is not there.
    async fn install(&mut self, name: &ExtensionName) -> Result<(), BackendError>;

    /// Returns what there is of a plugin before a rehearsal; `None` if what a rehearsal makes for it could not be taken back.
    async fn known(&mut self, _plugin: &PluginName) -> Result<Option<Known>, BackendError> {
        Ok(None)
    }

    /// Takes back what was made for a plugin that was shut out, beyond what was `known`.
    async fn forget(&mut self, _plugin: &PluginName, _known: Known) -> Result<(), BackendError> {
        Ok(())
    }

    /// Returns what the catalogue says before `sql` of what is the plugin's own, as `Journaling::fingerprint` does of all;
    /// `None` where the two are the same.
    async fn fingerprint_own(
        &mut self,
        _plugin: &PluginName,
        _sql: &str,
    ) -> Result<Option<String>, BackendError> {
        Ok(None)
    }

    /// Returns why no confined plugin may run `sql` outside of any transaction, as a sentence without its full stop; `None` if
    /// it may.
    fn refuses_outside(&self, _sql: &str) -> Option<&'static str> {
        None
    }

    /// Gives the plugin's user what `sql` needs outside of any transaction, and commits that. Its login holds it no longer than
    /// to [`Self::end_outside`], or until it is shut out.
    async fn begin_outside(
        &mut self,
        _plugin: &PluginName,
        _sql: &str,
    ) -> Result<(), BackendError> {
        Ok(())
    }

    /// Takes that back, and looks at what the statement left since `before`, as the end of a ticket looks at a transaction.
    /// [`BackendError::Refused`] where something is refused: what the statement made is then removed.
    async fn end_outside(
        &mut self,
        _plugin: &PluginName,
        _sql: &str,
        _before: &str,
    ) -> Result<(), BackendError> {
        Ok(())
    }

    /// Of the plugin's session: what the ticket's rights open for single statements.
    fn set_opening(&mut self, _ticket: &Ticket, _rights: Vec<Right>) {}

    /// Writes and commits what is recorded when the plugin's session finishes with the ticket. Returns the finish.
    async fn conclude(&mut self, _ticket: &Ticket, _record: Vec<Own>) -> Result<Own, BackendError> {
        Err(no_tickets())
    }

    /// Lists and commits what others made upon the plugin's objects, which a hook that dropped something must have left. The
    /// ticket's finish needs it after [`BackendError::Unlisted`].
    async fn list_dependents(&mut self, _ticket: &Ticket) -> Result<(), BackendError> {
        Err(no_tickets())
    }

    /// Everything that a plugin could own, as it is there now.
    async fn found(&mut self) -> Result<Vec<Found>, BackendError> {
        Err(no_transfer())
    }

    /// Looks whose `objects` are now, and what giving them to the plugin's user would change. Changes nothing.
    async fn holdings(
        &mut self,
        _plugin: &PluginName,
        _objects: &[Object],
    ) -> Result<Holdings, BackendError> {
        Err(no_transfer())
    }

    /// What of a confined plugin is not its user's any more; `None` if all of it is. Changes nothing.
    async fn strays(&mut self, _plugin: &PluginName) -> Result<Option<Strayed>, BackendError> {
        Ok(None)
    }

    /// Gives `objects` to the plugin's user, which is made if there is none, in one transaction that begins with `begins` and
    /// ends with `record`. Returns the user.
    async fn give(
        &mut self,
        _plugin: &PluginName,
        _objects: &[Object],
        _begins: Own,
        _record: Vec<Own>,
    ) -> Result<String, BackendError> {
        Err(no_transfer())
    }

    /// Gives all of the plugin's user to the operator's, and forgets the plugin's, in one transaction as [`Self::give`].
    /// Returns the plugin's user, if it could not be dropped.
    async fn take_back(
        &mut self,
        _plugin: &PluginName,
        _begins: Own,
        _record: Vec<Own>,
    ) -> Result<Option<String>, BackendError> {
        Err(no_transfer())
    }

    /// Reads back that the ticket was finished and committed, and deletes it. [`BackendError::TransactionEnded`] if it was not.
    async fn redeem(&mut self, _ticket: &Ticket) -> Result<(), BackendError> {
        Err(no_tickets())
    }

    /// Of the plugin's session, where it records by itself: gives its user what an attempt needs, and takes from it what
    /// neither the attempt needs nor the plugin made.
    async fn allow(&mut self, _needs: &Needs<'_>) -> Result<(), BackendError> {
        Ok(())
    }

    /// Of the plugin's session, where it records by itself: what records the objects that an attempt of `maker` has made.
    async fn made(&mut self, _maker: &AlterationKey) -> Result<Vec<Own>, BackendError> {
        Ok(Vec::new())
    }
}

fn no_transfer() -> BackendError {
    BackendError::Database("this database knows no owners of objects".to_owned())
}

fn no_tickets() -> BackendError {
    BackendError::Database("the plugin's session records by itself here".to_owned())
}
