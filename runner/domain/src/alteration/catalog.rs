//! The catalog: every alteration that a set of component files offers.

use super::{
    AlterationId, AlterationKey, Checksum, Declaration, Dialect, Manifest, Permissions, PluginName,
    Requirements, SettingNames,
};
use crate::lock_file::Pins;
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    path::PathBuf,
};

/// One component on disk or in the archive, known by its bytes' checksum and its manifest.
#[derive(Debug, Clone)]
pub struct ComponentFile {
    pub path: PathBuf,
    pub component_checksum: Checksum,
    /// How many bytes it has; 0 where only its checksum is known.
    pub component_bytes: u64,
    /// SHA-256 of the bytes without the mark of a draft. Where there is none it is the component checksum,
    /// and that is how the two are told apart.
    pub released_checksum: Checksum,
    pub manifest: Manifest,
}

impl ComponentFile {
    /// One that is no draft.
    pub fn released(
        path: impl Into<PathBuf>,
        component_checksum: Checksum,
        manifest: Manifest,
    ) -> Self {
        let (path, released_checksum) = (path.into(), component_checksum);
        Self { path, component_checksum, component_bytes: 0, released_checksum, manifest }
    }

    /// Returns whether its alterations may still change.
    pub fn is_draft(&self) -> bool {
        self.released_checksum != self.component_checksum
    }
}

/// One alteration of the catalog.
#[derive(Debug, Clone)]
pub struct Alteration {
    pub key: AlterationKey,
    pub checksum: Checksum,
    pub component_checksum: Checksum,
    /// How many bytes its component has; 0 where only the checksum is known.
    pub component_bytes: u64,
    /// It may still change: its component is marked as a draft.
    pub draft: bool,
    pub path: PathBuf,
    pub requires: Requirements,
    /// Those that its component is written for; empty for all.
    pub dialects: BTreeSet<Dialect>,
    /// The only ones that need it; empty for all those of its component.
    pub needed_on: BTreeSet<Dialect>,
    /// Those of its plugin without which it is not applied.
    pub needs: BTreeSet<AlterationId>,
    pub permissions: Permissions,
    /// The tables and views that it makes on MySQL and MariaDB, as far as that was looked for: at least those that its manifest
    /// declares.
    pub creates: BTreeSet<String>,
    /// What it asks the operator for by name.
    pub settings: SettingNames,
    pub description: Option<String>,
    /// Those on which there is no way back.
    pub irreversible_on: BTreeSet<Dialect>,
    /// How long one of its statements may wait for a lock, where it does not leave that to the run.
    pub lock_timeout_ms: Option<NonZeroU32>,
    /// How long one of its statements may take, where it does not leave that to the run.
    pub statement_timeout_ms: Option<NonZeroU32>,
}

/// Alterations by plugin, then in their order within the plugin.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    plugins: BTreeMap<PluginName, BTreeMap<AlterationId, Alteration>>,
    /// Which plugin replaces which, by the one that is replaced.
    replaced: BTreeMap<PluginName, Replacement>,
    /// What an operator pinned, if anything.
    lock: Option<Pins>,
}

/// A claim of a manifest.
#[derive(Debug, Clone)]
struct Replacement {
    by: PluginName,
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    #[error(
        "{key} is in two files: {} and {}",
        crate::escape::Escaped(&first.display().to_string()),
        crate::escape::Escaped(&second.display().to_string())
    )]
    Duplicate { key: AlterationKey, first: PathBuf, second: PathBuf },
    /// One of them would take the other one's place; which one is meant is the operator's to say.
    #[error(
        "{by} ({}) says that it replaces {replaced}, and the files of {replaced} ({}) are here too",
        crate::escape::Escaped(&path.display().to_string()),
        crate::escape::Escaped(&replaced_path.display().to_string())
    )]
    BothOffered { replaced: PluginName, replaced_path: PathBuf, by: PluginName, path: PathBuf },
    #[error(
        "{first} ({}) and {second} ({}) both say that they replace {replaced}",
        crate::escape::Escaped(&first_path.display().to_string()),
        crate::escape::Escaped(&second_path.display().to_string())
    )]
    ReplacedTwice {
        replaced: PluginName,
        first: PluginName,
        first_path: PathBuf,
        second: PluginName,
        second_path: PathBuf,
    },
    #[error(
        "the files of {plugin} say that it replaces {one} ({}), and that it replaces {other} ({})",
        crate::escape::Escaped(&one_path.display().to_string()),
        crate::escape::Escaped(&other_path.display().to_string())
    )]
    ReplacesSeveral {
        plugin: PluginName,
        one: PluginName,
        one_path: PathBuf,
        other: PluginName,
        other_path: PathBuf,
    },
}

impl Alteration {
    /// Returns whether its component can be deployed on `dialect` at all.
    pub fn is_written_for(&self, dialect: Dialect) -> bool {
        self.dialects.is_empty() || self.dialects.contains(&dialect)
    }

    /// Returns whether there is nothing to do on `dialect`, because only others need it.
    pub fn is_elsewhere(&self, dialect: Dialect) -> bool {
        let is_needed = self.needed_on.is_empty() || self.needed_on.contains(&dialect);
        self.is_written_for(dialect) && !is_needed
    }

    pub fn is_irreversible(&self, dialect: Dialect) -> bool {
        self.irreversible_on.contains(&dialect)
    }
}

impl Catalog {
    pub fn new(files: impl IntoIterator<Item = ComponentFile>) -> Result<Self, CatalogError> {
        let mut catalog = Self::default();
        for file in files {
            catalog.add(file)?;
        }
        catalog.check_replaced()?;
        catalog.rename_requirements();
        Ok(catalog)
    }

