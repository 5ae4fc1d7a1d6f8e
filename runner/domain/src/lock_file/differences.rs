//! How the files that are there differ from what is pinned.

use super::{LockedPlugin, Pin, Pins};
use crate::{
    alteration::{
        Alteration, AlterationId, AlterationKey, Catalog, Checksum, Permission, PluginName,
    },
    escape::Escaped,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// What is otherwise than the lock file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockProblem {
    /// A file that the lock file does not have.
    Unlisted,
    /// The lock file has it, and there is no file of it.
    Missing,
    /// The file has other bytes.
    Changed,
    /// The bytes are those of the lock file, under another name.
    Renamed,
    /// It asks for a permission that the lock file does not have.
    Permission,
    /// It makes a table or view on MySQL and MariaDB that the lock file does not have.
    Creates,
}

/// One difference between the files and the lock file. Nothing of a plan runs as long as there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockDifference {
    /// What is otherwise.
    pub problem: LockProblem,
    /// The plugin.
    pub plugin: PluginName,
    /// The alteration.
    pub id: AlterationId,
    /// The file that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What the lock file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<Pinned>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Pinned>,
    /// The permission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// The table or view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
    /// The lock file.
    pub lock_file: PathBuf,
}

/// A component of an alteration, in a lock file or among files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pinned {
    /// The plugin.
    pub plugin: PluginName,
    /// The alteration.
    pub id: AlterationId,
    #[serde(flatten)]
    pub pin: Pin,
}

impl Pinned {
    fn of(alteration: &Alteration) -> Self {
        let key = &alteration.key;
        Self { plugin: key.plugin.clone(), id: key.id.clone(), pin: Pin::of(alteration) }
    }

    fn locked(plugin: &PluginName, id: &AlterationId, pin: &Pin) -> Self {
        Self { plugin: plugin.clone(), id: id.clone(), pin: pin.clone() }
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pin { checksum, component_checksum, size, .. } = &self.pin;
        write!(f, "component {}", component_checksum.short())?;
        // Where the manifest declares none it is the same.
        if checksum != component_checksum {
            write!(f, " of source {}", checksum.short())?;
        }
        write!(f, ", {size} byte{}", if *size == 1 { "" } else { "s" })
    }
}

impl Pins {
    /// Lists what is otherwise, by plugin and alteration. Every plugin of the lock file is expected to be there.
    pub fn differences(&self, catalog: &Catalog) -> Vec<LockDifference> {
        let mut absent = self.absent(catalog);
        let mut differences: Vec<LockDifference> =
            catalog.iter().flat_map(|alteration| self.about(alteration, &mut absent)).collect();
        for pinned in absent.into_values().flatten() {
            let (plugin, id) = (pinned.plugin.clone(), pinned.id.clone());
            differences.push(LockDifference {
                locked: Some(pinned),
                ..self.difference(LockProblem::Missing, plugin, id)
            });
        }
        differences.sort_by(|a, b| (&a.plugin, &a.id).cmp(&(&b.plugin, &b.id)));
        differences
    }

    /// Returns what is pinned and not among the files under its name, by its component.
    fn absent(&self, catalog: &Catalog) -> BTreeMap<Checksum, Vec<Pinned>> {
        let mut absent: BTreeMap<Checksum, Vec<Pinned>> = BTreeMap::new();
        for (plugin, LockedPlugin { alterations, .. }) in &self.file.plugins {
            for (id, pin) in alterations {
                let key = AlterationKey { plugin: plugin.clone(), id: id.clone() };
                if catalog.get(&key).is_none() {
                    let of = absent.entry(pin.component_checksum).or_default();
                    of.push(Pinned::locked(plugin, id, pin));
                }
            }
        }
        absent
    }

