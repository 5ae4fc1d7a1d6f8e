//! Options that several verbs share.

use super::{command, output};
use crate::{
    DeployOptions, Error, Runner,
    alteration::Dialect,
    backend::{Access, ConnectOptions, DatabaseUrl, LockKind, Scheme},
    config::{CONFIG_FILE, Config},
    deploy::{Grant, Grants, How, ParseTrustError, Setting, Settings, Trust, Trusts},
    escape::Escaped,
    host::Limits,
    plan::{ParseTargetError, Policy, Rename, Renames, Target},
    rehearsals::Rehearsals,
};
use clap::{Args, ValueEnum};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document on standard output.
    Json,
}

/// Whether something that is refused by default may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Allow {
    /// Refuse.
    Error,
    /// Go on.
    Allow,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Database {
    /// The database, as in sqlite:demo.db, postgres://user@host/app or mariadb://user@host/app
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database: String,
    /// How long to try again while the server cannot be reached
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration,
        help_heading = "Connection")]
    wait: Duration,
    /// How long the server may take to answer the runner's own statements, commits included
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = answer_time,
        help_heading = "Connection")]
    answer_timeout: Duration,
    /// PostgreSQL: the schema of the runner's own tables [default: the connection's current one]
    #[arg(
        long,
        value_name = "SCHEMA",
        env = "RUNNER_STATE_SCHEMA",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    state_schema: Option<String>,
    #[command(flatten)]
    pub(super) config: ConfigArgs,
}

/// Even a server nearby needs some time.
const ANSWER_TIME_MIN: Duration = Duration::from_secs(1);

fn answer_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time < ANSWER_TIME_MIN {
        return Err("a server needs at least 1s".to_owned());
    }
    Ok(time)
}

impl Database {
    /// Dialects that it may be of: MySQL or MariaDB says the server.
    pub(super) fn dialects(&self) -> Vec<Dialect> {
        match self.database.parse::<DatabaseUrl>().map(|url| url.scheme()) {
            Ok(Scheme::Sqlite) => vec![Dialect::Sqlite],
            Ok(Scheme::Postgres) => vec![Dialect::Postgresql],
            Ok(Scheme::Mysql) if self.database.starts_with("mariadb") => vec![Dialect::Mariadb],
            Ok(Scheme::Mysql) => vec![Dialect::Mysql, Dialect::Mariadb],
            Err(_) => Vec::new(),
        }
    }

    fn connection(&self, plugins: &[PathBuf]) -> Result<ConnectOptions, Error> {
        let schema = match &self.state_schema {
            Some(schema) => Some(schema.clone()),
            None => self.config.load(plugins)?.1.state_schema().map(str::to_owned),
        };
        Ok(ConnectOptions {
            wait: self.wait,
            answer_time: self.answer_timeout,
            schema,
            ..ConnectOptions::new(Access::Read, Limits::default().sql())
        })
    }
}

/// Plugins and the database that they are for.
#[derive(Debug, Args)]
pub(super) struct Offer {
    /// Component files, and folders that are searched for them
    #[arg(required = true)]
    pub(super) plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) database: Database,
}

impl Offer {
    pub(super) fn runner(&self) -> Result<Runner, Error> {
        self.database.runner(&self.plugins)
    }
}

#[derive(Debug, Args)]
pub(super) struct Output {
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Lock {
    /// How long to wait for another runner
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(super) lock_timeout: Duration,
    /// What keeps other runners away
    #[arg(long, value_enum, default_value_t = LockChoice::Auto, value_name = "KIND")]
    lock: LockChoice,
    /// How long a lease lives without a heartbeat
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = lease_time)]
    lease_time: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LockChoice {
    /// A lease where it can be told that a session's lock protects nothing.
    Auto,
    /// The database session's own.
    Session,
    /// A row with a heartbeat: for PgBouncer in transaction mode, and for Galera.
    Lease,
}

/// Heartbeats need some time to arrive.
const LEASE_TIME_MIN: Duration = Duration::from_secs(1);

fn lease_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time < LEASE_TIME_MIN {
        return Err("a lease lives at least 1s".to_owned());
    }
    Ok(time)
}

impl Lock {
    pub(super) fn set(&self, connection: &mut ConnectOptions) {
        connection.lease_time = self.lease_time;
        connection.lock = match self.lock {
            LockChoice::Auto => LockKind::Auto,
            LockChoice::Session => LockKind::Session,
            LockChoice::Lease => LockKind::Lease,
        };
    }
}

