//! Permissions that a plan asks for and that are not granted: what a person's yes to the plan grants, or what is refused.
//!
//! By what a permission is granted is decided in `given/grant.rs`, and marked in the plan by the job.

use super::{Job, Work};
use crate::{
    alteration::{AlterationKey, Direction, Level, Permission, PluginName, TableOwner},
    backend::{Backend, BackendError, NewGrant, Snapshot},
    error::Error,
    given::Name,
    plan::{Plan, Step},
};
use std::collections::BTreeSet;

/// Returns what the steps of `plan` ask for and do not have, in their order.
pub(super) fn missing(job: &Job<'_>, plan: &Plan) -> Vec<NewGrant> {
    let of_step = |step: &Step| {
        let missing = step.asks.permissions.iter().filter(|asked| !asked.granted);
        let new = |permission| {
            let checksum = job.checksum(&step.key)?;
            Some(NewGrant { key: step.key.clone(), checksum, permission })
        };
        missing.filter_map(|asked| new(asked.name.clone())).collect::<Vec<_>>()
    };
    plan.steps.iter().flat_map(of_step).collect()
}

/// Refuses a plan that asks for what is neither granted nor among `permitted`.
pub(super) fn check(job: &Job<'_>, plan: &Plan, permitted: &[NewGrant]) -> Result<(), Error> {
    match missing(job, plan).into_iter().find(|missing| !permitted.contains(missing)) {
        Some(NewGrant { key, permission, .. }) => Err(match job {
            Job::Rollback { .. } => Error::NotGrantedDown { key, permission },
            _ => {
                let claimed = is_claimed(plan, &key);
                Error::NotGranted { key, permission, claimed }
            }
        }),
        None => Ok(()),
    }
}

/// Refuses what a confined plugin asks for and the database has not, before anything runs. What an earlier step of the plan
/// may make is looked for when its turn comes.
pub(super) async fn check_tables(plan: &Plan, backend: &mut Backend) -> Result<(), Error> {
    let mut made: BTreeSet<&PluginName> = BTreeSet::new();
    for step in &plan.steps {
        let plugin = &step.key.plugin;
        let asked = step.asks.permissions.iter().map(|asked| &asked.name);
        let is_later = |permission: &&Permission| {
            permission.table().is_some_and(|table| match &table.owner {
                TableOwner::Plugin(owner) => made.contains(owner),
                TableOwner::Application => false,
            })
        };
        if step.level == Level::Confined && step.direction == Direction::Up {
            for permission in asked.filter(|permission| !is_later(permission)) {
                backend.check_permission(plugin, permission).await?;
            }
        }
        made.insert(plugin);
    }
    Ok(())
}

fn is_claimed(plan: &Plan, key: &AlterationKey) -> bool {
    matches!(Name::of(key, &plan.elsewhere()), Name::Claimed(_))
}

impl Work<'_> {
    /// Records what a person granted and the record does not have yet. Returns whether it did, so that the state is another
    /// one now. A rehearsal records nothing.
    pub(super) async fn record_grants(
        &mut self,
        backend: &mut Backend,
        plan: &Plan,
        snapshot: &Snapshot,
    ) -> Result<bool, Error> {
        check(self.job, plan, &self.permitted)?;
        let missing = missing(self.job, plan);
        if missing.is_empty() || self.report.rehearsed {
            return Ok(false);
        }
        let revision = snapshot.revision.ok_or(BackendError::Moved)?;
        backend.record_grants(&missing, revision).await?;
        Ok(true)
    }
}
