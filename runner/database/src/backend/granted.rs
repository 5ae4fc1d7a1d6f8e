//! What of others' objects a confined plugin was granted, for drivers that bound it by themselves.

use crate::alteration::{Permission, Permissions, PluginName, TableName, TableOwner};
use std::collections::BTreeSet;

/// An object of another owner, as a permission names it. The application's has no plugin; names are in lower case.
pub type Named = (Option<PluginName>, String);

/// The bounds of a confined plugin: what is its own, and this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    pub plugin: PluginName,
    /// Rows that it may read.
    pub reads: BTreeSet<Named>,
    /// Tables that its foreign keys may refer to.
    pub references: BTreeSet<Named>,
    /// Tables whose rows it may read and change, and which may get columns and indexes.
    pub alters: BTreeSet<Named>,
}

impl Granted {
    /// Returns the bounds of `plugin` with what `permissions` say of tables.
    pub fn of(plugin: PluginName, permissions: &Permissions) -> Self {
        let named = |of: fn(&Permission) -> Option<&TableName>| {
            permissions.iter().filter_map(of).map(named).collect()
        };
        Self {
            plugin,
            reads: named(|permission| match permission {
                Permission::Reads(table) => Some(table),
                _ => None,
            }),
            references: named(|permission| match permission {
                Permission::References(table) => Some(table),
                _ => None,
            }),
            alters: named(|permission| match permission {
                Permission::Alters(table) => Some(table),
                _ => None,
            }),
        }
    }
}

/// A schema is part of the name: no table of a database without schemas is meant by that.
fn named(table: &TableName) -> Named {
    let owner = match &table.owner {
        TableOwner::Application => None,
        TableOwner::Plugin(plugin) => Some(plugin.clone()),
    };
    let schema = table.schema.as_ref().map(|schema| format!("{schema}.")).unwrap_or_default();
    (owner, format!("{schema}{}", table.table).to_ascii_lowercase())
}