/// What statements may wait for, and how steps of a backfill follow each other.
#[derive(Debug, Args)]
#[command(next_help_heading = "Statements and steps")]
struct Pace {
    /// How long a statement may wait for somebody else's lock on a table or row
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    table_lock_timeout: Duration,
    /// How long a statement may take [default: as long as its hook]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    statement_timeout: Option<Duration>,
    /// How often a hook is tried again after such a wait, or after a deadlock
    #[arg(long, value_name = "TIMES", default_value_t = How::default().retries)]
    retries: u32,
    /// A step of a backfill that takes longer is rolled back, and the deploy ends
    #[arg(long, value_name = "MS")]
    max_step_ms: Option<u64>,
    /// How long to let others work between two steps
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    step_pause: Duration,
}

/// What one hook may use.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of each hook")]
struct LimitArgs {
    /// Wall time, its database calls included
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Memory of the guest
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    max_memory: bytesize::ByteSize,
    /// Call stack of the guest
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    max_stack: bytesize::ByteSize,
    /// One result, one value, and the arguments of one call
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    max_result: bytesize::ByteSize,
    /// Rows that one query may return at once
    #[arg(long, value_name = "ROWS", default_value_t = Limits::default().result_rows_max)]
    max_rows: usize,
    /// One SQL statement
    #[arg(long, value_name = "SIZE", default_value = "16MiB")]
    max_sql: bytesize::ByteSize,
    /// Open handles: cursors, bulk-writers, streams
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().handles_max)]
    max_handles: usize,
    /// Elements of the guest's tables
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().table_elements_max)]
    max_table: usize,
    /// One component file
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    max_component: bytesize::ByteSize,
    /// Lines that the guest may log
    #[arg(long, value_name = "LINES", default_value_t = Limits::default().log_lines_max)]
    max_log: usize,
}

#[derive(Debug, Args)]
pub(super) struct CacheFolder {
    /// Where compiled components and saved rehearsals are kept [default: the user's cache folder]
    #[arg(long, value_name = "DIR", env = "RUNNER_CACHE_DIR", hide_env_values = true)]
    cache_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Cache {
    #[command(flatten)]
    folder: CacheFolder,
    /// Compile every component anew, and keep nothing, whatever --cache-dir says
    #[arg(long)]
    no_cache: bool,
}

impl LimitArgs {
    fn limits(&self) -> Limits {
        let bytes = |size: bytesize::ByteSize| usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
        Limits {
            timeout_ms: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            memory_bytes_max: bytes(self.max_memory),
            stack_bytes_max: bytes(self.max_stack),
            table_elements_max: self.max_table,
            handles_max: self.max_handles,
            result_rows_max: self.max_rows,
            result_bytes_max: bytes(self.max_result),
            sql_bytes_max: bytes(self.max_sql),
            component_bytes_max: bytes(self.max_component),
            log_lines_max: self.max_log,
        }
    }
}

impl Cache {
    /// The folder to use; without one, every component is compiled every time.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        if self.no_cache { None } else { self.folder.path() }
    }
}

impl CacheFolder {
    /// `None` where the user has none.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let set = |variable| std::env::var_os(variable).filter(|path| !path.is_empty());
        self.cache_dir.clone().or_else(|| {
            set("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))
                .map(|cache| cache.join("runner"))
        })
    }
}

impl Database {
    pub(super) fn runner(&self, plugins: &[PathBuf]) -> Result<Runner, Error> {
        command::remember(&self.database, plugins);
        let runner = Runner::new(&self.database)?.plugins(plugins.iter().cloned());
        Ok(runner.connection(self.connection(plugins)?))
    }
}

impl Database {
    /// For verbs that write without running hooks.
    pub(super) fn locked_runner(&self, lock: &Lock, plugins: &[PathBuf]) -> Result<Runner, Error> {
        command::remember(&self.database, plugins);
        let mut connection = self.connection(plugins)?;
        lock.set(&mut connection);
        Ok(Runner::new(&self.database)?.connection(connection))
    }
}

/// How far to go.
#[derive(Debug, clap::Args)]
pub(super) struct BoundArgs {
    /// How far: latest (the default), next, or VENDOR/NAME@VERSION, which may be repeated
    #[arg(long, value_name = "TARGET", value_parser = one_target)]
    target: Vec<String>,
}

impl BoundArgs {
    pub(super) fn target(&self) -> Result<Target, Error> {
        Ok(Target::parse(&self.target)?)
    }
}

/// What to plan for.
#[derive(Debug, clap::Args)]
pub(super) struct TargetArgs {
    #[command(flatten)]
    bound: BoundArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

fn one_target(text: &str) -> Result<String, ParseTargetError> {
    Target::parse(&[text]).map(|_| text.to_owned())
}

impl TargetArgs {
    pub(super) fn options(&self) -> Result<DeployOptions, Error> {
        Ok(DeployOptions {
            target: self.bound.target()?,
            policy: self.policy.policy(),
            ..DeployOptions::default()
        })
    }
}

/// What may be, although it usually should not.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    /// Alterations that are older than an applied one
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    out_of_order: Allow,
    /// Applied alterations whose file was changed afterwards; begun ones of code go on in the changed file
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    changed: Allow,
    /// Applied alterations whose file is missing
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    missing: Allow,
    /// Allow drafts; an applied one that has changed goes down first, with what it made
    #[arg(long, env = "RUNNER_ALLOW_DRAFTS", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    allow_drafts: bool,
}

