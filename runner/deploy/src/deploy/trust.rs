//! Asks the backend what the URL's user may do, and looks which plugins of a plan run with that and are not trusted with it.
//!
//! What a user may do is read in `backend/powers.rs`.

use crate::{
    alteration::{Level, PluginName},
    backend::{Backend, BackendError},
    given::Powerful,
    plan::Plan,
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
    Ok((!powers.held.is_empty()).then_some(Powerful { powers, plugins }))
}

/// The plugins of a plan that run at `level`. Every step runs hooks, but for those of a baseline, about which this is not
/// asked.
pub(super) fn at(level: Level, plan: &Plan) -> Vec<PluginName> {
    let mut plugins: Vec<PluginName> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.level == level) {
        if !plugins.contains(&step.key.plugin) {
            plugins.push(step.key.plugin.clone());
        }
    }
    plugins
}
