//! Confined plugins whose objects are not their user's any more: a dump that was restored elsewhere, a role that was dropped.
//!
//! Nothing of such a plugin could run as it was recorded, so that a plan with it is objected to. Notes also which confined
//! plugins have schemas of their own.

use super::Job;
use crate::{
    alteration::{Level, PluginName},
    backend::{Backend, BackendError, Strayed},
    plan::{Finding, Plan},
    runner::shown,
};

/// Adds to the findings of `plan` what its confined plugins do not own any more.
pub(crate) async fn tell(
    job: &Job<'_>,
    plan: &mut Plan,
    backend: &mut Backend,
) -> Result<(), BackendError> {
    let own_schemas = job.levels().map(|levels| levels.own_schemas.clone()).unwrap_or_default();
    for level in [Level::Guarded, Level::Trusted] {
        if let Some(plugin) =
            super::trust::at(level, plan).into_iter().find(|plugin| own_schemas.contains(plugin))
        {
            let reason = format!("it is {level}, and only a confined plugin has one");
            return Err(BackendError::NoOwnSchema { plugin, reason, setup: Vec::new() });
        }
    }
    backend.set_own_schemas(own_schemas);
    for plugin in super::trust::at(Level::Confined, plan) {
        if let Some(schema) = backend.home(&plugin).await? {
            plan.findings.push(Finding::OwnSchema { plugin: plugin.clone(), schema });
        }
        if let Some(found) = backend.strays(&plugin).await? {
            plan.findings.push(finding(&plugin, &found));
        }
    }
    Ok(())
}

/// What is said of it.
pub(crate) fn finding(plugin: &PluginName, found: &Strayed) -> Finding {
    let Strayed { role, is_missing, objects } = found;
    Finding::OwnerChanged {
        plugin: plugin.clone(),
        role: role.clone(),
        is_missing: *is_missing,
        objects: objects.iter().map(|foreign| shown(&foreign.object)).collect(),
    }
}
