//! How hooks run: their lock, pace and limits, and where compiled components are kept.

use super::{Database, Lock, limits::LimitArgs};
use alteration_deploy::{Error, Runner, deploy::How};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// What statements may wait for, and how steps of a backfill follow each other.
#[derive(Debug, Args)]
#[command(next_help_heading = "Statements and steps")]
struct Pace {
    /// Let a statement wait at most this long for another session's lock on a table or row
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    table_lock_timeout: Duration,
    /// Let a statement run at most this long [default: as long as its hook]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    statement_timeout: Option<Duration>,
    /// Roll a step back if another session has waited this long for one of its locks; 0s for no limit (PostgreSQL)
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    block_limit: Duration,
    /// Retry a hook this many times after a lock timeout or a deadlock
    #[arg(long, value_name = "TIMES", default_value_t = How::default().retries)]
    retries: u32,
    /// Stop the deploy if a step of a backfill takes longer than this; the step is rolled back
    #[arg(long, value_name = "MS")]
    max_step_ms: Option<u64>,
    /// Pause between two steps of a backfill, so that others can work
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    step_pause: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct CacheFolder {
    /// Keep compiled components and saved rehearsals in this folder [default: the user's cache folder]
    #[arg(
        long,
        value_name = "DIR",
        env = "RUNNER_CACHE_DIR",
        hide_env_values = true,
        help_heading = "Cache"
    )]
    cache_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Cache {
    #[command(flatten)]
    folder: CacheFolder,
    /// Compile every component again, and cache nothing
    #[arg(long, help_heading = "Cache")]
    no_cache: bool,
}

impl Cache {
    /// The folder to use; without one, every component is compiled every time.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        if self.no_cache { None } else { self.folder.path() }
    }
}

impl CacheFolder {
    /// `None` where the user has none.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let set = |variable| std::env::var_os(variable).filter(|path| !path.is_empty());
        self.cache_dir.clone().or_else(|| {
            set("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))
                .map(|cache| cache.join("runner"))
        })
    }
}

/// How hooks run.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    #[command(flatten)]
    lock: Lock,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    pub(super) cache: Cache,
    #[command(flatten)]
    limits: LimitArgs,
}

impl HookArgs {
    /// With `verbose`, whoever looks on wants to know where a script is.
    pub(crate) fn runner(
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

    /// Returns the folder that keeps compiled components.
    pub(crate) fn cache_folder(&self) -> Option<PathBuf> {
        self.cache.folder()
    }

    pub(crate) fn how(&self) -> How {
        How {
            lock_patience: self.lock.lock_timeout,
            rehearse: false,
            retries: self.pace.retries,
            step_time: self.pace.max_step_ms.map(Duration::from_millis),
            step_pause: self.pace.step_pause,
            block_limit: Some(self.pace.block_limit).filter(|limit| !limit.is_zero()),
        }
    }
}
