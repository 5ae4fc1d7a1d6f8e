//! The permissions that persons granted: listed, and taken back.
//!
//! Grants of `runner.toml` are a file's matter. How a grant is recorded is in `deploy/grants.rs`.

use crate::{
    alteration::{Permission, PluginName},
    backend::{Access, Backend},
    deploy::How,
    error::Error,
    record::RecordedGrant,
    runner::Runner,
};
use std::collections::BTreeSet;

/// What to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// Everything that was granted to the plugin.
    All,
    /// One permission.
    One(Permission),
}

impl Runner {
    /// Returns the recorded grants, in the order in which they were given.
    pub async fn permissions(&self) -> Result<Vec<RecordedGrant>, Error> {
        let mut backend = self.connect(Access::Read).await?;
        let found = backend.snapshot().await;
        backend.close().await;
        Ok(found?.grants)
    }

    /// Takes recorded grants of `plugin` back, and returns which permissions it had. What was applied with them stays
    /// applied, and goes down with them.
    pub async fn revoke(
        &self,
        plugin: &PluginName,
        revoked: &Revoked,
        how: &How,
    ) -> Result<BTreeSet<Permission>, Error> {
        let mut backend = self.connect(Access::Write).await?;
        let done = async {
            backend.lock(how.lock_patience, &mut |_| {}).await?;
            take_back(plugin, revoked, &mut backend).await
        };
        let done = done.await;
        backend.unlock().await;
        backend.close().await;
        done
    }
}

async fn take_back(
    plugin: &PluginName,
    revoked: &Revoked,
    backend: &mut Backend,
) -> Result<BTreeSet<Permission>, Error> {
    let found = backend.snapshot().await?;
    let of_plugin = found.grants.into_iter().filter(|grant| grant.plugin == *plugin);
    let is_meant = |permission: &Permission| match revoked {
        Revoked::All => true,
        Revoked::One(one) => one == permission,
    };
    let held: BTreeSet<Permission> =
        of_plugin.map(|grant| grant.permission).filter(is_meant).collect();
    if let (Some(revision), false) = (found.revision, held.is_empty()) {
        let held: Vec<Permission> = held.iter().cloned().collect();
        backend.revoke_grants(plugin, &held, revision).await?;
    }
    // What a flag granted is not recorded, and may have left something all the same.
    let mut taken: Vec<Permission> = held.iter().cloned().collect();
    if let (Revoked::One(one), true) = (revoked, held.is_empty()) {
        taken.push(one.clone());
    }
    backend.take_rights(plugin, &taken).await?;
    Ok(held)
}
