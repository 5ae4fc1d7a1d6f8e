//! Runs what is applied of a plugin, and of what it requires, on a scratch database, to learn which objects it made.
//!
//! Components come from the archive, in the order in which they were applied. What each of them makes is told from the
//! catalogue before and after it, so that renamed objects and those of hooks outside of a transaction are found as well.

use super::{ConfineOptions, Runner, confine::ConfineError};
use crate::{
    alteration::{
        AlterationKey, Catalog, ComponentFile, Declaration, Direction, Manifest, PluginName,
    },
    backend::{Backend, BackendError, Made, Snapshot, StateRow},
    deploy::{self, Control, DeployOptions, Job},
    error::Error,
    event::{Event, Observer},
    given::{Grant, Grants},
    host::Host,
    plan::{Bound, Folders, Policy, Target},
    record::Owners,
    source::SourceError,
    trial::Script,
};
use alteration_domain::component;
use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

/// What a replay found.
pub(super) struct Replayed {
    pub(super) made: Made,
    /// How many alterations ran.
    pub(super) alterations: usize,
}

impl Runner {
    /// Replays `plugin` on a scratch database that is made beside this one and removed. `source` has the archive.
    pub(super) async fn replay(
        &self,
        plugin: &PluginName,
        snapshot: &Snapshot,
        source: &mut Backend,
        (options, control): (&ConfineOptions, &Control),
    ) -> Result<Replayed, Error> {
        let script = options.prepare.as_deref().map(Script::read).transpose()?;
        let rows = needed(plugin, snapshot);
        let folder = tempfile::tempdir().map_err(|error| Error::NoScratch(error.to_string()))?;
        let catalog = catalog(&rows, source, folder.path()).await?;
        let host = self.host();
        let ground = self.ground(control).await?;
        let scratch = self.clone().on(ground.url.clone());
        let replayed = async {
            let mut backend = scratch.prepare(script.as_ref(), &options.how, control).await?;
            let (quiet, told) = (quiet(control), control);
            let replaying = Replaying { catalog: &catalog, host: &host, options, quiet, told };
            let owners = replaying.run(plugin, &rows, &mut backend).await;
            backend.close().await;
            owners
        };
        let replayed = replayed.await;
        self.remove_ground(ground, control).await;
        let of_plugin = |(object, key): (_, &AlterationKey)| {
            (key.plugin == *plugin).then(|| (Clone::clone(object), key.clone()))
        };
        let made = replayed?.iter().filter_map(of_plugin).collect();
        Ok(Replayed { made, alterations: rows.len() })
    }
}

struct Replaying<'a> {
    catalog: &'a Catalog,
    host: &'a Host,
    options: &'a ConfineOptions,
    quiet: Control,
    /// Whoever is told how far it is.
    told: &'a Control,
}

impl Replaying<'_> {
    /// Applies `rows` one after the other, and tells which alteration made what is there then.
    async fn run(
        &self,
        plugin: &PluginName,
        rows: &[&StateRow],
        backend: &mut Backend,
    ) -> Result<Owners, Error> {
        let options = self.deploy_options(rows);
        let mut owners = Owners::default();
        let mut before = backend.found().await?;
        for (at, row) in rows.iter().enumerate() {
            let key = &row.key;
            (self.told.observer)(Event::Started {
                key,
                direction: Direction::Up,
                component: row.component_checksum,
                position: at + 1,
                total: rows.len(),
            });
            let job = Job::DeployOne { catalog: self.catalog, options: &options, key };
            let done = deploy::run(&job, backend, self.host, &options.how, &self.quiet).await;
            match done {
                Ok(_) => {}
                Err(
                    cause @ (Error::Step(_)
                    | Error::Halted { .. }
                    | Error::Objections(_)
                    | Error::Component { .. }
                    | Error::NotGranted { .. }),
                ) => {
                    let (plugin, key) = (plugin.clone(), key.clone());
                    let cause = Box::new(cause);
                    return Err(ConfineError::Replay { plugin, key, cause }.into());
                }
                Err(error) => return Err(error),
            }
            let after = backend.found().await?;
            if let (Some(before), Some(after)) = (&before, &after) {
                owners.apply(&owners.changes(before, after, key));
            }
            before = after;
        }
        match before {
            Some(_) => Ok(owners),
            None => Ok(backend.owners().await?),
        }
    }

    /// With what was granted when they were applied.
    fn deploy_options(&self, rows: &[&StateRow]) -> DeployOptions {
        let granted = rows.iter().flat_map(|row| {
            let plugin = Some(row.key.plugin.clone());
            let grant = move |permission: &_| Grant {
                plugin: plugin.clone(),
                permission: Clone::clone(permission),
            };
            row.permissions.iter().map(grant).collect::<Vec<_>>()
        });
        let grants: Grants = granted.collect();
        let policy = Policy {
            out_of_order: true,
            changed: true,
            missing: true,
            folders: Folders::Ignored,
            drafts: true,
        };
        DeployOptions {
            target: Target::All(Bound::Next),
            policy,
            grants,
            settings: self.options.settings.clone().standing(),
            levels: self.options.levels.clone().on_scratch(),
            how: self.options.how.clone(),
            ..DeployOptions::default()
        }
    }
}

