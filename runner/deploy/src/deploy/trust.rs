//! Asks the backend what the URL's user may do, and looks which plugins of a plan run with that and are not trusted with it.
//!
//! What a user may do is read in `backend/powers.rs`.

use super::Job;
use crate::{
    alteration::{Level, PluginName},
    backend::{Backend, BackendError, Company},
    given::{Name, Powerful},
    plan::{Finding, Plan, Step},
};

/// What speaks against running the plan as this connection's user; `None` where nothing does.
pub(crate) async fn against(
    plan: &Plan,
    backend: &mut Backend,
) -> Result<Option<Powerful>, BackendError> {
    let plugins = at(Level::Guarded, plan);
    if plugins.is_empty() {
        return Ok(None);
    }
    let powers = backend.powers().await?;
    let claimed = claimed(plan);
    Ok((!powers.held.is_empty()).then_some(Powerful { powers, plugins, claimed }))
}

/// Notes in a plan where other programs work with the rights that a plugin must not get.
pub(crate) async fn note_company(
    job: &Job<'_>,
    plan: &mut Plan,
    backend: &mut Backend,
) -> Result<(), BackendError> {
    if job.only_records() || plan.steps.iter().all(|step| step.level.is_trusted()) {
        return Ok(());
    }
    if let Some(Company { user, sessions, applications }) = backend.company().await? {
        plan.findings.push(Finding::SharedUser { user, sessions, applications });
    }
    Ok(())
}

/// The plugins of a plan that run at `level`. Every step runs hooks, but for those of a baseline, about which this is not
/// asked.
pub(super) fn at(level: Level, plan: &Plan) -> Vec<PluginName> {
    distinct(plan, |step| step.level == level)
}

/// The guarded plugins of a plan whose names are only claimed.
fn claimed(plan: &Plan) -> Vec<PluginName> {
    let elsewhere = plan.elsewhere();
    let is_claimed = |step: &Step| matches!(Name::of(&step.key, &elsewhere), Name::Claimed(_));
    distinct(plan, |step| step.level == Level::Guarded && is_claimed(step))
}

fn distinct(plan: &Plan, is_meant: impl Fn(&Step) -> bool) -> Vec<PluginName> {
    let mut plugins: Vec<PluginName> = Vec::new();
    for step in plan.steps.iter().filter(|step| is_meant(step)) {
        if !plugins.contains(&step.key.plugin) {
            plugins.push(step.key.plugin.clone());
        }
    }
    plugins
}