    /// Reports what differs about one alteration that is there. What is there under another name is no longer absent.
    fn about(
        &self,
        alteration: &Alteration,
        absent: &mut BTreeMap<Checksum, Vec<Pinned>>,
    ) -> Vec<LockDifference> {
        let (plugin, id) = (&alteration.key.plugin, &alteration.key.id);
        let found = Pinned::of(alteration);
        let listed = self.file.plugins.get(plugin);
        let pin = listed.and_then(|listed| listed.alterations.get(id));
        let (problem, locked) = match pin {
            Some(pin) if !pin.has_same_bytes(&found.pin) => {
                (Some(LockProblem::Changed), Some(Pinned::locked(plugin, id, pin)))
            }
            Some(pin) if pin.file != found.pin.file => {
                (Some(LockProblem::Renamed), Some(Pinned::locked(plugin, id, pin)))
            }
            Some(_) => (None, None),
            None => match absent.get_mut(&found.pin.component_checksum).and_then(Vec::pop) {
                Some(locked) => (Some(LockProblem::Renamed), Some(locked)),
                None => (Some(LockProblem::Unlisted), None),
            },
        };
        let file = Some(alteration.path.clone());
        let mut differences = Vec::new();
        if let Some(problem) = problem {
            let difference = self.difference(problem, plugin.clone(), id.clone());
            differences.push(LockDifference {
                file: file.clone(),
                locked,
                found: Some(found),
                ..difference
            });
        }
        // Nothing is allowed to a plugin that is not listed at all, and that is said already.
        let Some(listed) = listed else { return differences };
        for permission in alteration.permissions.difference(&listed.permissions) {
            differences.push(LockDifference {
                file: file.clone(),
                permission: Some(permission.clone()),
                ..self.difference(LockProblem::Permission, plugin.clone(), id.clone())
            });
        }
        // What is not pinned itself need not say what it makes.
        let Some(locked) = listed.creates.as_ref().filter(|_| pin.is_some()) else {
            return differences;
        };
        for name in alteration.creates.difference(locked) {
            differences.push(LockDifference {
                file: file.clone(),
                creates: Some(name.clone()),
                ..self.difference(LockProblem::Creates, plugin.clone(), id.clone())
            });
        }
        differences
    }

    fn difference(
        &self,
        problem: LockProblem,
        plugin: PluginName,
        id: AlterationId,
    ) -> LockDifference {
        let lock_file = self.path.clone();
        let (file, locked, found, permission, creates) = (None, None, None, None, None);
        LockDifference { problem, plugin, id, file, locked, found, permission, creates, lock_file }
    }
}

impl fmt::Display for LockDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, id, .. } = self;
        let lock = shown(&self.lock_file);
        let file = self.file.as_deref().map(shown).unwrap_or_default();
        if let Some(name) = &self.creates {
            let name = Escaped(name);
            return write!(
                f,
                "{plugin} {id} ({file}) makes `{name}`, which {lock} does not have for {plugin}"
            );
        }
        match (self.problem, &self.locked, &self.found, &self.permission) {
            (LockProblem::Missing, Some(locked), ..) => write!(
                f,
                "{plugin} {id} is in {lock}, but its file {} is missing: {locked}",
                Escaped(&locked.pin.file)
            ),
            (LockProblem::Changed, Some(locked), Some(found), _) => write!(
                f,
                "{plugin} {id} is not what {lock} has: {file} is {found}; the lock file has {locked}"
            ),
            (LockProblem::Renamed, Some(locked), Some(_), _) => write!(
                f,
                "{plugin} {id} was renamed: {file} is what {lock} has as {} {} in {}",
                locked.plugin,
                locked.id,
                Escaped(&locked.pin.file)
            ),
            (LockProblem::Permission, _, _, Some(permission)) => write!(
                f,
                "{plugin} {id} ({file}) asks for the permission `{permission}`, which {lock} does not have for {plugin}"
            ),
            (_, _, Some(found), _) => {
                write!(f, "{plugin} {id} is not in {lock}: {file} is {found}")
            }
            _ => write!(f, "{plugin} {id} is not what {lock} has"),
        }
    }
}

fn shown(path: &Path) -> String {
    Escaped(&path.display().to_string()).to_string()
}
