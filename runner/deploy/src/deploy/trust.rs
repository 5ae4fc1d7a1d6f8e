//! Asks the backend what the URL's user may do, and looks which plugins of a plan are not trusted with that.
//!
//! What a user may do is read in `backend/powers.rs`.

use crate::{
    alteration::PluginName,
    backend::{Backend, BackendError},
    given::{Powerful, Trusts},
    plan::Plan,
};

/// What speaks against running the plan as this connection's user; `None` where nothing does.
pub(crate) async fn against(
    plan: &Plan,
    trusts: &Trusts,
    backend: &mut Backend,
) -> Result<Option<Powerful>, BackendError> {
    let plugins = untrusted(plan, trusts);
    if plugins.is_empty() {
        return Ok(None);
    }
    let powers = backend.powers().await?;
    Ok((!powers.held.is_empty()).then_some(Powerful { powers, plugins }))
}

/// Every step of a plan runs hooks, but for those of a baseline, about which this is not asked.
fn untrusted(plan: &Plan, trusts: &Trusts) -> Vec<PluginName> {
    let mut plugins: Vec<PluginName> = Vec::new();
    for step in &plan.steps {
        let plugin = &step.key.plugin;
        if !plugins.contains(plugin) && !trusts.iter().any(|trust| trust.covers(plugin)) {
            plugins.push(plugin.clone());
        }
    }
    plugins
}
