//! The components of a plan: fetched from files or from the archive, verified, judged, compiled, linked.

use super::{Control, Job, judge, program::Program};
use crate::{
    alteration::{
        Alteration, AlterationId, AlterationKey, Checksum, Declaration, DeclaredHooks, Dialect,
        Direction, ForeignKeys, Level, Manifest,
    },
    backend::{Attempt, Backend, BackendError, Snapshot, StateRow},
    error::Error,
    escape::Escaped,
    event::Event,
    host::{Call, Host, LoadError, Prepared},
    pack::{SqlHook, SqlSource},
    plan::{Finding, Plan, Severity, Step},
    source,
    sql::Judge,
};
use alteration_domain::component;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

/// How often whoever looks on is told how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// A component that is ready to run.
#[derive(Debug)]
pub(super) struct Ready {
    program: Program,
    pub(super) bytes: Arc<Vec<u8>>,
    /// None where names identify the component.
    manifest: Option<Manifest>,
    /// Whose hooks of the manifest count.
    dialect: Dialect,
}

impl Ready {
    /// Returns whether `id` has hooks outside of its transaction.
    pub(super) fn has_preparation(&self, id: &AlterationId) -> bool {
        self.program.has_preparation() && self.declares(id, |hooks| hooks.preparation)
    }

    pub(super) fn has_backfill(&self, id: &AlterationId) -> bool {
        self.program.has_backfill() && self.declares(id, |hooks| hooks.backfill)
    }

    /// Returns its SQL, if it is known to be nothing else.
    pub(super) fn sql(&self) -> Option<&SqlSource> {
        self.program.sql()
    }

    /// Makes a hook ready to be called.
    pub(super) fn prepare(&self, host: &Host, call: Call) -> Prepared {
        self.program.prepare(host, call, self.dialect)
    }

    fn declares(&self, id: &AlterationId, part: fn(DeclaredHooks) -> bool) -> bool {
        self.declaration(id).map(|declaration| declaration.hooks(self.dialect)).is_none_or(part)
    }

    fn declaration(&self, id: &AlterationId) -> Option<&Declaration> {
        let mut declarations = self.manifest.iter().flat_map(|manifest| &manifest.alterations);
        declarations.find(|declaration| declaration.id == *id)
    }

    /// Returns the tables and views that `id` makes: what its manifest says, and what its SQL says where that is known.
    fn creates(&self, id: &AlterationId, judge: &Judge) -> Option<BTreeSet<String>> {
        creates(self.declaration(id), self.sql(), id, judge)
    }

    fn foreign_keys(&self, id: &AlterationId) -> ForeignKeys {
        self.declaration(id).map(|declaration| declaration.foreign_keys).unwrap_or_default()
    }
}

/// Returns what `id` makes, as its `declaration` and its SQL say it; `None` where neither does.
pub(super) fn creates(
    declaration: Option<&Declaration>,
    source: Option<&SqlSource>,
    id: &AlterationId,
    judge: &Judge,
) -> Option<BTreeSet<String>> {
    let declared = declaration.and_then(|declaration| declaration.creates.as_ref());
    let known = source.map(|source| {
        let texts = SqlHook::ALL.into_iter().map(|hook| source.text(id, hook, judge.dialect()));
        texts.flat_map(|text| judge.made(text)).collect::<BTreeSet<_>>()
    });
    match (declared, known) {
        (None, known) => known,
        (Some(declared), known) => Some(declared | &known.unwrap_or_default()),
    }
}

/// What each step of a plan needs.
#[derive(Debug)]
pub(super) struct Components {
    attempts: BTreeMap<AlterationKey, Attempt>,
    ready: HashMap<Checksum, Arc<Ready>>,
    /// What is to be known about their SQL before it runs.
    notes: Vec<Finding>,
}

