//! Refuses settings that their plugin does not know. Pure.

use super::Job;
use crate::{
    alteration::{AlterationKey, Direction, PluginName, SettingNames},
    backend::Snapshot,
    error::Error,
    given::UnknownSettings,
    plan::Plan,
};
use std::collections::BTreeSet;

impl Job<'_> {
    /// Refuses what a plugin of the plan was given and does not know: a mistyped name would else pass in
    /// silence. What it knows is what any of its alterations declares, whether in the plan or not: a setting stays in
    /// the file after the alteration that it was for has been applied.
    pub(crate) fn check_settings(&self, plan: &Plan, snapshot: &Snapshot) -> Result<(), Error> {
        let Some(settings) = self.settings() else { return Ok(()) };
        let plugins: BTreeSet<&PluginName> = plan.steps.iter().map(|s| &s.key.plugin).collect();
        for plugin in plugins {
            let declared = self.declared(plugin, plan, snapshot);
            let standing = settings.standing.get(plugin).filter(|_| self.offer().is_some());
            let named = settings.given.get(plugin).into_iter().chain(standing);
            let unknown: SettingNames =
                named.flat_map(|s| s.keys()).filter(|s| !declared.contains(*s)).cloned().collect();
            if !unknown.is_empty() {
                let plugin = plugin.clone();
                return Err(Error::UnknownSettings(UnknownSettings { plugin, unknown, declared }));
            }
        }
        Ok(())
    }

    fn declared(&self, plugin: &PluginName, plan: &Plan, snapshot: &Snapshot) -> SettingNames {
        let of_plugin = |key: &AlterationKey| key.plugin == *plugin;
        // What was begun goes on with the component that began it.
        let begun = snapshot.runs.values().filter(|run| of_plugin(&run.key));
        let begun = begun.flat_map(|run| run.settings.keys().cloned());
        match self.offer() {
            Some((catalog, _)) => {
                // What goes down is handed what it asked for when it went up.
                let down = plan.steps.iter().filter(|step| step.direction == Direction::Down);
                let rows = down.filter_map(|step| snapshot.rows.get(&step.key));
                let rows = rows.filter(|row| of_plugin(&row.key));
                let down = rows.flat_map(|row| row.settings.iter().cloned());
                catalog.settings(plugin).into_iter().chain(down).chain(begun).collect()
            }
            None => {
                let rows = snapshot.rows.values().filter(|row| of_plugin(&row.key));
                rows.flat_map(|row| row.settings.iter().cloned()).chain(begun).collect()
            }
        }
    }
}
