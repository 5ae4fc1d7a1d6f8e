//! At which level each plugin runs: what the operator said of it, and what is recorded. Pure.

use super::{Name, Trust, Trusts};
use crate::{
    alteration::{Level, PluginName},
    backend::{Snapshot, Status},
};
use std::collections::BTreeSet;

/// What the operator said of levels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    /// Plugins that run with all rights of the URL's user.
    pub trusted: Trusts,
    /// Plugins that run with these rights, with everything refused that reaches beyond the database.
    pub guarded: Trusts,
    /// Plugins that run confined, unless they have records here from before.
    pub confined: Trusts,
    /// Plugins whose objects go to schemas of their own, if they are confined from now on.
    pub own_schemas: BTreeSet<PluginName>,
    /// The database is a scratch, which is thrown away: nothing there is anybody else's, and a role would stay on the server.
    pub is_scratch: bool,
}

impl Levels {
    /// The same with `others`.
    pub fn and(mut self, others: Self) -> Self {
        self.trusted.extend(others.trusted);
        self.guarded.extend(others.guarded);
        self.confined.extend(others.confined);
        self.own_schemas.extend(others.own_schemas);
        self
    }

    /// The same for a scratch database.
    pub fn on_scratch(self) -> Self {
        let (confined, own_schemas) = (Trusts::new(), BTreeSet::new());
        Self { confined, own_schemas, is_scratch: true, ..self }
    }

    /// The level of a plugin. Of patterns that cover it, the one that says the most of it counts; of those that say the same,
    /// confined before trusted before guarded. A plugin that was confined stays so, unless its own name is said; one that has
    /// records of another level keeps that level.
    pub(crate) fn level(&self, name: Name<'_>, snapshot: &Snapshot) -> Level {
        let plugin = name.plugin();
        let best = |patterns: &Trusts| {
            patterns.iter().filter(|pattern| pattern.covers(plugin)).map(Trust::precision).max()
        };
        let has_role = snapshot.confined.contains(plugin) && !self.is_scratch;
        let confined = match has_role {
            true => Some(Trust::NAMED.max(best(&self.confined).unwrap_or_default())),
            false => best(&self.confined),
        };
        let (trusted, guarded) = (name.covered_by(&self.trusted), name.covered_by(&self.guarded));
        let weaker = trusted.max(guarded);
        let is_weaker = match (weaker, confined) {
            (Some(weaker), Some(_)) if has_role => weaker == Trust::NAMED,
            (Some(weaker), Some(confined)) => weaker > confined,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_weaker {
            return if trusted >= guarded { Level::Trusted } else { Level::Guarded };
        }
        let is_asked = confined.is_some() || !self.is_scratch;
        match has_role || (is_asked && !has_records(plugin, snapshot)) {
            true => Level::Confined,
            false => Level::Guarded,
        }
    }

    /// Whether `plugin` would be confined and is not, because it has records from before.
    pub(crate) fn is_kept_guarded(&self, plugin: &PluginName, snapshot: &Snapshot) -> bool {
        let name = Name::Known(plugin);
        let is_said = name.covered_by(&self.trusted).max(name.covered_by(&self.guarded)).is_some();
        let is_asked = self.confined.iter().any(|pattern| pattern.covers(plugin));
        self.level(name, snapshot) == Level::Guarded && (is_asked || !self.is_scratch && !is_said)
    }

    /// The plugins with records that would be confined without them.
    pub(crate) fn kept_guarded(&self, snapshot: &Snapshot) -> Vec<PluginName> {
        let plugins: BTreeSet<&PluginName> = snapshot.rows.keys().map(|key| &key.plugin).collect();
        let kept = |plugin: &&PluginName| self.is_kept_guarded(plugin, snapshot);
        plugins.into_iter().filter(kept).cloned().collect()
    }
}

/// What failed decides nothing, unless it stopped half-way: else it changed nothing.
fn has_records(plugin: &PluginName, snapshot: &Snapshot) -> bool {
    let mut rows = snapshot.rows.iter().filter(|(key, _)| key.plugin == *plugin);
    rows.any(|(key, row)| row.status != Status::Failed || snapshot.runs.contains_key(key))
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
        let table: [([&[&str]; 3], &Snapshot, Level); 19] = [
            ([&[], &[], &[]], &new, Level::Confined),
            ([&["*"], &[], &[]], &new, Level::Trusted),
            ([&[], &["*"], &[]], &new, Level::Confined),
            ([&["acme/*"], &["*"], &[]], &new, Level::Trusted),
            ([&["*"], &["acme/*"], &[]], &new, Level::Confined),
            ([&["acme/shop"], &["acme/shop"], &[]], &new, Level::Confined),
            ([&["acme/other"], &["acme/other"], &[]], &new, Level::Confined),
            ([&["acme/other"], &[], &["acme/other"]], &new, Level::Confined),
            ([&[], &[], &["*"]], &new, Level::Guarded),
            ([&["*"], &[], &["*"]], &new, Level::Trusted),
            ([&["*"], &[], &["acme/shop"]], &new, Level::Guarded),
            ([&[], &["*"], &["*"]], &new, Level::Confined),
            ([&[], &["*"], &["acme/*"]], &new, Level::Guarded),
            ([&["*"], &["acme/*"], &[]], &with_role, Level::Confined),
            ([&[], &[], &["*"]], &with_role, Level::Confined),
            ([&[], &[], &[]], &with_role, Level::Confined),
            ([&["*"], &[], &["*"]], &with_role, Level::Confined),
            ([&["acme/shop"], &[], &[]], &with_role, Level::Trusted),
            ([&[], &[], &["acme/shop"]], &with_role, Level::Guarded),
        ];
        for (said, snapshot, expected) in table {
            let [trusted, confined, guarded] = said.map(patterns);
            let levels = Levels { trusted, guarded, confined, ..Levels::default() };
            let found = levels.level(Name::Known(&plugin), snapshot);
            assert_eq!(found, expected, "{said:?}");
            let on_scratch = levels.on_scratch().level(Name::Known(&plugin), snapshot);
            assert_ne!(on_scratch, Level::Confined, "{said:?}");
        }
    }
}