impl Components {
    /// For a plan that rests on `snapshot`. An error where one of its SQL texts would be refused.
    pub(super) async fn load(
        job: &Job<'_>,
        (plan, snapshot): (&Plan, &Snapshot),
        backend: &mut Backend,
        host: &Host,
        control: &Control,
    ) -> Result<Arc<Self>, Error> {
        let mut attempts = attempts(job, plan, snapshot, host, backend.dialect())?;
        let mut first_users: BTreeMap<Checksum, &AlterationKey> = BTreeMap::new();
        for (key, attempt) in &attempts {
            first_users.entry(attempt.component_checksum).or_insert(key);
        }
        // The first step waits for its component to be packed, which another core may have time for now.
        let first = plan.steps.first().and_then(|step| attempts.get(&step.key));
        let first = first.filter(|attempt| attempt.direction == Direction::Up);
        let first = first.map(|attempt| attempt.component_checksum);
        (control.observer)(Event::Loading { components: first_users.len() });
        let judge = backend.judge().await;
        let mut pending = match job.only_records() {
            true => BTreeMap::new(),
            false => judge::by_component(plan, snapshot, |step| {
                attempts.get(&step.key).map(|attempt| attempt.component_checksum)
            }),
        };
        let mut loading = Loading::new(first_users.len(), control);
        let width = std::thread::available_parallelism().map_or(2, usize::from);
        for (checksum, key) in first_users {
            if control.cancelled.is_cancelled() {
                return Err(Error::Interrupted);
            }
            if loading.tasks.len() >= width {
                loading.collect().await?;
            }
            let file = job.file(key, snapshot);
            let bytes = Arc::new(fetch(file, key, checksum, backend).await?);
            if first == Some(checksum) {
                backend.pack_ahead(checksum, Arc::clone(&bytes));
            }
            let (host, key) = (host.clone(), key.clone());
            let origin = origin(file);
            let pending = pending.remove(&checksum).unwrap_or_default();
            let judge = judge.clone();
            let time = host.compile_time();
            let compile = spawn_blocking(move || {
                let ready = load(&host, bytes, checksum, judge.dialect())?;
                let findings = judge::component(&judge, ready.sql(), &pending);
                Ok((checksum, ready, findings))
            });
            loading.tasks.spawn(async move {
                let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                let loaded = match timeout(time, compile).await {
                    Ok(Ok(loaded)) => loaded,
                    Ok(Err(died)) => Err(LoadError::Compile(died.to_string())),
                    // The compiler cannot be stopped: its thread ends with the process.
                    Err(_) => Err(LoadError::CompileTime { time_ms }),
                };
                loaded.map_err(|error| Error::Component { key, origin, error })
            });
        }
        while !loading.tasks.is_empty() {
            loading.collect().await?;
        }
        let Loading { ready, findings, .. } = loading;
        // A rollback knows no file, and a run that is resumed has its own: what runs declares it.
        for (key, attempt) in &mut attempts {
            if let Some(ready) = ready.get(&attempt.component_checksum) {
                attempt.limits.foreign_keys = ready.foreign_keys(&key.id);
                if attempt.limits.level == Level::Confined && backend.confines_journaled() {
                    attempt.creates = ready.creates(&key.id, &judge);
                }
            }
        }
        if findings.iter().all(|finding| finding.severity() == Severity::Note) {
            return Ok(Arc::new(Self { attempts, ready, notes: findings }));
        }
        let mut plan = plan.clone();
        judge::add(&mut plan, findings);
        Err(Error::Objections(Box::new(plan)))
    }

    /// Returns whether everything about `key` is as it was when its component was loaded. Another runner may
    /// have begun or ended it meanwhile.
    pub(super) fn fits(&self, key: &AlterationKey, snapshot: &Snapshot) -> bool {
        let Some(attempt) = self.attempts.get(key) else { return false };
        let run = snapshot.runs.get(key);
        attempt.previous == snapshot.rows.get(key).map(|row| row.status)
            && attempt.run.as_deref() == run.map(|run| run.marker.as_str())
            && run.is_none_or(|run| run.component_checksum == attempt.component_checksum)
    }

    /// Returns whether this is a step that they were loaded for.
    pub(super) fn has(&self, step: &Step) -> bool {
        self.attempts.get(&step.key).is_some_and(|attempt| attempt.direction == step.direction)
    }

    /// Returns whether nothing says what `step` makes, in a database that has to know it beforehand.
    pub(super) fn is_undeclared(&self, step: &Step) -> bool {
        let attempt = self.attempts.get(&step.key);
        attempt.is_some_and(|attempt| attempt.creates.is_none())
    }

    /// Returns the tables and views that `key` makes, where the database has to know that beforehand.
    pub(super) fn creates(&self, key: &AlterationKey) -> Option<&BTreeSet<String>> {
        self.attempts.get(key)?.creates.as_ref()
    }

    /// Returns what is to be known about their SQL before it runs, in no order.
    pub(super) fn notes(&self) -> &[Finding] {
        &self.notes
    }

    /// Returns the number of steps that they were loaded for.
    pub(super) fn steps(&self) -> usize {
        self.attempts.len()
    }

    /// The attempt and the component of a step of the plan.
    pub(super) fn get(&self, key: &AlterationKey) -> Option<(&Attempt, &Arc<Ready>)> {
        let attempt = self.attempts.get(key)?;
        Some((attempt, self.ready.get(&attempt.component_checksum)?))
    }
}

fn load(
    host: &Host,
    bytes: Arc<Vec<u8>>,
    checksum: Checksum,
    dialect: Dialect,
) -> Result<Ready, LoadError> {
    let manifest =
        component::manifest(&bytes).map_err(|error| LoadError::Manifest(error.to_string()))?;
    Ok(Ready { program: Program::load(host, &bytes, checksum)?, bytes, manifest, dialect })
}

