//! Lock files: which components an operator pinned, and how the files that are there differ from that.
//!
//! ```text
//! LockFile (what was pinned) ──┐
//!                              ├──differences──> LockDifference, one for each alteration or permission
//! Catalog  (what is there)  ───┘
//! LockFile, LockFile ──changes──> PluginChanges, what an update would write
//! ```
//!
//! Pure. Reading and writing `runner.lock` is the business of `alteration-deploy`.

mod changes;
mod differences;

pub use changes::{ChangedPin, Moved, PluginChanges, changes};
pub use differences::{LockDifference, LockProblem, Pinned};

use crate::alteration::{Alteration, AlterationId, Catalog, Checksum, Permissions, PluginName};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What an operator pinned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    pub plugins: BTreeMap<PluginName, LockedPlugin>,
}

/// What is pinned of one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPlugin {
    /// The folder that it was found in, relative to the lock file and with `/`. It is shown and compared with another
    /// lock file's, and never opened: components are known by their bytes.
    pub source: String,
    /// All that its alterations may ask for.
    pub permissions: Permissions,
    /// The tables and views that its alterations make on MySQL and MariaDB; `None` if the lock file does not say.
    pub creates: Option<BTreeSet<String>>,
    pub alterations: BTreeMap<AlterationId, Pin>,
}

/// One pinned alteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// The name of its component's file, without a folder.
    pub file: String,
    /// SHA-256 of the alteration's source, as its manifest declares it.
    pub checksum: Checksum,
    /// SHA-256 of the component file.
    pub component_checksum: Checksum,
    /// Size of the component file in bytes.
    pub size: u64,
}

impl Pin {
    /// Pins an alteration as it is there. A name that is no UTF-8 is pinned with replacement characters.
    pub fn of(alteration: &Alteration) -> Self {
        Self {
            file: file_name(&alteration.path),
            checksum: alteration.checksum,
            component_checksum: alteration.component_checksum,
            size: alteration.component_bytes,
        }
    }

    /// Returns whether both pin the same bytes.
    pub fn has_same_bytes(&self, other: &Self) -> bool {
        let of = |pin: &Self| (pin.checksum, pin.component_checksum, pin.size);
        of(self) == of(other)
    }
}

impl LockFile {
    /// Pins everything that is there; `source` says where a plugin was found.
    pub fn of(catalog: &Catalog, source: impl Fn(&PluginName) -> String) -> Self {
        let locked = |plugin: &PluginName| LockedPlugin {
            source: source(plugin),
            permissions: catalog.of(plugin).flat_map(|one| one.permissions.clone()).collect(),
            creates: Some(catalog.of(plugin).flat_map(|one| one.creates.clone()).collect()),
            alterations: catalog.of(plugin).map(|one| (one.key.id.clone(), Pin::of(one))).collect(),
        };
        Self { plugins: catalog.plugins().map(|plugin| (plugin.clone(), locked(plugin))).collect() }
    }

    /// This lock file with what `other` has of `plugins`, and nothing else changed.
    #[must_use]
    pub fn with<'a>(
        &self,
        plugins: impl IntoIterator<Item = &'a PluginName>,
        other: &Self,
    ) -> Self {
        let mut with = self.clone();
        for plugin in plugins {
            match other.plugins.get(plugin) {
                Some(locked) => with.plugins.insert(plugin.clone(), locked.clone()),
                None => with.plugins.remove(plugin),
            };
        }
        with
    }

    /// Returns the number of alterations that it pins.
    pub fn alterations(&self) -> usize {
        self.plugins.values().map(|plugin| plugin.alterations.len()).sum()
    }
}

/// What a catalog is pinned by.
#[derive(Debug, Clone)]
pub struct Pins {
    pub path: PathBuf,
    pub file: LockFile,
}

/// The name of a file for people and for a lock file.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
