//! At which level each plugin runs: what the operator said of it, and what is recorded. Pure.

use super::{Name, Trust, Trusts};
use crate::{
    alteration::{Level, PluginName},
    backend::Snapshot,
};

/// What the operator said of levels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    /// Plugins that run with all rights of the URL's user.
    pub trusted: Trusts,
    /// Plugins that run as database roles of their own, unless they have records here from before.
    pub confined: Trusts,
}

impl Levels {
    /// The same with `others`.
    pub fn and(mut self, others: Self) -> Self {
        self.trusted.extend(others.trusted);
        self.confined.extend(others.confined);
        self
    }

    /// The same for a scratch database, which is thrown away: a role would stay on the server.
    pub fn on_scratch(self) -> Self {
        Self { confined: Trusts::new(), ..self }
    }

    /// The level of a plugin. Of two patterns that cover it, the one that says more of it counts, and of two that say the
    /// same of it, the stricter level. A plugin that was confined stays so, unless it is trusted by its own name; one that
    /// has records of another level keeps that level.
    pub(crate) fn level(&self, name: Name<'_>, snapshot: &Snapshot) -> Level {
        let plugin = name.plugin();
        let best = |patterns: &Trusts| {
            patterns.iter().filter(|pattern| pattern.covers(plugin)).map(Trust::precision).max()
        };
        let has_role = snapshot.confined.contains(plugin);
        let confined = match has_role {
            true => Some(Trust::NAMED.max(best(&self.confined).unwrap_or_default())),
            false => best(&self.confined),
        };
        match (name.trusted_by(&self.trusted), confined) {
            (Some(_), None) => Level::Trusted,
            (Some(trusted), Some(_)) if has_role && trusted == Trust::NAMED => Level::Trusted,
            (Some(trusted), Some(confined)) if trusted > confined => Level::Trusted,
            (_, Some(_)) if has_role || !has_records(plugin, snapshot) => Level::Confined,
            _ => Level::Guarded,
        }
    }

    /// Whether `plugin` was to be confined and is not, because it has records from before.
    pub(crate) fn is_kept_guarded(&self, plugin: &PluginName, snapshot: &Snapshot) -> bool {
        self.level(Name::Known(plugin), snapshot) == Level::Guarded
            && self.confined.iter().any(|pattern| pattern.covers(plugin))
    }
}

fn has_records(plugin: &PluginName, snapshot: &Snapshot) -> bool {
    snapshot.rows.keys().any(|key| key.plugin == *plugin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_level() {
        let plugin: PluginName = "acme/shop".parse().unwrap();
        let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let new = Snapshot::empty();
        let with_role = Snapshot { confined: [plugin.clone()].into(), ..Snapshot::empty() };
        let table: [(&[&str], &[&str], &Snapshot, Level); 10] = [
            (&[], &[], &new, Level::Guarded),
            (&["*"], &[], &new, Level::Trusted),
            (&[], &["*"], &new, Level::Confined),
            (&["acme/*"], &["*"], &new, Level::Trusted),
            (&["*"], &["acme/*"], &new, Level::Confined),
            (&["acme/shop"], &["acme/shop"], &new, Level::Confined),
            (&["acme/other"], &["acme/other"], &new, Level::Guarded),
            (&[], &[], &with_role, Level::Confined),
            (&["*"], &[], &with_role, Level::Confined),
            (&["acme/shop"], &[], &with_role, Level::Trusted),
        ];
        for (trusted, confined, snapshot, expected) in table {
            let levels = Levels { trusted: patterns(trusted), confined: patterns(confined) };
            assert_eq!(
                levels.level(Name::Known(&plugin), snapshot),
                expected,
                "{trusted:?} {confined:?}"
            );
        }
    }
}
