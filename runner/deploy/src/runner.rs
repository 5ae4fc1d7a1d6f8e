//! The embedding API: one builder, one method for each verb.

use crate::{
    alteration::{AlterationKey, Catalog, Checksum, Dialect, LedgerKey, PluginName},
    backend::{
        self, Access, Backend, BackendError, Because, ConnectOptions, DatabaseUrl, Decision,
        FormerTool, Obstacle, Run, Scheme, Snapshot, StrangeLedger,
    },
    deploy::{
        self, BaselineOptions, Control, Correction, DeployOptions, How, Job, Renaming, Resolved,
        RollbackOptions,
    },
    error::Error,
    event::Report,
    given::Levels,
    host::{Host, Limits, LoadError},
    lock_file::Pins,
    plan::{self, Check, Finding, Folders, Plan, Policy, Renames, StatusLine, UpTo},
    source,
    sql::Judge,
    trial::{self, Ground, Script, TestOptions, Tested, Trial},
};
use futures_util::future::{Either, select};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    pin::pin,
};
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

/// How it is told what a database already has.
#[derive(Debug, Clone)]
pub enum BaselineFrom {
    /// Each plugin up to an alteration.
    UpTo(Vec<UpTo>),
    /// What the ledger of the tool says that was used before.
    Former {
        tool: FormerTool,
        /// Where it is not the tool's usual one. Of Sqitch on SQLite: a file, unless it is a name without a point.
        table: Option<String>,
        /// Whose alterations they are; needed where there are files of several plugins.
        plugin: Option<PluginName>,
    },
}

/// An attempt that was begun and has not ended.
#[derive(Debug, Clone)]
pub struct Unfinished {
    pub run: Run,
    /// The statement of which nobody knows whether it took effect.
    pub statement: Option<String>,
    /// Why it cannot be resumed; escaped.
    pub cut_off: Option<String>,
}

/// How every alteration stands.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// Every alteration that is recorded or offered.
    pub alterations: Vec<StatusLine>,
    /// Whether there are any tables of the runner: without them nothing was ever deployed here, or not to this place.
    pub has_records: bool,
    /// The schema of these tables, where a database has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Plugins with records that are not confined where new ones would be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_confined: Vec<PluginName>,
    /// Tables of runners in other schemas that belong to others, and were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strange: Vec<StrangeLedger>,
}

impl Runner {
    /// `url` as in `sqlite:app.db`.
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

