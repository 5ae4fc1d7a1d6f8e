//! Settings of the server session, as SQL: the runner's own side, and the side of a hook.
//!
//! Everything is set for one transaction only, so that a pooler's next client finds nothing of it; what has to
//! hold between transactions is set behind no pooler. How values are written for a guest is in `forms.rs`.
//!
//! What is decided about the server's settings, as of PostgreSQL 18:
//!
//! | setting | the runner's own statements | a hook's statements |
//! |---|---|---|
//! | `search_path` | pinned | as the connection had it |
//! | `client_encoding`, `client_min_messages` | pinned | pinned |
//! | `standard_conforming_strings`, `track_counts` | refused if off | refused if off |
//! | `DateStyle`, `IntervalStyle`, `extra_float_digits` | not read | the session's own; output pinned for rows that are read |
//! | `bytea_output` | pinned | the session's own; output pinned for rows that are read |
//! | `TimeZone` | not read: instants are epochs or texts in UTC | the session's own |
//! | `default_transaction_*`, `transaction_*` | said by each BEGIN | said by each BEGIN |
//! | `statement_timeout`, `lock_timeout` | bounds of the runner | bounds of the run or the manifest |
//! | `idle_session_timeout`, `transaction_timeout` | none | none |
//! | `idle_in_transaction_session_timeout` | the lease's, if there is one, else the session's own | the same |
//! | `synchronous_commit` | at least `local` where a job ends | the session's own |
//!
//! Statements are lists, because whoever sends several has to know them by their places.
//!
//! Any other one is the session's own for both sides. The runner's own statements name everything with its schema,
//! write values with their types, and ask for no order that a plan could change.

use super::text::literal;
use crate::backend::connection::HookSettings;
use std::time::Duration;

/// What all text on its way to the server and back relies on, in the runner's own statements and in a hook's: how
/// the bytes of both are read, and where a string ends. Nothing here changes what a hook's SQL means: a server that
/// has strings end otherwise is refused when it is connected to.
const READ: [&str; 3] = [
    "SET LOCAL standard_conforming_strings = on",
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL client_min_messages = 'warning'",
];

/// Names in the runner's own statements mean PostgreSQL's own things, whatever a hook made.
pub(super) const OWN_PATH: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// For the runner's own statements, in a transaction that has no hook at work.
pub(super) fn own() -> Vec<&'static str> {
    [&READ[..], &["SET LOCAL bytea_output = 'hex'", OWN_PATH]].concat()
}

/// The same where a journaled hook is at work: what it set is still there for its statements.
pub(super) fn own_within_hook() -> Vec<&'static str> {
    [&READ[..], &[OWN_PATH]].concat()
}

/// What bounds the runner's own statements: how long they wait for somebody else's lock, and how long the server
/// waits for a runner that is paused in a transaction, whose locks would keep everybody else out. What the server or
/// the role says of how long a statement may take is not for these: the runner has a time-out of its own for them.
pub(super) fn bounds(lock_wait: Duration, idle: Option<Duration>) -> Vec<String> {
    let mut bounds = idle_bound(idle);
    bounds.push("SET LOCAL statement_timeout = 0".to_owned());
    bounds.push(format!("SET LOCAL lock_timeout = {}", milliseconds(Some(lock_wait))));
    bounds
}

/// The second of [`bounds`] alone. Empty without a lease: then the server's own setting stands.
pub(super) fn idle_bound(idle: Option<Duration>) -> Vec<String> {
    let bound =
        |_| format!("SET LOCAL idle_in_transaction_session_timeout = {}", milliseconds(idle));
    idle.map(bound).into_iter().collect()
}

/// The session works as the user that the operator named. Ends with the transaction, or the message.
pub(super) const OPERATOR: [&str; 2] =
    ["SET LOCAL session_authorization TO DEFAULT", "SET LOCAL role TO DEFAULT"];

/// From a hook's side to the runner's own, between two statements of a journaled hook. The hook's
/// search path, and whom it `acts` as where it may choose that, is kept in settings that only its own statements can get
/// at.
pub(super) fn to_own(acts: bool) -> Vec<&'static str> {
    match acts {
        false => vec![
            "SELECT pg_catalog.set_config('runner.path', \
                pg_catalog.current_setting('search_path'), true)",
            OWN_PATH,
        ],
        true => vec![
            "SELECT pg_catalog.set_config('runner.path', \
                    pg_catalog.current_setting('search_path'), true), \
                pg_catalog.set_config('runner.session', \
                    pg_catalog.current_setting('session_authorization'), true), \
                pg_catalog.set_config('runner.role', pg_catalog.current_setting('role'), true)",
            OPERATOR[0],
            OPERATOR[1],
            OWN_PATH,
        ],
    }
}

/// Back again. More columns may follow: the server reads them by the names of the runner's side.
pub(super) fn to_guest(acts: bool) -> String {
    let role = match acts {
        true => {
            ", pg_catalog.set_config('session_authorization', \
                pg_catalog.current_setting('runner.session'), true), \
             pg_catalog.set_config('role', pg_catalog.current_setting('runner.role'), true)"
        }
        false => "",
    };
    format!(
        "SELECT pg_catalog.set_config('search_path', \
            pg_catalog.current_setting('runner.path'), true){role}"
    )
}