type Task = Result<(Checksum, Ready, Vec<Finding>), Error>;

/// Components on their way.
struct Loading<'a> {
    control: &'a Control,
    tasks: JoinSet<Task>,
    ready: HashMap<Checksum, Arc<Ready>>,
    findings: Vec<Finding>,
    total: usize,
    began: Instant,
    ticks: tokio::time::Interval,
}

impl<'a> Loading<'a> {
    fn new(total: usize, control: &'a Control) -> Self {
        let began = Instant::now();
        let ticks = tokio::time::interval_at((began + TOLD_EVERY).into(), TOLD_EVERY);
        let (tasks, ready, findings) = (JoinSet::new(), HashMap::new(), Vec::new());
        Self { control, tasks, ready, findings, total, began, ticks }
    }

    /// Waits for one component.
    async fn collect(&mut self) -> Result<(), Error> {
        let mut cancelled = self.control.cancelled.clone();
        let joined = loop {
            tokio::select! {
                () = cancelled.cancelled() => return Err(Error::Interrupted),
                joined = self.tasks.join_next() => break joined,
                _ = self.ticks.tick() => (self.control.observer)(Event::Compiling {
                    done: self.ready.len(),
                    total: self.total,
                    elapsed: self.began.elapsed(),
                }),
            }
        };
        let Some(joined) = joined else { return Ok(()) };
        let task = joined.map_err(|error| Error::Engine(LoadError::Compile(error.to_string())))?;
        let (checksum, component, findings) = task?;
        self.ready.insert(checksum, Arc::new(component));
        self.findings.extend(findings);
        Ok(())
    }
}

/// Returns what will be recorded about each step. Refuses what this runner cannot take up again.
fn attempts(
    job: &Job<'_>,
    plan: &Plan,
    snapshot: &Snapshot,
    host: &Host,
    dialect: Dialect,
) -> Result<BTreeMap<AlterationKey, Attempt>, Error> {
    let mut attempts = BTreeMap::new();
    for Step { key, level, .. } in &plan.steps {
        let row = snapshot.rows.get(key);
        let run = snapshot.runs.get(key);
        if let Some(run) = run
            && run.wit_version != host.wit_version()
        {
            let (began, speaks) = (run.wit_version.clone(), host.wit_version());
            return Err(Error::OtherInterface { key: key.clone(), began, speaks });
        }
        let mut attempt = match (job.offer(), row) {
            (Some((catalog, _)), row) => {
                let Some(alteration) = catalog.get(key) else { continue };
                let attempt = Attempt {
                    previous: row.map(|row| row.status),
                    irreversible: alteration.is_irreversible(dialect),
                    ..Attempt::up(alteration)
                };
                match (row, run) {
                    (Some(row), Some(run)) => attempt.resumed(row, run),
                    _ => attempt,
                }
            }
            // `down` runs under what was granted to `up`: the record says what that was.
            (None, Some(row)) => {
                let attempt = match run {
                    Some(run) => Attempt::down(row).resumed(row, run),
                    None => Attempt::down(row),
                };
                down_with(job, attempt, row)
            }
            (None, None) => continue,
        };
        if let (Some(settings), None) = (job.settings(), run) {
            settings.fill(&key.plugin, &mut attempt.settings);
        }
        attempt.limits.level = *level;
        attempts.insert(key.clone(), attempt);
    }
    Ok(attempts)
}

/// The attempt at going down, with the component that the operator named for it, if there is one.
fn down_with(job: &Job<'_>, attempt: Attempt, row: &StateRow) -> Attempt {
    let Job::Rollback { with, .. } = job else { return attempt };
    let Some(file) = with.get(&row.key) else { return attempt };
    // One that was begun with other bytes goes on with them, which the plan says.
    if attempt.run.is_some() && attempt.component_checksum != file.component_checksum {
        return attempt;
    }
    let offered = Attempt::up(file);
    let settings = match attempt.run {
        Some(_) => attempt.settings.clone(),
        None => offered.settings,
    };
    let began =
        Attempt { settings, run: attempt.run, limits: offered.limits, ..Attempt::down(row) };
    began.instead(file.component_checksum, file.permissions.clone())
}

/// Returns the origin of a component, for messages.
fn origin(file: Option<&Alteration>) -> String {
    match file {
        Some(file) => Escaped(&file.path.display().to_string()).to_string(),
        None => "from the archive".to_owned(),
    }
}

/// The bytes of a component, from `file` or from the archive.
pub(super) async fn fetch(
    file: Option<&Alteration>,
    key: &AlterationKey,
    checksum: Checksum,
    backend: &mut Backend,
) -> Result<Vec<u8>, Error> {
    match file {
        Some(file) => Ok(source::read_component(&file.path, checksum)?),
        None => match backend.archived(checksum).await {
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
