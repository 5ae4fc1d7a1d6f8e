//! Permissions that a person grants and takes back: recorded in transactions of their own, which the ledger's
//! compare-and-swap orders like any other change.

use super::{Backend, BackendError, Revision, recorded, tables::grant, transaction::Durability};
use crate::alteration::{AlterationKey, Checksum, Permission, PluginName};

/// What a person grants: a permission, to an alteration with these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGrant {
    pub key: AlterationKey,
    pub checksum: Checksum,
    pub permission: Permission,
}

impl Backend {
    /// Records `grants`, all or nothing. Needs the lock, and the runner's tables.
    pub async fn record_grants(
        &mut self,
        grants: &[NewGrant],
        revision: Revision,
    ) -> Result<Revision, BackendError> {
        self.make_grants().await?;
        let mut recorded = vec![self.advance(revision)?];
        recorded.extend(grants.iter().map(|NewGrant { key, checksum, permission }| {
            grant::grant(key, *checksum, permission)
        }));
        self.apply(recorded, Durability::Flushed).await?;
        Ok(revision.next())
    }

    /// Takes `permissions` of `plugin` back, all or nothing. Needs the lock, and the runner's tables.
    pub async fn revoke_grants(
        &mut self,
        plugin: &PluginName,
        permissions: &[Permission],
        revision: Revision,
    ) -> Result<(), BackendError> {
        self.make_grants().await?;
        let mut recorded = vec![self.advance(revision)?];
        recorded.extend(permissions.iter().map(|permission| grant::revoke(plugin, permission)));
        self.apply(recorded, Durability::Flushed).await
    }

    /// Makes the table of grants where it is not there. A statement of its own, because it commits by itself on some
    /// databases.
    async fn make_grants(&mut self) -> Result<(), BackendError> {
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        if connection.own_tables().await?.contains("alteration_grant") {
            return Ok(());
        }
        let made = vec![grant::create(connection.own_types())];
        recorded::apply(connection, made, Durability::Unflushed).await?;
        Ok(())
    }
}
