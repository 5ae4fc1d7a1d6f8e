//! Asks the backend what the URL's user may do, and looks which plugins of a plan are not trusted with that.
//!
//! What a user may do is read in `backend/powers.rs`.

use crate::{
    alteration::PluginName,
    backend::{Backend, BackendError},
    given::{Name, Powerful, Trusts},
    plan::Plan,
};

/// What speaks against running the plan as this connection's user; `None` where nothing does.
pub(crate) async fn against(
    plan: &Plan,
    trusts: &Trusts,
    backend: &mut Backend,
) -> Result<Option<Powerful>, BackendError> {
    let (plugins, claimed) = untrusted(plan, trusts);
    if plugins.is_empty() {
        return Ok(None);
    }
    let powers = backend.powers().await?;
    Ok((!powers.held.is_empty()).then_some(Powerful { powers, plugins, claimed }))
}

/// Every step of a plan runs hooks, but for those of a baseline, about which this is not asked.
/// Those whose name is only claimed are among the first and are the second ones.
fn untrusted(plan: &Plan, trusts: &Trusts) -> (Vec<PluginName>, Vec<PluginName>) {
    let (mut plugins, mut claimed) = (Vec::new(), Vec::new());
    let elsewhere = plan.elsewhere();
    let add = |plugins: &mut Vec<PluginName>, plugin: &PluginName| {
        if !plugins.contains(plugin) {
            plugins.push(plugin.clone());
        }
    };
    for step in &plan.steps {
        let (plugin, name) = (&step.key.plugin, Name::of(&step.key, &elsewhere));
        if name.is_trusted(trusts) {
            continue;
        }
        add(&mut plugins, plugin);
        if name == Name::Claimed(plugin) {
            add(&mut claimed, plugin);
        }
    }
    (plugins, claimed)
}
