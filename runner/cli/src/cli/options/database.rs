//! The database, the connection to it, and the file that the operator keeps about it.

use super::{Lock, LockFileArgs};
use crate::cli::{command, output};
use alteration_deploy::{
    Error, Runner,
    config::{CONFIG_FILE, Config},
    deploy::{Grant, Grants, Levels},
};
use alteration_domain::{alteration::Dialect, escape::Escaped};
use alteration_host::Limits;
use alteration_record::{Access, ConnectOptions, DatabaseUrl, Scheme};
use clap::Args;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

#[derive(Debug, Clone, Args)]
pub(crate) struct Database {
    /// The database to connect to, as in sqlite:demo.db, postgres://user@host/app or mariadb://user@host/app
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: String,
    /// Keep trying for this long if the server cannot be reached
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration,
        help_heading = "Connection")]
    wait: Duration,
    /// Give up if the server takes longer than this to answer one of runner's own statements or a commit
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = answer_time,
        help_heading = "Connection")]
    answer_timeout: Duration,
    /// PostgreSQL: the schema that holds runner's own tables [default: the connection's current schema]
    #[arg(
        long,
        value_name = "SCHEMA",
        env = "RUNNER_STATE_SCHEMA",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    state_schema: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
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
    pub(crate) fn dialects(&self) -> Vec<Dialect> {
        match self.database.parse::<DatabaseUrl>().map(|url| url.scheme()) {
            Ok(Scheme::Sqlite) => vec![Dialect::Sqlite],
            Ok(Scheme::Postgres) => vec![Dialect::Postgresql],
            Ok(Scheme::Mysql) if self.database.starts_with("mariadb") => vec![Dialect::Mariadb],
            Ok(Scheme::Mysql) => vec![Dialect::Mysql, Dialect::Mariadb],
            Err(_) => Vec::new(),
        }
    }

    pub(super) fn connection(&self, plugins: &[PathBuf]) -> Result<ConnectOptions, Error> {
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

    fn remember(&self, plugins: &[PathBuf]) {
        let config = self.config.config.as_deref();
        command::remember(&self.database, plugins, self.state_schema.as_deref(), config);
    }

    /// Returns the runner for `plugins` on this database, which only reads until it is told to write.
    pub(crate) fn runner(&self, plugins: &[PathBuf]) -> Result<Runner, Error> {
        self.remember(plugins);
        let runner = Runner::new(&self.database)?.plugins(plugins.iter().cloned());
        Ok(runner.connection(self.connection(plugins)?))
    }

    /// Returns the runner of a verb that writes without running hooks.
    pub(crate) fn locked_runner(&self, lock: &Lock, plugins: &[PathBuf]) -> Result<Runner, Error> {
        self.remember(plugins);
        let mut connection = self.connection(plugins)?;
        lock.set(&mut connection);
        Ok(Runner::new(&self.database)?.connection(connection))
    }
}

/// Plugins and the database that they are for.
#[derive(Debug, Args)]
pub(crate) struct Offer {
    /// Component files, or folders to search for them
    #[arg(required = true)]
    pub(crate) plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) database: Database,
}

impl Offer {
    /// Returns the runner for these plugins, as a lock file pins them.
    pub(crate) fn runner(&self, lock_file: &LockFileArgs) -> Result<Runner, Error> {
        let lock = lock_file.read(&self.database.config, &self.plugins)?;
        Ok(self.database.runner(&self.plugins)?.lock_file(lock))
    }
}

/// What the operator keeps in a file.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArgs {
    /// Read grants, settings, trusted plugins and the state schema from this file [default: runner.toml in the working
    /// directory, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// The file, and says so if it holds something of `what` the verb takes from it.
    pub(super) fn read(
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

    /// The file that the operator named.
    pub(super) fn named(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The file, and where it is or would be.
    fn load(&self, plugins: &[PathBuf]) -> Result<(&Path, Config), Error> {
        let (path, config) = match &self.config {
            Some(path) => (path.as_path(), Some(Config::read(path)?)),
            None => (CONFIG_FILE.as_ref(), Config::find(plugins)?),
        };
        Ok((path, config.unwrap_or_default()))
    }

    /// What the file says of levels.
    pub(crate) fn levels(&self, plugins: &[PathBuf]) -> Result<Levels, Error> {
        Ok(self.load(plugins)?.1.levels())
    }

    /// For a verb that runs no hooks.
    pub(crate) fn grants(&self, flags: &[Grant], plugins: &[PathBuf]) -> Result<Grants, Error> {
        let mut grants =
            self.read(plugins, "Grants", |config| !config.grants().is_empty())?.grants();
        grants.extend(flags.iter().cloned());
        Ok(grants)
    }
}