impl PolicyArgs {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            out_of_order: self.out_of_order == Allow::Allow,
            changed: self.changed == Allow::Allow,
            missing: self.missing == Allow::Allow,
            drafts: self.allow_drafts,
        }
    }
}

/// What to show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) format: Format,
    /// Every statement with its rows.
    pub(super) statements: bool,
    /// Statements are kept until the end, to be saved.
    pub(super) save: bool,
    pub(super) verbose: bool,
}

/// How hooks run.
#[derive(Debug, Args)]
pub(super) struct HookArgs {
    #[command(flatten)]
    lock: Lock,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    limits: LimitArgs,
}

impl HookArgs {
    /// With `verbose`, whoever looks on wants to know where a script is.
    pub(super) fn runner(
        &self,
        database: &Database,
        plugins: &[PathBuf],
        verbose: bool,
    ) -> Result<Runner, Error> {
        let runner = database.runner(plugins)?;
        let mut connection = database.connection(plugins)?;
        self.lock.set(&mut connection);
        connection.one_by_one = verbose;
        connection.lock_wait = self.pace.table_lock_timeout;
        connection.statement_time = self.pace.statement_timeout;
        connection.check_time = self.limits.timeout;
        Ok(runner
            .connection(connection)
            .limits(self.limits.limits())
            .cache_folder(self.cache.folder()))
    }

    /// Where compiled components are kept.
    pub(super) fn cache_folder(&self) -> Option<PathBuf> {
        self.cache.folder()
    }

    pub(super) fn how(&self) -> How {
        How {
            lock_patience: self.lock.lock_timeout,
            rehearse: false,
            retries: self.pace.retries,
            step_time: self.pace.max_step_ms.map(Duration::from_millis),
            step_pause: self.pace.step_pause,
        }
    }
}

/// What the operator keeps in a file.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfigArgs {
    /// The file with grants, settings, what is trusted and the state schema [default: runner.toml in the working directory, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// The file, and says so if it holds something of `what` the verb takes from it.
    fn read(
        &self,
        plugins: &[PathBuf],
        what: &str,
        holds: impl Fn(&Config) -> bool,
    ) -> Result<Config, Error> {
        let (path, config) = self.load(plugins)?;
        if holds(&config) {
            let path = Escaped(&path.display().to_string()).to_string();
            output::note(&format!("{what} are those of {path}"));
        }
        Ok(config)
    }

    /// The file, and where it is or would be.
    fn load(&self, plugins: &[PathBuf]) -> Result<(&Path, Config), Error> {
        let (path, config) = match &self.config {
            Some(path) => (path.as_path(), Some(Config::read(path)?)),
            None => (CONFIG_FILE.as_ref(), Config::find(plugins)?),
        };
        Ok((path, config.unwrap_or_default()))
    }

    /// For a verb that runs no hooks.
    pub(super) fn grants(&self, flags: &[Grant], plugins: &[PathBuf]) -> Result<Grants, Error> {
        let mut grants =
            self.read(plugins, "Grants", |config| !config.grants().is_empty())?.grants();
        grants.extend(flags.iter().cloned());
        Ok(grants)
    }
}

/// What the operator gives to plugins beside what they may do.
#[derive(Debug, Args)]
pub(super) struct SettingArgs {
    /// Give a plugin a setting that it declares, which is no secret: VENDOR/NAME:KEY=VALUE
    // Text, because clap would show a value that does not parse.
    #[arg(long, value_name = "SETTING")]
    set: Vec<String>,
}

impl SettingArgs {
    /// For a verb that needs no plugins' files, and takes what is granted from the records: settings, and whom
    /// the file trusts.
    pub(super) fn settings(&self, config: &ConfigArgs) -> Result<(Settings, Trusts), Error> {
        let config = config.read(&[], "Settings", |config| !config.settings().is_empty())?;
        Ok((self.with(&config)?, config.trusts()))
    }

    fn with(&self, config: &Config) -> Result<Settings, Error> {
        let numbered = self.set.iter().enumerate();
        let given = numbered.map(|(at, text)| {
            text.parse::<Setting>().map_err(|error| Error::Setting { number: at + 1, error })
        });
        let given = given.collect::<Result<Settings, Error>>()?;
        Ok(Settings { standing: config.settings(), ..given })
    }
}

/// Patterns that stand in one flag or variable, with commas between them.
#[derive(Debug, Clone)]
struct TrustList(Vec<Trust>);