    /// Component files, and folders that are searched for them.
    pub fn plugins<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.plugins.extend(paths.into_iter().map(Into::into));
        self
    }

    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where compiled components are kept; without it each is compiled every time.
    pub fn cache_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.cache_folder = folder;
        self
    }

    /// What the plugins have to be: a plan has an objection for each component that is otherwise. Rollbacks take what is
    /// recorded and need none.
    pub fn lock_file(mut self, lock: Option<Pins>) -> Self {
        self.lock = lock;
        self
    }

    /// How to connect. Access and limits are what each verb needs, whatever stands here.
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
        Ok(catalog.locked(self.lock.clone()))
    }

    pub(crate) async fn connect(&self, access: Access) -> Result<Backend, Error> {
        let options =
            ConnectOptions { access, limits: self.limits.sql(), ..self.connection.clone() };
        Ok(backend::connect(&self.url, options).await?)
    }

    /// Looks whether everything released is applied. Alters nothing, runs no guest code.
    pub async fn check(&self) -> Result<Check, Error> {
        self.check_with(Policy::default()).await
    }

    /// As [`Runner::check`], for an operator who decided to leave something as it is.
    pub async fn check_with(&self, policy: Policy) -> Result<Check, Error> {
        // Nothing runs, so that levels are not talked about.
        let levels = Levels::default().on_scratch();
        let options = DeployOptions { policy, levels, ..DeployOptions::default() };
        let plan = self.plan(&options).await?;
        Ok(plan.into())
    }

    /// What `deploy` would run, in which order, and why. Alters nothing, runs no guest code.
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
            deploy::judge(job, &mut plan, &snapshot, &mut backend).await?;
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

    /// What stands in the way of confining plugins in this database; `None` if nothing does.
    pub async fn obstacle(&self) -> Result<Option<Obstacle>, Error> {
        let mut backend = self.connect(Access::Read).await?;
        let obstacle = backend.obstacle().await;
        backend.close().await;
        Ok(obstacle?)
    }

    /// Every alteration in files or records. Without plugins, what is recorded.
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
                not_confined: levels.kept_guarded(&snapshot, backend.dialect()),
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

    /// Reads the files and makes the engine, while it connects. What is wrong with files does not wait for
    /// a server.
    async fn read_and_connect(&self, access: Access) -> Result<(Catalog, Host, Backend), Error> {
        let this = self.clone();
        let reading = spawn_blocking(move || Ok((this.catalog()?, this.host()?)));
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

    fn host(&self) -> Result<Host, Error> {
        Host::new(self.limits.clone(), self.cache_folder.as_deref()).map_err(Error::Engine)
    }

    /// Applies what is pending to `scratch`, a copy of this runner's database, and leaves this one
    /// alone. For what cannot run in a transaction that is rolled back.
    pub async fn rehearse_on(
        &self,
        scratch: &DatabaseUrl,
        options: &DeployOptions,
        control: &Control,
    ) -> Result<Report, Error> {
        let mut original = self.connect(Access::Read).await?;
        let copy = Self { url: scratch.clone(), ..self.clone() };
        let mut there = copy.connect(Access::Read).await?;
        let compared = compare(self.url(), scratch, &mut original, &mut there).await;
        original.close().await;
        there.close().await;
        compared?;
        let report = copy.deploy(options, control).await?;
        // Only the copy's records say so.
        Ok(Report { rehearsed: true, released: Vec::new(), ..report })
    }

    /// Takes each alteration up, down and up again on a scratch database that it makes beside this
    /// one and removes, and compares. This runner's own database is only connected to.
    /// `observer` is told of each alteration when its test ends.
    pub async fn test(
        &self,
        options: &TestOptions,
        control: &Control,
        observer: &(dyn Fn(&Tested) + Send + Sync),
    ) -> Result<Trial, Error> {
        let catalog = self.catalog()?;
        let host = self.host()?;
        let script = options.prepare.as_deref().map(Script::read).transpose()?;
        // A scratch database may have them.
        let policy = Policy { drafts: true, folders: Folders::Ignored, ..options.deploy.policy };
        let deploy = DeployOptions { policy, ..options.deploy.clone() };
        let options = &TestOptions { deploy, ..options.clone() };
        let job = Job::Deploy { catalog: &catalog, options: &options.deploy };
        let (plan, ground) = match self.url.scheme() {
            // The file is not even looked at.
            Scheme::Sqlite => {
                let plan = deploy::plan_for_empty(&job, &Judge::new(Dialect::Sqlite))?;
                (plan, Ground::in_folder(control)?)
            }
            _ => {
                let mut server = self.connect(Access::Write).await?;
                let judge = server.judge().await;
                let made = async {
                    let plan = deploy::plan_for_empty(&job, &judge)?;
                    if let Some(it) = deploy::untrusted(&plan, &mut server).await? {
                        return Err(Error::Powerful(Box::new(it)));
                    }
                    let ground = Ground::beside(&self.url, &mut server, control).await?;
                    Ok((plan, ground))
                };
                let made = made.await;
                server.close().await;
                made?
            }
        };
        let (mut ground, mut progress) = (ground, trial::Progress::begin(observer));
        let tested = loop {
            let scratch = Self { url: ground.url.clone(), ..self.clone() };
            let trying = (&catalog, &plan, options, &host);
            let went = scratch.try_on(trying, script.as_ref(), &mut progress, control).await;
            match went {
                // What is left behind is what the person wants to look at.
                Ok((trial::Went::NeedsAnother, dialect)) if options.keep => {
                    progress.give_up(&plan);
                    break Ok(progress.trial(&plan, dialect));
                }
                Ok((trial::Went::NeedsAnother, _)) => match self.ground(control).await {
                    Ok(another) => {
                        let before = std::mem::replace(&mut ground, another);
                        before.remove(&self.connection, control).await;
                    }
                    Err(error) => break Err(error),
                },
                Ok((trial::Went::ToTheEnd, dialect)) => break Ok(progress.trial(&plan, dialect)),
                Err(error) => break Err(error),
            }
        };
        let scratch = match options.keep {
            true => Some(ground.keep()),
            false => ground.remove(&self.connection, control).await,
        };
        tested.map(|trial| Trial { scratch, ..trial })
    }

    /// Goes on with a test on this runner's database, which is a scratch one that has nothing yet.
    async fn try_on(
        &self,
        (catalog, plan, options, host): (&Catalog, &Plan, &TestOptions, &Host),
        script: Option<&Script>,
        progress: &mut trial::Progress<'_>,
        control: &Control,
    ) -> Result<(trial::Went, Dialect), Error> {
        let mut backend = self.prepare(script, &options.deploy.how, control).await?;
        // Which of MySQL and MariaDB it is says the server.
        let dialect = backend.dialect();
        let tried = match rows(options, dialect) {
            Ok(rows) => {
                let (plan, doing) = ((plan, &rows), (host, control));
                trial::run(catalog, plan, options, &mut backend, doing, progress).await
            }
            Err(error) => Err(error),
        };
        backend.close().await;
        tried.map(|went| (went, dialect))
    }

    /// Makes a scratch database beside this one.
    pub(crate) async fn ground(&self, control: &Control) -> Result<Ground, Error> {
        match self.url.scheme() {
            Scheme::Sqlite => Ground::in_folder(control),
            _ => {
                let mut server = self.connect(Access::Write).await?;
                let made = Ground::beside(&self.url, &mut server, control).await;
                server.close().await;
                made
            }
        }
    }

    /// Removes it; where that fails, the answer is where it is.
    pub(crate) async fn remove_ground(&self, ground: Ground, control: &Control) -> Option<String> {
        ground.remove(&self.connection, control).await
    }

    /// The same runner on another database.
    pub(crate) fn on(self, url: DatabaseUrl) -> Self {
        Self { url, ..self }
    }

    /// The same runner with other files.
    pub fn with_plugins<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.plugins = paths.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) async fn connect_to_look(&self) -> Result<Backend, Error> {
        self.connect(Access::Read).await
    }

    /// Prepares this runner's database for a test.
    pub(crate) async fn prepare(
        &self,
        script: Option<&Script>,
        how: &How,
        control: &Control,
    ) -> Result<Backend, Error> {
        let mut backend = self.connect(Access::Create).await?;
        let prepared = trial::prepare(&mut backend, script, how, control).await;
        backend.close().await;
        prepared?;
        // Anew, because the script may have set what holds for new connections.
        self.connect(Access::Create).await
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
        let (host, backend) = (self.host()?, self.connect(Access::Write).await?);
        let job = Job::Rollback { options, with: &with };
        run(&job, backend, &host, &options.how, control).await
    }

    /// What a baseline would record, and how many of the former tool's rows are of what it runs
    /// again whenever it changes: which text of it ran is not known, so that none is recorded.
    pub async fn baseline_keys(
        &self,
        from: &BaselineFrom,
    ) -> Result<(BTreeSet<AlterationKey>, usize), Error> {
        let catalog = self.catalog()?;
        let (tool, table, plugin) = match from {
            BaselineFrom::UpTo(ends) => return Ok((plan::keys_up_to(&catalog, ends)?, 0)),
            BaselineFrom::Former { tool, table, plugin } => (*tool, table.as_deref(), plugin),
        };
        let mut backend = self.connect(Access::Read).await?;
        let former = match backend.is_there() {
            true => backend.former(&self.url, tool, table).await,
            false => Err(self.no_file()),
        };
        backend.close().await;
        let former = former??;
        let key = |version: &str| crate::pack::history::ledger_key(tool, version);
        let again = former.applied.iter().filter_map(|version| key(version));
        let texts =
            |key: &LedgerKey| catalog.iter().filter(|one| key.is_script(&one.key.id)).count();
        let again = again.filter(|key| texts(key) > 1).count();
        let repeatables = former.repeatables + again;
        // Sqitch's versions begin with their project.
        let projects = match tool {
            FormerTool::Sqitch => former.projects(),
            _ => vec![former],
        };
        let keys = plan::keys_of_projects(&catalog, plugin.as_ref(), &projects, key)?;
        Ok((keys, repeatables))
    }

    /// The plan of [`Runner::baseline`]. Alters nothing.
    pub async fn plan_baseline(&self, options: &BaselineOptions) -> Result<Plan, Error> {
        let catalog = self.catalog()?;
        self.planned(&Job::Baseline { catalog: &catalog, options }).await
    }

    /// Records alterations as applied without running them, because the database has them already.
    pub async fn baseline(
        &self,
        options: &BaselineOptions,
        control: &Control,
    ) -> Result<Report, Error> {
        let catalog = self.catalog()?;
        let job = Job::Baseline { catalog: &catalog, options };
        // What is adopted is there.
        let (host, backend) = (self.host()?, self.connect(Access::Write).await?);
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
            // Nobody waits for a person under the lock.
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

/// What is run on `dialect` before alterations first go up.
fn rows(options: &TestOptions, dialect: Dialect) -> Result<BTreeMap<AlterationKey, Script>, Error> {
    let files = options.rows.iter().filter_map(|(key, files)| Some((key, files.on(dialect)?)));
    files.map(|(key, path)| Ok((key.clone(), Script::read(path)?))).collect()
}

fn broken(error: &JoinError) -> Error {
    Error::Engine(LoadError::Engine(error.to_string()))
}

/// Makes sure that `scratch` is another database, in the same state.
async fn compare(
    database: &DatabaseUrl,
    scratch: &DatabaseUrl,
    original: &mut Backend,
    there: &mut Backend,
) -> Result<(), Error> {
    let (one, other) = (original.identity().await?, there.identity().await?);
    if database == scratch || (one.is_some() && one == other) {
        return Err(Error::RehearsesOnItself);
    }
    let applied = |snapshot: &Snapshot| -> BTreeMap<AlterationKey, Checksum> {
        snapshot.applied().map(|row| (row.key.clone(), row.checksum)).collect()
    };
    let (expected, found) =
        (applied(&original.snapshot().await?), applied(&there.snapshot().await?));
    let here = expected.iter().find(|(key, checksum)| found.get(key) != Some(checksum));
    let difference = match (here, found.keys().find(|key| !expected.contains_key(key))) {
        (None, None) if one.is_none() || other.is_some() || expected.is_empty() => return Ok(()),
        (Some((key, _)), _) => format!("{key} is not applied there, or another build of it"),
        (None, Some(key)) => format!("{key} is applied there alone"),
        (None, None) => "it is not there".to_owned(),
    };
    let (scratch, database) = (scratch.to_string(), database.to_string());
    Err(Error::NoCopy { scratch, database, difference })
}
