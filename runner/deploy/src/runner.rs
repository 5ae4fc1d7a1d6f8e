//! The embedding API: one builder, one method for each verb.
//!
//! Here: connections, reading, deploying and taking back. `baseline`, `confine`, `rehearse` and `test` have the verbs of their names;
//! `replay` finds out what a plugin made.

mod baseline;
mod confine;
mod rehearse;
mod replay;
mod test;

pub use baseline::BaselineFrom;
pub use confine::{ConfineError, ConfineOptions, Confined, Confinement, Replay, Wish, shown};

use crate::{
    alteration::{AlterationKey, Catalog, PluginName},
    backend::{
        self, Access, Backend, BackendError, Because, ConnectOptions, DatabaseUrl, Decision,
        Obstacle, Run, StrangeLedger,
    },
    deploy::{
        self, Control, Correction, DeployOptions, How, Job, Renaming, Resolved, RollbackOptions,
    },
    error::Error,
    event::Report,
    given::Levels,
    host::{Host, Limits, LoadError},
    lock_file::{self, Pins},
    plan::{self, Check, Finding, Plan, Policy, Renames, StatusLine},
    source,
};
use futures_util::future::{Either, select};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, pin::pin};
use tokio::task::{JoinError, spawn_blocking};

/// A database and the plugins for it.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// // At start-up: refuse to go on while something is undeployed.
/// alteration_deploy::Runner::new("sqlite:app.db")?.plugins(["./plugins"]).check().await?.require_deployed()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Runner {
    url: DatabaseUrl,
    plugins: Vec<PathBuf>,
    limits: Limits,
    cache_folder: Option<PathBuf>,
    connection: ConnectOptions,
    lock: Option<Pins>,
}

/// An attempt that was begun and has not ended.
#[derive(Debug, Clone)]
pub struct Unfinished {
    pub run: Run,
    /// The statement whose outcome is unknown.
    pub statement: Option<String>,
    /// Why it cannot be resumed; escaped.
    pub cut_off: Option<String>,
}

/// The status of every alteration.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// Every alteration that is recorded or offered.
    pub alterations: Vec<StatusLine>,
    /// Set if there are tables of the runner. Without them nothing was ever deployed here, or not to this schema.
    pub has_records: bool,
    /// The schema of these tables, if the database can have several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Plugins with records that are not confined where new ones would be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_confined: Vec<PluginName>,
    /// Tables of runners in other schemas. They belong to other users, and were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strange: Vec<StrangeLedger>,
}

impl Runner {
    /// Makes a runner for a database; `url` as in `sqlite:app.db`.
    pub fn new(url: &str) -> Result<Self, Error> {
        Ok(Self {
            url: url.parse()?,
            plugins: Vec::new(),
            connection: ConnectOptions::new(Access::Read, Limits::default().sql()),
            limits: Limits::default(),
            cache_folder: None,
            lock: None,
        })
    }

