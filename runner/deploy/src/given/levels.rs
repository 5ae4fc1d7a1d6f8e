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
    /// Plugins that run with these rights, with everything refused that reaches beyond the database.
    pub guarded: Trusts,
    /// Plugins that run confined, unless they have records here from before.
    pub confined: Trusts,
    /// The database is a scratch, which is thrown away: nothing there is anybody else's, and a role would stay on the server.
    pub is_scratch: bool,
}

impl Levels {
    /// The same with `others`.
    pub fn and(mut self, others: Self) -> Self {
        self.trusted.extend(others.trusted);
        self.guarded.extend(others.guarded);
        self.confined.extend(others.confined);
        self
    }

    /// The same for a scratch database.
    pub fn on_scratch(self) -> Self {
        Self { confined: Trusts::new(), is_scratch: true, ..self }
    }

    /// The level of a plugin. Of two patterns that cover it, the one that says more of it counts, and of two that say the
    /// same of it, the stricter level. A plugin that was confined stays so, unless its own name has another level; one that
    /// has records of another level keeps that level.
    pub(crate) fn level(&self, name: Name<'_>, snapshot: &Snapshot) -> Level {
        let plugin = name.plugin();
        let best = |patterns: &Trusts| {
            patterns.iter().filter(|pattern| pattern.covers(plugin)).map(Trust::precision).max()
        };
        let (trusted, guarded, confined) =
            (name.trusted_by(&self.trusted), best(&self.guarded), best(&self.confined));
        if snapshot.confined.contains(plugin) && !self.is_scratch {
            return match (guarded, trusted) {
                (Some(Trust::NAMED), _) => Level::Guarded,
                (_, Some(Trust::NAMED)) => Level::Trusted,
                _ => Level::Confined,
            };
        }
        // Of two that say the same of it the later one here.
        let said =
            [(trusted, Level::Trusted), (guarded, Level::Guarded), (confined, Level::Confined)];
        let said = said.into_iter().filter_map(|(precision, level)| Some((precision?, level)));
        let said = said.max_by_key(|(precision, _)| *precision).map(|(_, level)| level);
        let default = match snapshot.confines && !self.is_scratch {
            true => Level::Confined,
            false => Level::Guarded,
        };
        match said.unwrap_or(default) {
            Level::Confined if has_records(plugin, snapshot) => Level::Guarded,
            level => level,
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
        let confines = Snapshot { confines: true, ..Snapshot::empty() };
        let with_both = Snapshot { confines: true, ..with_role.clone() };
        let table: [(&[&str], &[&str], &[&str], &Snapshot, Level); 20] = [
            (&[], &[], &[], &new, Level::Guarded),
            (&["*"], &[], &[], &new, Level::Trusted),
            (&[], &[], &["*"], &new, Level::Confined),
            (&["acme/*"], &[], &["*"], &new, Level::Trusted),
            (&["*"], &[], &["acme/*"], &new, Level::Confined),
            (&["acme/shop"], &[], &["acme/shop"], &new, Level::Confined),
            (&["acme/other"], &[], &["acme/other"], &new, Level::Guarded),
            (&[], &[], &[], &with_role, Level::Confined),
            (&["*"], &[], &[], &with_role, Level::Confined),
            (&["acme/shop"], &[], &[], &with_role, Level::Trusted),
            (&[], &["acme/shop"], &[], &with_role, Level::Guarded),
            (&[], &["acme/*"], &[], &with_role, Level::Confined),
            (&["acme/shop"], &["acme/shop"], &[], &with_role, Level::Guarded),
            // Where plugins are confined by default.
            (&[], &[], &[], &confines, Level::Confined),
            (&[], &["*"], &[], &confines, Level::Guarded),
            (&["*"], &["*"], &[], &confines, Level::Guarded),
            (&["acme/*"], &["*"], &[], &confines, Level::Trusted),
            (&["acme/*"], &["acme/shop"], &[], &confines, Level::Guarded),
            (&[], &["acme/shop"], &["acme/shop"], &confines, Level::Confined),
            (&[], &["*"], &[], &with_both, Level::Confined),
        ];
        for (trusted, guarded, confined, snapshot, expected) in table {
            let levels = Levels {
                trusted: patterns(trusted),
                guarded: patterns(guarded),
                confined: patterns(confined),
                is_scratch: false,
            };
            let what = format!("{trusted:?} {guarded:?} {confined:?}");
            assert_eq!(levels.level(Name::Known(&plugin), snapshot), expected, "{what}");
            let on_scratch = levels.on_scratch().level(Name::Known(&plugin), snapshot);
            assert_ne!(on_scratch, Level::Confined, "{what}");
        }
    }
}