    fn check_replaced(&self) -> Result<(), CatalogError> {
        let mut claims: BTreeMap<&PluginName, (&PluginName, &PathBuf)> = BTreeMap::new();
        for (replaced, Replacement { by, path }) in &self.replaced {
            if let Some(offered) = self.of(replaced).next() {
                return Err(CatalogError::BothOffered {
                    replaced: replaced.clone(),
                    replaced_path: offered.path.clone(),
                    by: by.clone(),
                    path: path.clone(),
                });
            }
            if let Some((one, one_path)) = claims.insert(by, (replaced, path)) {
                return Err(CatalogError::ReplacesSeveral {
                    plugin: by.clone(),
                    one: one.clone(),
                    one_path: one_path.clone(),
                    other: replaced.clone(),
                    other_path: path.clone(),
                });
            }
        }
        Ok(())
    }

    /// A requirement on a plugin that is replaced means the one that replaces it.
    fn rename_requirements(&mut self) {
        for (replaced, Replacement { by, .. }) in &self.replaced {
            for alteration in self.plugins.values_mut().flat_map(BTreeMap::values_mut) {
                let Some(requirement) = alteration.requires.remove(replaced) else { continue };
                if alteration.key.plugin != *by {
                    let known = alteration.requires.entry(by.clone()).or_default();
                    known.comparators.extend(requirement.comparators);
                }
            }
        }
    }

    fn add(&mut self, file: ComponentFile) -> Result<(), CatalogError> {
        let draft = file.is_draft();
        let ComponentFile {
            path,
            component_checksum,
            component_bytes,
            released_checksum,
            manifest,
        } = file;
        if let Some(replaced) = &manifest.replaces {
            let (by, path) = (manifest.plugin.clone(), path.clone());
            let known = self.replaced.entry(replaced.clone());
            let known = known.or_insert_with(|| Replacement { by: by.clone(), path: path.clone() });
            if known.by != by {
                return Err(CatalogError::ReplacedTwice {
                    replaced: replaced.clone(),
                    first: known.by.clone(),
                    first_path: known.path.clone(),
                    second: by,
                    second_path: path,
                });
            }
        }
        let plugin = self.plugins.entry(manifest.plugin.clone()).or_default();
        for declaration in manifest.alterations {
            let key = AlterationKey { plugin: manifest.plugin.clone(), id: declaration.id.clone() };
            if let Some(first) = plugin.get(&declaration.id) {
                let first = first.path.clone();
                return Err(CatalogError::Duplicate { key, first, second: path });
            }
            let irreversible_on = irreversible_on(&declaration);
            plugin.insert(
                declaration.id,
                Alteration {
                    key,
                    checksum: declaration.checksum.unwrap_or(released_checksum),
                    component_checksum,
                    component_bytes,
                    draft,
                    path: path.clone(),
                    requires: manifest.requires.clone(),
                    dialects: manifest.dialects.clone(),
                    needed_on: declaration.dialects,
                    needs: declaration.needs,
                    permissions: declaration.permissions,
                    creates: declaration.creates.unwrap_or_default(),
                    settings: declaration.settings,
                    description: declaration.description,
                    irreversible_on,
                    lock_timeout_ms: declaration.lock_timeout_ms,
                    statement_timeout_ms: declaration.statement_timeout_ms,
                },
            );
        }
        Ok(())
    }

    /// The same files, of whose alterations `creates` says what each makes.
    pub fn creating<E>(
        mut self,
        mut creates: impl FnMut(&Alteration) -> Result<BTreeSet<String>, E>,
    ) -> Result<Self, E> {
        for alteration in self.plugins.values_mut().flat_map(BTreeMap::values_mut) {
            alteration.creates = creates(alteration)?;
        }
        Ok(self)
    }

    /// The same files, which have to be what `lock` says.
    #[must_use]
    pub fn locked(self, lock: Option<Pins>) -> Self {
        Self { lock, ..self }
    }

    /// Returns the operator's pins, if there are any.
    pub fn lock(&self) -> Option<&Pins> {
        self.lock.as_ref()
    }

    pub fn is_empty(&self) -> bool {
        self.plugins.is_empty()
    }

    pub fn plugins(&self) -> impl Iterator<Item = &PluginName> {
        self.plugins.keys()
    }

    pub fn has_plugin(&self, plugin: &PluginName) -> bool {
        self.plugins.contains_key(plugin)
    }

    pub fn get(&self, key: &AlterationKey) -> Option<&Alteration> {
        self.plugins.get(&key.plugin)?.get(&key.id)
    }

    /// Plugins that are replaced, each with the one that replaces it.
    pub fn replaced(&self) -> impl Iterator<Item = (&PluginName, &PluginName)> {
        self.replaced.iter().map(|(replaced, Replacement { by, .. })| (replaced, by))
    }

    /// Returns what the alterations of one plugin ask for by name, all of them together.
    pub fn settings(&self, plugin: &PluginName) -> SettingNames {
        self.of(plugin).flat_map(|alteration| alteration.settings.iter().cloned()).collect()
    }

    /// The alterations of one plugin, in order; none if the plugin is unknown.
    pub fn of(&self, plugin: &PluginName) -> impl DoubleEndedIterator<Item = &Alteration> {
        self.plugins.get(plugin).into_iter().flat_map(BTreeMap::values)
    }

    /// All alterations, by plugin name and then in order.
    pub fn iter(&self) -> impl Iterator<Item = &Alteration> {
        self.plugins.values().flat_map(BTreeMap::values)
    }
}

fn irreversible_on(declaration: &Declaration) -> BTreeSet<Dialect> {
    let dialects = Dialect::ALL.into_iter();
    dialects.filter(|dialect| declaration.hooks(*dialect).irreversible).collect()
}
