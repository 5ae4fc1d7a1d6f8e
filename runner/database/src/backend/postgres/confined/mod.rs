//! Plugins that log in as roles of their own: what the operator's connection does for that.
//!
//! `role.rs` makes the role and lets it in, `ticket.rs` writes tickets, `functions.rs` has the functions that the
//! plugin's session calls, with `powers.rs`; `obstacle.rs` says why a plugin cannot be confined and what to run once; `transfer.rs` gives a
//! plugin with records what it has, and `holdings.rs` looks at that. Everything here is
//! the operator's side; the plugin's session is an ordinary [`super::PostgresConnection`] with another login.

mod callable;
mod callers;
mod cascades;
mod compared;
mod dependents;
mod exposed;
mod functions;
mod holdings;
mod home;
mod lendable;
mod lending;
mod obstacle;
mod outside;
mod powers;
mod rehearsed;
mod rights;
mod role;
mod scans;
mod scram;
mod ticket;
mod transfer;

use super::PostgresConnection;
use crate::{
    alteration::{ExtensionName, Permission, PluginName},
    backend::{
        BackendError, Obstacle,
        confining::{Holdings, Known, Place, Right, Strayed, Ticket},
        connection::{Confining, SharedConnection},
        transaction::Own,
    },
};
use alteration_domain::record::{Found, Object};
use async_trait::async_trait;

#[async_trait]
impl Confining for PostgresConnection {
    async fn obstacle(&mut self) -> Result<Option<Obstacle>, BackendError> {
        self.find_obstacle().await
    }

    async fn open_confined(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<SharedConnection, BackendError> {
        self.log_in_as(plugin, place).await
    }

    async fn home(
        &mut self,
        plugin: &PluginName,
        place: Place,
    ) -> Result<Option<String>, BackendError> {
        self.check_home(plugin, place).await
    }

    async fn is_left_open(&mut self) -> Result<bool, BackendError> {
        Ok(!self.open_roles().await?.is_empty())
    }

    async fn shut_left_open(&mut self) -> Result<(), BackendError> {
        self.shut_forgotten().await
    }

    async fn shut_confined(&mut self, plugin: &PluginName) -> Result<(), BackendError> {
        self.shut_plugin(plugin).await
    }

    async fn issue(
        &mut self,
        plugin: &PluginName,
        ticket: &Ticket,
        begins: Own,
        rights: &[Right],
    ) -> Result<Own, BackendError> {
        self.write_ticket(plugin, ticket, &begins, rights).await
    }

    async fn right(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<Option<Right>, BackendError> {
        self.right_of(plugin, permission).await
    }

    async fn take_right(
        &mut self,
        plugin: &PluginName,
        permission: &Permission,
    ) -> Result<(), BackendError> {
        self.take_from_role(plugin, permission).await
    }

    async fn install(&mut self, name: &ExtensionName) -> Result<(), BackendError> {
        self.make_extension(name).await
    }

    async fn known(&mut self, plugin: &PluginName) -> Result<Option<Known>, BackendError> {
        self.known_of(plugin).await
    }

    async fn forget(&mut self, plugin: &PluginName, known: Known) -> Result<(), BackendError> {
        self.forget_plugin(plugin, known).await
    }

    async fn fingerprint_own(
        &mut self,
        plugin: &PluginName,
        sql: &str,
    ) -> Result<Option<String>, BackendError> {
        self.look_at_own(plugin, sql).await.map(Some)
    }

    fn refuses_outside(&self, sql: &str) -> Option<&'static str> {
        outside::refused(sql)
    }

    async fn begin_outside(&mut self, plugin: &PluginName, sql: &str) -> Result<(), BackendError> {
        self.lend_create(plugin, sql).await
    }

    async fn end_outside(
        &mut self,
        plugin: &PluginName,
        sql: &str,
        before: &str,
    ) -> Result<(), BackendError> {
        self.take_create(plugin, sql, before).await
    }

    fn set_opening(&mut self, ticket: &Ticket, rights: Vec<Right>) {
        let is_sealed = rights.iter().any(|right| right.privilege != "SELECT");
        self.referring = is_sealed.then(|| ticket.clone());
        self.lent = rights;
    }

    async fn conclude(&mut self, ticket: &Ticket, record: Vec<Own>) -> Result<Own, BackendError> {
        self.write_record(ticket, &record).await
    }

    async fn list_dependents(&mut self, ticket: &Ticket) -> Result<(), BackendError> {
        self.write_dependents(ticket).await
    }

    async fn found(&mut self) -> Result<Vec<Found>, BackendError> {
        self.everything().await
    }

    async fn holdings(
        &mut self,
        plugin: &PluginName,
        objects: &[Object],
    ) -> Result<Holdings, BackendError> {
        self.look_at(plugin, objects).await
    }

    async fn strays(&mut self, plugin: &PluginName) -> Result<Option<Strayed>, BackendError> {
        self.look_for_strays(plugin).await
    }

    async fn give(
        &mut self,
        plugin: &PluginName,
        objects: &[Object],
        begins: Own,
        record: Vec<Own>,
    ) -> Result<String, BackendError> {
        self.give_to_role(plugin, objects, begins, record).await
    }

    async fn take_back(
        &mut self,
        plugin: &PluginName,
        begins: Own,
        record: Vec<Own>,
    ) -> Result<Option<String>, BackendError> {
        self.take_from_plugin(plugin, begins, record).await
    }

    async fn redeem(&mut self, ticket: &Ticket) -> Result<(), BackendError> {
        self.delete_ticket(ticket).await
    }
}
