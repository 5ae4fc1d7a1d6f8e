//! Plugins that log in as users of their own.
//!
//! ```text
//!   clerk (the operator's user)    writes a ticket, commits            reads the record and the catalogue
//!   plugin's session               CALL redeem(ticket, nonce) ─ statements of the hook ─ CALL redeem … ─ COMMIT
//! ```
//!
//! The plugin's session works as any other: hooks are journaled in it, statement by statement. Only the runner's own
//! statements take another way (`ticket.rs`): the plugin's user has no right on the runner's tables, so that a procedure of
//! the operator's (`procedure.rs`) runs them in the plugin's transaction. `user.rs` makes the user, lets it in and shuts it
//! out, `rights.rs` gives it the tables that the plugin makes, `obstacle.rs` says why a plugin cannot be confined.

mod obstacle;
mod procedure;
mod rights;
mod ticket;
mod user;

use super::MysqlConnection;
use crate::{
    alteration::{AlterationKey, ExtensionName, Permission, PluginName},
    backend::{
        BackendError, Obstacle,
        confining::{Needs, Place, Right},
        connection::{Confining, SharedConnection},
        transaction::Own,
    },
};
use async_trait::async_trait;

/// What a plugin's session has to record its work.
pub(super) struct Relay {
    /// A session of the operator's user.
    clerk: MysqlConnection,
    /// The name of the plugin's user, and the part of its account that says from where.
    login: user::Login,
    /// Tickets of the transaction at hand, and those of earlier ones.
    held: Vec<String>,
    spent: Vec<String>,
}

impl Relay {
    /// Notes that the transaction of the held tickets is over.
    pub(super) fn let_go(&mut self) {
        self.spent.append(&mut self.held);
    }

    pub(super) fn clerk(&mut self) -> &mut MysqlConnection {
        &mut self.clerk
    }
}

#[async_trait]
impl Confining for MysqlConnection {
    async fn obstacle(&mut self) -> Result<Option<Obstacle>, BackendError> {
        self.find_obstacle().await
    }

    async fn open_confined(
        &mut self,
        plugin: &PluginName,
        _place: Place,
    ) -> Result<SharedConnection, BackendError> {
        self.log_in_as(plugin).await
    }

    async fn is_left_open(&mut self) -> Result<bool, BackendError> {
        Ok(!self.open_logins().await?.is_empty())
    }

    async fn shut_left_open(&mut self) -> Result<(), BackendError> {
        self.shut_forgotten().await
    }

    async fn shut_confined(&mut self, plugin: &PluginName) -> Result<(), BackendError> {
        match self.login_of(plugin).await? {
            Some(login) => self.shut_out(&login).await,
            None => Ok(()),
        }
    }

    async fn right(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<Option<Right>, BackendError> {
        self.check_right(plugin, permission).await.map(|()| None)
    }

    async fn take_right(
        &mut self,
        _plugin: &PluginName,
        _permission: &Permission,
    ) -> Result<(), BackendError> {
        // Nothing is kept beyond the attempt.
        Ok(())
    }

    async fn install(&mut self, name: &ExtensionName) -> Result<(), BackendError> {
        Err(BackendError::Database(format!("there are no extensions here: {}", name.as_str())))
    }

    async fn allow(&mut self, needs: &Needs<'_>) -> Result<(), BackendError> {
        self.give_rights(needs).await
    }

    async fn made(&mut self, maker: &AlterationKey) -> Result<Vec<Own>, BackendError> {
        self.record_made(maker).await
    }
}
