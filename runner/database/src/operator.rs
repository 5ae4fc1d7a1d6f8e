//! Who runs this process and when: what the state tables record about an attempt.

use alteration_domain::record::LockHolder;

/// The operating system's name for the user, with the host, as in `deploy@db1`.
pub fn identity() -> String {
    format!("{}@{}", name(), rustix::system::uname().nodename().to_string_lossy())
}

/// The user's name, or the numeric id where the environment has none.
pub fn name() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|variable| std::env::var(variable).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The time of day, RFC 3339 in UTC with milliseconds.
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// This process, as the holder of a lock from now on.
pub fn lock_holder() -> LockHolder {
    LockHolder {
        pid: std::process::id(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        user: name(),
        since: now(),
    }
}
