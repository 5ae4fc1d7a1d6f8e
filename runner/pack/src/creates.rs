//! The tables and views that the alterations of a component make on MySQL and MariaDB: what its manifest declares, and what its
//! SQL says where that is known. Reads bytes; knows no server, so that a text is read as by one of either kind.

use super::{SqlHook, SqlSource, section};
use crate::{
    alteration::{AlterationId, Dialect, Manifest},
    sql,
};
use std::collections::{BTreeMap, BTreeSet};

const DIALECTS: [Dialect; 2] = [Dialect::Mysql, Dialect::Mariadb];

/// What a component says of what its alterations make.
#[derive(Debug, Default)]
pub struct Creates {
    /// By the manifest.
    pub declared: BTreeMap<AlterationId, BTreeSet<String>>,
    /// By the SQL of the hooks.
    pub known: BTreeMap<AlterationId, BTreeSet<String>>,
    /// Set if the SQL of the hooks is known.
    pub is_sql: bool,
}

impl Creates {
    /// Returns all names that are known of an alteration.
    pub fn of(&self, id: &AlterationId) -> BTreeSet<String> {
        let both = [&self.declared, &self.known].into_iter().filter_map(|names| names.get(id));
        both.flatten().cloned().collect()
    }

    /// Returns all names, by alteration; without those that make nothing.
    pub fn all(&self) -> BTreeMap<AlterationId, BTreeSet<String>> {
        let ids: BTreeSet<&AlterationId> = self.declared.keys().chain(self.known.keys()).collect();
        let named = ids.into_iter().map(|id| (id.clone(), self.of(id)));
        named.filter(|(_, names)| !names.is_empty()).collect()
    }
}

/// Reads what the alterations of `component` make. Nothing is known of bytes that are no component, or of alterations that
/// are for other databases.
pub fn creates(component: &[u8]) -> Creates {
    let manifest = section::manifest(component).ok().flatten();
    let Some(manifest) = manifest.and_then(|json| Manifest::parse(json).ok()) else {
        return Creates::default();
    };
    let source = SqlSource::of(component);
    let mut creates = Creates { is_sql: source.is_some(), ..Creates::default() };
    for declaration in manifest.alterations {
        let is_for = |dialect: &Dialect| {
            let among = |named: &BTreeSet<Dialect>| named.is_empty() || named.contains(dialect);
            among(&manifest.dialects) && among(&declaration.dialects)
        };
        let dialects: Vec<Dialect> = DIALECTS.into_iter().filter(is_for).collect();
        if dialects.is_empty() {
            continue;
        }
        if let Some(source) = &source {
            let hooks = dialects.iter().flat_map(|dialect| {
                SqlHook::ALL.into_iter().flat_map(|hook| {
                    sql::made(source.text(&declaration.id, hook, *dialect), *dialect)
                })
            });
            creates.known.insert(declaration.id.clone(), hooks.collect());
        }
        if let Some(names) = declaration.creates {
            creates.declared.insert(declaration.id, names);
        }
    }
    creates
}