/// What is applied of `plugin` and of all that it requires, in the order in which it was applied.
fn needed<'a>(plugin: &PluginName, snapshot: &'a Snapshot) -> Vec<&'a StateRow> {
    let mut plugins = BTreeSet::from([plugin]);
    let mut open = vec![plugin];
    while let Some(plugin) = open.pop() {
        let rows = snapshot.applied().filter(|row| row.key.plugin == *plugin);
        for required in rows.flat_map(|row| row.requires.keys()) {
            let required = snapshot.successors.get(required).unwrap_or(required);
            if plugins.insert(required) {
                open.push(required);
            }
        }
    }
    let mut rows: Vec<&StateRow> =
        snapshot.applied().filter(|row| plugins.contains(&row.key.plugin)).collect();
    rows.sort_by_key(|row| row.revision);
    rows
}

/// Offers `rows` from the archive, whose components are written into `folder`, each under the name that it is recorded by.
async fn catalog(
    rows: &[&StateRow],
    source: &mut Backend,
    folder: &Path,
) -> Result<Catalog, Error> {
    let mut files = Vec::new();
    for row in rows {
        let checksum = row.component_checksum;
        let bytes = source.archived(checksum).await?;
        let lost = || BackendError::NotArchived(format!("{} of {}", checksum.short(), row.key));
        let bytes = bytes.ok_or_else(lost)?;
        let path = folder
            .join(checksum.to_string())
            .join(row.key.plugin.as_str())
            .join(format!("{}.wasm", row.key.id));
        let written = fs::create_dir_all(path.parent().unwrap_or(folder))
            .and_then(|()| fs::write(&path, &bytes));
        written.map_err(|error| Error::NoScratch(error.to_string()))?;
        let unreadable = |error: component::ComponentError| {
            BackendError::Corrupt(format!("the archive, for {}: {error}", row.key))
        };
        let file = component::read(&path, &bytes).map_err(unreadable)?;
        let declared = file.manifest.alterations.iter().find(|one| one.id == row.key.id);
        let declared = declared.cloned().unwrap_or_else(|| Declaration::new(row.key.id.clone()));
        // What it needs was applied before it, under whatever name.
        let declared = Declaration { needs: BTreeSet::new(), ..declared };
        let manifest = Manifest {
            dialects: file.manifest.dialects.clone(),
            ..Manifest::new(row.key.plugin.clone(), vec![declared])
        };
        files.push(ComponentFile { manifest, ..file });
    }
    Ok(Catalog::new(files).map_err(SourceError::from)?)
}

/// Passes on what is said of the scratch database only: what runs there is not what the operator asked for.
fn quiet(control: &Control) -> Control {
    let observer = Arc::clone(&control.observer);
    let said: Observer = Arc::new(move |event| match event {
        Event::Scratch(_) | Event::Compiling { .. } => observer(event),
        _ => {}
    });
    Control { observer: said, cancelled: control.cancelled.clone(), ..Control::default() }
}
