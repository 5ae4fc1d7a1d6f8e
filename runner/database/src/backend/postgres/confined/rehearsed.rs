//! What a rehearsal makes for a confined plugin that has no role yet, and how it is taken back.
//!
//! A role that an administrator's functions made cannot be dropped by the operator: there a plugin without one is not
//! rehearsed.

use super::{
    super::{PostgresConnection, own::spell, text::quote},
    role,
};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        confining::Known,
        connection::{Cell, Connection as _},
    },
};

impl PostgresConnection {
    pub(super) async fn known_of(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Option<Known>, BackendError> {
        let has_tables = self.own_tables().await?.contains("alteration_role");
        if has_tables && self.role_of(plugin).await?.is_some() {
            return Ok(Some(Known::User));
        }
        if self.has_keeper().await? {
            return Ok(None);
        }
        Ok(Some(if has_tables { Known::Tickets } else { Known::Nothing }))
    }

    pub(super) async fn forget_plugin(
        &mut self,
        plugin: &PluginName,
        known: Known,
    ) -> Result<(), BackendError> {
        let prefix = self.config.prefix.clone();
        let mut gone = Vec::new();
        match (known, self.role_of(plugin).await?) {
            (Known::User, _) | (_, None) => {}
            (Known::Tickets | Known::Nothing, Some(role)) => {
                // Its rights and default privileges; it owns nothing that was committed.
                if let Some(home) = self.home_of(plugin).await? {
                    gone.push(format!("DROP SCHEMA {}", quote(&home)));
                    let named = [Cell::text(plugin.as_str())];
                    gone.push(spell("DELETE FROM @home WHERE plugin = ?", &prefix, &named));
                }
                gone.push(format!("DROP OWNED BY {}", quote(&role)));
                gone.push(format!("DROP ROLE {}", quote(&role)));
                let named = [Cell::text(plugin.as_str())];
                gone.push(spell("DELETE FROM @role WHERE plugin = ?", &prefix, &named));
            }
        }
        if known == Known::Nothing {
            gone.extend(
                role::own_functions()
                    .map(|name| format!("DROP FUNCTION IF EXISTS {prefix}alteration_{name}")),
            );
            gone.extend(
                role::OWN_TABLES
                    .map(|name| format!("DROP TABLE IF EXISTS {prefix}alteration_{name}")),
            );
        } else {
            self.delete_tickets().await?;
        }
        self.in_one(&gone).await
    }
}