/// Reads the flag or the variable: a job that sets it to nothing trusts nobody.
fn trust_list(text: &str) -> Result<TrustList, ParseTrustError> {
    let patterns = text.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
    patterns.map(str::parse).collect::<Result<_, _>>().map(TrustList)
}

/// Whom the operator trusts with the rights of the URL's user.
#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    /// Let it run as a superuser, or another user who could run programs on the server: VENDOR/NAME, 'VENDOR/*' or '*';
    /// may be repeated, and adds to RUNNER_TRUST
    #[arg(long, value_name = "PLUGIN", value_parser = trust_list)]
    trust: Vec<TrustList>,
    // A flag of its own, because clap takes either a flag or its variable.
    #[arg(long = "runner-trust", value_name = "RUNNER_TRUST", env = "RUNNER_TRUST", hide = true,
        hide_env_values = true, value_parser = trust_list)]
    variable: Option<TrustList>,
}

impl TrustArgs {
    /// Trusts `plugins` beside those of the command line.
    pub(super) fn trust(&mut self, plugins: Vec<Trust>) {
        self.trust.push(TrustList(plugins));
    }

    /// Those of the flags and the variable, and `others`.
    pub(super) fn and(&self, mut others: Trusts) -> Trusts {
        others.extend(
            self.trust.iter().chain(&self.variable).flat_map(|list| list.0.iter().cloned()),
        );
        others
    }
}

/// What the operator hands to plugins.
#[derive(Debug, Args)]
pub(super) struct HandedArgs {
    /// Permit what a manifest asks for: PERMISSION, or VENDOR/NAME:PERMISSION
    #[arg(long, value_name = "GRANT")]
    grant: Vec<Grant>,
    #[command(flatten)]
    settings: SettingArgs,
}

impl HandedArgs {
    /// Grants `grants` beside those of the command line.
    pub(super) fn grant(&mut self, grants: Vec<Grant>) {
        self.grant.extend(grants);
    }

    /// `options` with what is handed over to the plugins of `offer`.
    pub(super) fn hand(
        &self,
        offer: &Offer,
        options: DeployOptions,
    ) -> Result<DeployOptions, Error> {
        let is_there =
            |config: &Config| !config.grants().is_empty() || !config.settings().is_empty();
        let config = &offer.database.config;
        let config = config.read(&offer.plugins, "Grants and settings", is_there)?;
        let settings = self.settings.with(&config)?;
        let mut grants = config.grants();
        grants.extend(self.grant.iter().cloned());
        Ok(DeployOptions { grants, settings, trusts: config.trusts(), ..options })
    }
}

/// What the operator agrees to of plugins that were renamed.
#[derive(Debug, Args)]
pub(super) struct RenameArgs {
    /// Let a plugin that replaces another one take over what is recorded of it: OLD/NAME=NEW/NAME; may be repeated
    #[arg(long, value_name = "RENAME")]
    accept_rename: Vec<Rename>,
}

impl RenameArgs {
    pub(super) fn renames(&self) -> Renames {
        self.accept_rename.iter().cloned().collect()
    }
}

/// Reads the variable: a job that sets it to nothing has not said yes.
pub(super) fn yes(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "n" | "off" => Ok(false),
        _ => Err("expected 1 or 0".to_owned()),
    }
}

/// How a verb runs that alters the database.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Run everything in a transaction that is rolled back, and show each statement
    #[arg(long, group = "rehearsal")]
    pub(super) dry_run: bool,
    /// Keep the statements of a rehearsal in the cache folder, for `inspect --sql`: without the values of their
    /// parameters
    #[arg(long, requires = "rehearsal", conflicts_with = "no_cache")]
    pub(super) save: bool,
    /// Do not ask: needed where there is no terminal
    #[arg(long, short, env = "RUNNER_YES", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    pub(super) yes: bool,
    /// Show each statement as soon as it is done, and what guests log for debugging
    #[arg(long, short)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) output: Output,
    #[command(flatten)]
    hooks: HookArgs,
}

impl RunArgs {
    pub(super) fn runner(&self, database: &Database, plugins: &[PathBuf]) -> Result<Runner, Error> {
        self.hooks.runner(database, plugins, self.verbose)
    }

    /// Where rehearsals are kept, if anywhere.
    pub(super) fn rehearsals(&self) -> Option<Rehearsals> {
        self.hooks.cache.folder().as_deref().map(Rehearsals::of_cache)
    }

    pub(super) fn how(&self) -> How {
        How { rehearse: self.dry_run, ..self.hooks.how() }
    }

    pub(super) fn style(&self) -> Style {
        Style {
            format: self.output.format,
            statements: self.dry_run,
            save: self.save,
            verbose: self.verbose,
        }
    }
}
