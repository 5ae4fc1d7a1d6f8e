//! What keeps other runners away while one writes.

use alteration_record::{ConnectOptions, LockKind};
use clap::{Args, ValueEnum};
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// Wait at most this long while another runner holds the lock
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) lock_timeout: Duration,
    /// Choose the lock that keeps other runners out
    #[arg(long, value_enum, default_value_t = LockChoice::Auto, value_name = "KIND")]
    lock: LockChoice,
    /// Let a lease expire after this long without a heartbeat
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = lease_time)]
    lease_time: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LockChoice {
    /// Use a lease if the session's lock would protect nothing, else the session's lock.
    Auto,
    /// Use a lock of the database session.
    Session,
    /// Use a row with a heartbeat, for PgBouncer in transaction mode and for Galera.
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
    pub(crate) fn set(&self, connection: &mut ConnectOptions) {
        connection.lease_time = self.lease_time;
        connection.lock = match self.lock {
            LockChoice::Auto => LockKind::Auto,
            LockChoice::Session => LockKind::Session,
            LockChoice::Lease => LockKind::Lease,
        };
    }
}
