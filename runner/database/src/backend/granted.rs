//! What of others' objects a confined plugin was granted, for drivers that bound it by themselves.

use crate::alteration::PluginName;
use std::collections::BTreeSet;

/// An object of another owner, as a permission names it. The application's has no plugin; names are in lower case.
pub(super) type Named = (Option<PluginName>, String);

/// The bounds of a confined plugin: what is its own, and this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) plugin: PluginName,
    /// Rows that it may read.
    pub(super) reads: BTreeSet<Named>,
    /// Tables that its foreign keys may refer to.
    pub(super) references: BTreeSet<Named>,
    /// Tables whose rows it may read and change, and which may get columns and indexes.
    pub(super) alters: BTreeSet<Named>,
}

impl Granted {
    /// Nothing but what is its own.
    pub(super) fn nothing(plugin: PluginName) -> Self {
        Self {
            plugin,
            reads: BTreeSet::new(),
            references: BTreeSet::new(),
            alters: BTreeSet::new(),
        }
    }
}