    /// Adds component files, and folders that are searched for them.
    pub fn plugins<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.plugins.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sets the limits of guests and statements.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the folder that keeps compiled components; without it each is compiled every time.
    pub fn cache_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.cache_folder = folder;
        self
    }

    /// Sets the versions that plugins are pinned to: a plan has an objection for each component that differs. Rollbacks
    /// take what is recorded and need none.
    pub fn lock_file(mut self, lock: Option<Pins>) -> Self {
        self.lock = lock;
        self
    }

    /// Sets how to connect. Access and limits are those that each verb needs, whatever `connection` says.
    pub fn connection(mut self, connection: ConnectOptions) -> Self {
        self.connection = connection;
        self
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    fn no_file(&self) -> BackendError {
        let reason = "there is no such file".to_owned();
        BackendError::Connect { url: self.url.to_string(), reason }
    }

    fn catalog(&self) -> Result<Catalog, Error> {
        let catalog = source::read(&self.plugins, self.limits.component_bytes_max)?;
        let catalog = match self.lock {
            Some(_) => lock_file::with_creates(catalog)?,
            None => catalog,
        };
        Ok(catalog.locked(self.lock.clone()))
    }

    pub(crate) async fn connect(&self, access: Access) -> Result<Backend, Error> {
        let options =
            ConnectOptions { access, limits: self.limits.sql(), ..self.connection.clone() };
        Ok(backend::connect(&self.url, options).await?)
    }

    /// Checks whether everything released is applied. Alters nothing, runs no guest code.
    pub async fn check(&self) -> Result<Check, Error> {
        self.check_with(Policy::default()).await
    }

    /// Checks as [`Runner::check`] does, for an operator who decided to leave something as it is.
    pub async fn check_with(&self, policy: Policy) -> Result<Check, Error> {
        // Nothing runs, so that levels are not talked about.
        let levels = Levels::default().on_scratch();
        let options = DeployOptions { policy, levels, ..DeployOptions::default() };
        let plan = self.plan(&options).await?;
        Ok(plan.into())
    }

    /// Plans what `deploy` would run, in which order, and why. Alters nothing, runs no guest code.
    pub async fn plan(&self, options: &DeployOptions) -> Result<Plan, Error> {
        let catalog = self.catalog()?;
        self.planned(&Job::Deploy { catalog: &catalog, options }).await
    }

    async fn planned(&self, job: &Job<'_>) -> Result<Plan, Error> {
        let mut backend = self.connect(Access::Read).await?;
        let planned = async {
            let found = backend.snapshot().await?;
            let (snapshot, renaming) =
                Renaming::look(job, &Renames::new(), found, &mut backend).await?;
            let mut plan = renaming.plan(job, &snapshot, backend.dialect());
            job.check_settings(&plan, &snapshot)?;
            deploy::strays::tell(job, &mut plan, &mut backend).await?;
            deploy::judge(job, &mut plan, &snapshot, &mut backend).await?;
            deploy::note_company(job, &mut plan, &mut backend).await?;
            deploy::begun::tell(&mut plan, &snapshot, &mut backend).await?;
            for finding in &mut plan.findings {
                // A deploy may have to end what it left on the server; it stops all the same.
                if let Finding::CutOff { blocks, .. } = finding {
                    *blocks = true;
                }
            }
            Ok(plan)
        };
        let planned = planned.await;
        backend.close().await;
        planned
    }

    /// Returns what stands in the way of confining plugins in this database; `None` if nothing does.
    pub async fn obstacle(&self) -> Result<Option<Obstacle>, Error> {
        let mut backend = self.connect(Access::Read).await?;
        let obstacle = backend.obstacle().await;
        backend.close().await;
        Ok(obstacle?)
    }

    /// Lists every alteration in files or records. Without plugins, what is recorded.
    pub async fn status(&self) -> Result<Standing, Error> {
        self.status_at(&Levels::default()).await
    }

    /// As [`Runner::status`], for an operator who said something of levels.
    pub async fn status_at(&self, levels: &Levels) -> Result<Standing, Error> {
        let catalog = match self.plugins.is_empty() {
            true => None,
            false => Some(self.catalog()?),
        };
        let mut backend = self.connect(Access::Read).await?;
        if !backend.is_there() {
            return Err(self.no_file().into());
        }
        let read = async {
            let snapshot = backend.snapshot().await?;
            let mut lines = plan::status(catalog.as_ref(), &snapshot, backend.dialect());
            let mended = match &catalog {
                Some(catalog) => {
                    let options = DeployOptions::default();
                    let job = Job::Deploy { catalog, options: &options };
                    deploy::mended::look(&job, snapshot.clone(), &mut backend).await?.mended
                }
                None => BTreeMap::new(),
            };
            let mut decisions = backend.decisions().await?;
            for line in &mut lines {
                line.decided = decisions.remove(&line.key);
                if let Some(run) = snapshot.runs.get(&line.key) {
                    line.took_effect = Some(deploy::begun::of(run, &mut backend).await?);
                    line.mended = mended.get(&line.key).map(|mended| mended.fit);
                }
            }
            Ok(Standing {
                alterations: lines,
                has_records: snapshot.revision.is_some(),
                not_confined: levels.kept_guarded(&snapshot),
                place: snapshot.place,
                strange: snapshot.strange,
            })
        };
        let standing = read.await;
        backend.close().await;
        standing
    }

    /// Applies what is pending.
    pub async fn deploy(
        &self,
        options: &DeployOptions,
        control: &Control,
    ) -> Result<Report, Error> {
        let access = if options.how.rehearse { Access::Rehearse } else { Access::Create };
        let (catalog, host, backend) = self.read_and_connect(access).await?;
        let job = Job::Deploy { catalog: &catalog, options };
        run(&job, backend, &host, &options.how, control).await
    }

    /// Reads the files and makes the engine, while it connects. An error in a file does not wait for a server.
    async fn read_and_connect(&self, access: Access) -> Result<(Catalog, Host, Backend), Error> {
        let this = self.clone();
        let reading = spawn_blocking(move || Ok((this.catalog()?, this.host())));
        let (read, connected) = match select(reading, pin!(self.connect(access))).await {
            Either::Left((read, connecting)) => {
                let read = read.unwrap_or_else(|error| Err(broken(&error)))?;
                (Ok(read), connecting.await)
            }
            Either::Right((connected, reading)) => {
                (reading.await.unwrap_or_else(|error| Err(broken(&error))), connected)
            }
        };
        match (read, connected) {
            (Ok((catalog, host)), connected) => Ok((catalog, host, connected?)),
            (Err(error), Ok(backend)) => {
                backend.close().await;
                Err(error)
            }
            (Err(error), Err(_)) => Err(error),
        }
    }

    fn host(&self) -> Host {
        Host::new(self.limits.clone(), self.cache_folder.as_deref())
    }

    /// Returns the same runner on another database.
    pub(crate) fn on(self, url: DatabaseUrl) -> Self {
        Self { url, ..self }
    }

    /// Returns the same runner with other files.
    pub fn with_plugins<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.plugins = paths.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) async fn connect_to_look(&self) -> Result<Backend, Error> {
        self.connect(Access::Read).await
    }

    /// Takes applied alterations back. Needs no files: components come from the archive.
    pub async fn rollback(
        &self,
        options: &RollbackOptions,
        control: &Control,
    ) -> Result<Report, Error> {
        let with = match options.with.is_empty() {
            true => Catalog::default(),
            false => {
                let bytes_max = self.limits.component_bytes_max;
                source::read(&options.with, bytes_max).map_err(Error::With)?
            }
        };
        let (host, backend) = (self.host(), self.connect(Access::Write).await?);
        let job = Job::Rollback { options, with: &with };
        run(&job, backend, &host, &options.how, control).await
    }

    /// Lists attempts that were begun and have not ended.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, Error> {
        let mut backend = self.connect(Access::Read).await?;
        let snapshot = backend.snapshot().await?;
        let mut unfinished = Vec::new();
        for run in snapshot.runs.values() {
            let statement = backend.open_statement(run).await?;
            let cut_off = snapshot.cut_off(&run.key).map(str::to_owned);
            unfinished.push(Unfinished { run: run.clone(), statement, cut_off });
        }
        backend.close().await;
        Ok(unfinished)
    }

    /// Records what a person decided about an alteration: about an attempt that cannot go on by itself, or, with a
    /// reason, that what is recorded is wrong. In that case `confirm` is asked first.
    pub async fn resolve(
        &self,
        key: &AlterationKey,
        decision: Decision,
        because: Option<&Because>,
        how: &How,
        confirm: impl Fn(&Correction) -> bool,
    ) -> Result<Resolved, Error> {
        let mut backend = self.connect(Access::Write).await?;
        let resolved = async {
            let deciding = deploy::resolve::Deciding { key, decision, because, confirm: &confirm };
            // The person is asked before the lock is taken.
            let found = backend.snapshot().await?;
            let asked = deciding.look(&found, &mut backend).await?;
            backend.lock(how.lock_patience, &mut |_| {}).await?;
            deciding.decide(asked.as_ref(), &mut backend).await
        };
        let resolved = resolved.await;
        backend.close().await;
        resolved
    }
}

async fn run(
    job: &Job<'_>,
    mut backend: Backend,
    host: &Host,
    how: &How,
    control: &Control,
) -> Result<Report, Error> {
    let report = deploy::run(job, &mut backend, host, how, control).await;
    backend.close().await;
    report
}

fn broken(error: &JoinError) -> Error {
    Error::Engine(LoadError::Engine(error.to_string()))
}
