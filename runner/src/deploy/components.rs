//! The components of a plan: fetched from files or from the archive, verified, compiled, linked.

use super::{Control, Job};
use crate::{
    alteration::{AlterationKey, Checksum},
    backend::{Attempt, Backend, BackendError},
    error::Error,
    escape::Escaped,
    event::Event,
    host::{Host, LoadError, Loaded},
    plan::Plan,
    source,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use tokio::task::JoinSet;

/// A component that is ready to run.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) loaded: Loaded,
    pub(super) bytes: Vec<u8>,
}

/// What each step of a plan needs.
#[derive(Debug)]
pub(super) struct Components {
    attempts: BTreeMap<AlterationKey, Attempt>,
    ready: HashMap<Checksum, Arc<Ready>>,
}

impl Components {
    pub(super) async fn load(
        job: &Job<'_>,
        plan: &Plan,
        backend: &mut dyn Backend,
        host: &Host,
        control: &Control,
    ) -> Result<Self, Error> {
        let attempts = attempts(job, plan, backend).await?;
        let mut first_users: BTreeMap<Checksum, &AlterationKey> = BTreeMap::new();
        for (key, attempt) in &attempts {
            first_users.entry(attempt.component_checksum).or_insert(key);
        }
        (control.observer)(Event::Loading { components: first_users.len() });
        let mut ready = HashMap::new();
        let mut tasks = JoinSet::new();
        let width = std::thread::available_parallelism().map_or(2, usize::from);
        for (checksum, key) in first_users {
            if control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            if tasks.len() >= width {
                collect(&mut tasks, &mut ready).await?;
            }
            let bytes = fetch(job, key, checksum, backend).await?;
            let (host, key, origin) = (host.clone(), key.clone(), origin(job, key));
            tasks.spawn_blocking(move || match host.load(&bytes, checksum) {
                Ok(loaded) => Ok((checksum, key, Ready { loaded, bytes })),
                Err(error) => Err(Error::Component { key, origin, error }),
            });
        }
        while !tasks.is_empty() {
            collect(&mut tasks, &mut ready).await?;
        }
        Ok(Self { attempts, ready })
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &AlterationKey> {
        self.attempts.keys()
    }

    /// The attempt and the component of a step of the plan.
    pub(super) fn get(&self, key: &AlterationKey) -> Option<(&Attempt, &Arc<Ready>)> {
        let attempt = self.attempts.get(key)?;
        Some((attempt, self.ready.get(&attempt.component_checksum)?))
    }
}

type Task = Result<(Checksum, AlterationKey, Ready), Error>;

/// Waits for one component.
async fn collect(
    tasks: &mut JoinSet<Task>,
    ready: &mut HashMap<Checksum, Arc<Ready>>,
) -> Result<(), Error> {
    let Some(joined) = tasks.join_next().await else { return Ok(()) };
    let task = joined.map_err(|error| Error::Engine(LoadError::Compile(error.to_string())))?;
    let (checksum, key, component) = task?;
    let Loaded { has_preparation, has_backfill, .. } = component.loaded;
    for (has, export) in [(has_preparation, "preparation"), (has_backfill, "backfill")] {
        if has {
            return Err(Error::NotSupported { key, export });
        }
    }
    ready.insert(checksum, Arc::new(component));
    Ok(())
}

/// What will be recorded about each step. Refuses what was not granted.
async fn attempts(
    job: &Job<'_>,
    plan: &Plan,
    backend: &mut dyn Backend,
) -> Result<BTreeMap<AlterationKey, Attempt>, Error> {
    let mut attempts = BTreeMap::new();
    match job {
        Job::Deploy { catalog, options } => {
            for alteration in plan.steps.iter().filter_map(|step| catalog.get(&step.key)) {
                let key = alteration.key.clone();
                for permission in alteration.permissions.iter().copied() {
                    if !options.grants.iter().any(|grant| grant.covers(&key.plugin, permission)) {
                        return Err(Error::NotGranted { key, permission });
                    }
                }
                attempts.insert(key, Attempt::up(alteration));
            }
        }
        Job::Rollback { .. } => {
            // `down` runs under what was granted to `up`: the record says what that was.
            let snapshot = backend.snapshot().await?;
            for row in plan.steps.iter().filter_map(|step| snapshot.rows.get(&step.key)) {
                attempts.insert(row.key.clone(), Attempt::down(row));
            }
        }
    }
    Ok(attempts)
}

/// Where a component comes from, for messages.
fn origin(job: &Job<'_>, key: &AlterationKey) -> String {
    match job {
        Job::Deploy { catalog, .. } => catalog.get(key).map_or_else(String::new, |alteration| {
            Escaped(&alteration.path.display().to_string()).to_string()
        }),
        Job::Rollback { .. } => "from the archive".to_owned(),
    }
}

async fn fetch(
    job: &Job<'_>,
    key: &AlterationKey,
    checksum: Checksum,
    backend: &mut dyn Backend,
) -> Result<Vec<u8>, Error> {
    match job {
        Job::Deploy { catalog, .. } => {
            let path = catalog.get(key).map(|alteration| alteration.path.as_path());
            Ok(source::read_component(path.unwrap_or_else(|| "".as_ref()), checksum)?)
        }
        Job::Rollback { .. } => match backend.archived(checksum).await {
            Ok(Some(bytes)) => Ok(bytes),
            Err(BackendError::ArchiveDamaged(_)) => Err(Error::Backend(
                BackendError::ArchiveDamaged(format!("{} of {key}", checksum.short())),
            )),
            Err(BackendError::Corrupt(reason)) => Err(Error::Backend(BackendError::Corrupt(
                format!("the archive, for {key}: {reason}"),
            ))),
            Err(error) => Err(error.into()),
            Ok(None) => Err(Error::Backend(BackendError::NotArchived(format!(
                "{} of {key}",
                checksum.short()
            )))),
        },
    }
}