/// For the statements of a hook, but for the search path: the bounds that it was given. What its text means is the
/// database's and the role's own.
pub(super) fn hook_bounds(hook: &HookSettings, sees_lost_clients: bool) -> Vec<String> {
    let mut bounds = vec![
        format!("SET LOCAL lock_timeout = {}", milliseconds(Some(hook.lock_wait))),
        format!("SET LOCAL statement_timeout = {}", milliseconds(hook.statement_time)),
    ];
    if sees_lost_clients {
        // A statement whose runner was killed ends soon, instead of running on for nobody.
        bounds.push("SET LOCAL client_connection_check_interval = '2s'".to_owned());
    }
    bounds
}

/// Deferred triggers run while everything is still the hook's, and then what they deferred themselves.
/// They are the guest's work, outside of its own time.
pub(super) const CHECKS: u32 = 2;

/// For what the server does by itself at the end of a hook.
fn statement_bound(time: Duration) -> String {
    format!("SET LOCAL statement_timeout = {}", milliseconds(Some(time)))
}

/// What has deferred constraints and triggers run now, each in `time`. What runs in the first can set the time of the
/// second.
pub(super) fn checks(time: Duration) -> Vec<String> {
    let check = [statement_bound(time), "SET CONSTRAINTS ALL IMMEDIATE".to_owned()];
    vec![check; CHECKS as usize].concat()
}

pub(super) fn path(search_path: &str) -> String {
    format!("SELECT pg_catalog.set_config('search_path', {}, true)", literal(search_path))
}

/// Returns what gives a session this search path if it has its login's, and what takes it back again. Another one, which a hook
/// set, stays.
pub(super) fn lent_path(search_path: &str) -> [String; 2] {
    let path = literal(search_path);
    let set = |value: &str, now: &str| {
        format!(
            "SELECT pg_catalog.set_config('search_path', {value}, false) FROM pg_catalog.pg_settings \
             WHERE name OPERATOR(pg_catalog.=) 'search_path' AND setting OPERATOR(pg_catalog.=) {now}"
        )
    };
    [set(&path, "reset_val"), set("reset_val", &path)]
}

/// In which schema hooks make what they name without one.
pub(super) fn current_schema(search_path: &str) -> String {
    let schema = "SELECT pg_catalog.current_schema()::pg_catalog.text";
    format!("{}; {schema}; {OWN_PATH}", path(search_path))
}

/// The transaction's commit is answered once it is on this server's disk.
pub(super) const WAIT: &str = "SET LOCAL synchronous_commit = local";

/// Forgets what a hook set in the session, and whom it works as.
const RESET: [&str; 3] = ["RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"];

/// Lets the server notice within a minute that the machine of its client is gone, and not after
/// the two hours that systems take by themselves: the lock ends with the session.
pub(super) const KEEPALIVES: [&str; 3] = [
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
];

/// Takes from the session what the server, the database or the role says of how long it may be idle between two
/// transactions, and of how long a transaction or a statement may take or wait: guests are compiled in between, and a hook has a time-out
/// of its own: these settings become 0. Empty where nothing is said, which is so for most: behind a pooler it would stay
/// for others.
pub(super) fn unbounded(times: [Option<&str>; 4]) -> Vec<&'static str> {
    let bounds =
        UNBOUNDED.into_iter().zip(times).filter(|(_, time)| time.is_some_and(|time| time != "0"));
    bounds.map(|(name, _)| name).collect()
}

/// What [`unbounded`] is about, in the order of its times.
pub(super) const UNBOUNDED: [&str; 4] =
    ["idle_session_timeout", "transaction_timeout", "statement_timeout", "lock_timeout"];

/// What sets them so.
pub(super) fn unbind(unbounded: &[&str]) -> Vec<String> {
    unbounded.iter().map(|name| format!("SET {name} = 0")).collect()
}

/// Forgets what a hook set; a session that holds the lock keeps what belongs to that, and each what is `unbounded`.
pub(super) fn reset(is_locked: bool, unbounded: &[&str]) -> Vec<String> {
    let mut reset = RESET.map(str::to_owned).to_vec();
    if is_locked {
        reset.extend(KEEPALIVES.map(str::to_owned));
    }
    reset.extend(unbind(unbounded));
    reset
}

/// Forgets what else an earlier hook left in the session. Advisory locks stay: the runner's own is
/// one of them.
pub(super) const DISCARD: [&str; 5] =
    ["CLOSE ALL", "DEALLOCATE ALL", "DISCARD TEMP", "DISCARD SEQUENCES", "UNLISTEN *"];

/// Ends what would reach beyond a hook's transaction. sqlx cannot read the notifications that a
/// session that listens gets at any time.
pub(super) const END_OF_HOOK: [&str; 2] = ["CLOSE ALL", "UNLISTEN *"];

/// As PostgreSQL's settings want it: 0 is no limit, so nothing becomes that by being short.
pub(super) fn milliseconds(duration: Option<Duration>) -> i32 {
    duration.map_or(0, |duration| i32::try_from(duration.as_millis()).unwrap_or(i32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_zero_and_nothing_else_is() {
        let table = [
            (None, 0),
            (Some(Duration::ZERO), 1),
            (Some(Duration::from_secs(2)), 2_000),
            (Some(Duration::MAX), i32::MAX),
        ];
        for (duration, expected) in table {
            assert_eq!(milliseconds(duration), expected);
        }
    }
}
