//! Watches a guest's statement in flight: notes what it waits for, and ends it when its time is up.
//!
//! ```text
//!   connection    ──statement──────────────────────────(answer)──> echo ──> next statement
//!   second             └ look, look …        KILL QUERY ─┘
//! ```
//!
//! MySQL itself limits only the time of SELECT, so that the host's own timer ends a statement, on MariaDB too. The second
//! connection has to be to the same server process, because the session's number means another session elsewhere. No KILL is
//! left in flight when the statement has answered: one that came too late ends a question of the runner's own.

use super::{blocker, connect, server::Server, sessions};
use crate::backend::{BackendError, DatabaseUrl};
use sqlx::MySqlConnection;
use std::{pin::pin, time::Duration};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The time before the first look at what a statement waits for, and the longest time between two looks.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// Looking costs the server something.
const LOOK_TIME_MIN: Duration = Duration::from_millis(50);
const LOOK_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a second connection may take, over all tries.
const SECOND_TIME: Duration = Duration::from_secs(10);
const KILL_AGAIN: Duration = Duration::from_secs(1);
/// How long the rollback of a schema change that is ended may take.
const END_TIME: Duration = Duration::from_secs(120);

/// The watch over one statement.
pub(super) struct Watch {
    url: DatabaseUrl,
    server: Server,
    began: Instant,
    time: Option<Duration>,
    look_time: Duration,
    next_look: Instant,
    second: Option<MySqlConnection>,
    /// The sessions that the statement waited for at the last look.
    pub(super) blockers: Option<String>,
    /// Set if its time was up before it answered.
    pub(super) is_overdue: bool,
    /// Set if a KILL was sent, which may end the next question instead.
    pub(super) has_killed: bool,
}

/// Opens a second connection to the process in which `server` was found. Fails if it reaches another process, where the same
/// number means another session.
pub(super) async fn second_on(
    url: &DatabaseUrl,
    server: &Server,
) -> Result<MySqlConnection, BackendError> {
    let unreachable = |reason: &str| BackendError::Unreachable {
        url: url.to_string(),
        reason: reason.to_owned(),
    };
    let connecting = async {
        let mut second = connect::second(url).await?;
        match Server::look(&mut second).await {
            Ok(found) if found.is_same_process(server) => Ok(second),
            Ok(_) => Err(unreachable("a second connection leads to another server")),
            Err(_) => Err(unreachable("a second connection was lost")),
        }
    };
    let connected = timeout(SECOND_TIME, connecting).await;
    connected.unwrap_or_else(|_| Err(unreachable("a second connection was not answered")))
}

impl Watch {
    pub(super) fn new(
        url: &DatabaseUrl,
        server: &Server,
        time: Option<Duration>,
        lock_wait: Duration,
    ) -> Self {
        // Zero is no bound, as servers have it.
        let time = time.filter(|time| !time.is_zero());
        let patience = time.map_or(lock_wait, |time| time.min(lock_wait));
        let look_time = FIRST_LOOK.min(patience / 2).max(LOOK_TIME_MIN);
        let began = Instant::now();
        Self {
            url: url.clone(),
            server: server.clone(),
            began,
            time,
            look_time,
            next_look: began + look_time,
            second: None,
            blockers: None,
            is_overdue: false,
            has_killed: false,
        }
    }

    /// Returns how long the statement has been in flight.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Watches `work`, which is (a part of) running `sql`, until it ends. Returns `None` if its time is up and it could not be
    /// ended. The call is then cut off, and the rollback ends it.
    pub(super) async fn over<T>(&mut self, sql: &str, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            let end = self.time.map(|time| self.began + time);
            let next = end.map_or(self.next_look, |end| end.min(self.next_look));
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = sleep_until(next) => {}
            }
            if end.is_some_and(|end| end <= Instant::now()) {
                break;
            }
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = self.look(sql) => {}
            }
            self.look_time = (self.look_time * 2).min(LOOK_TIME_MAX);
            self.next_look = Instant::now() + self.look_time;
        }
        self.is_overdue = true;
        // Only for the message: its time is up in any case.
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            _ = timeout(KILL_AGAIN, self.look(sql)) => {}
        }
        self.end(work).await
    }

    /// Ends the statement that `work` waits for, and waits until it has answered.
    async fn end<T>(&mut self, mut work: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let deadline = Instant::now() + END_TIME;
        let mut second = match self.second.take() {
            Some(second) => second,
            None => tokio::select! {
                biased;
                done = &mut work => return Some(done),
                second = self.connected() => second?,
            },
        };
        loop {
            self.has_killed = true;
            let mut done = None;
            let killed = {
                let id = self.server.connection_id;
                let kill = timeout(SECOND_TIME, sessions::kill(&mut second, "QUERY", id));
                let mut kill = pin!(kill);
                tokio::select! {
                    answer = &mut work => {
                        done = Some(answer);
                        // To the end: it must not meet the next statement.
                        kill.await
                    }
                    killed = &mut kill => killed,
                }
            };
            let has_arrived = matches!(killed, Ok(Ok(())));
            if done.is_some() && has_arrived {
                return done;
            }
            // A KILL that may still be in flight would end the next statement, so the session counts as cut off.
            if !has_arrived || Instant::now() > deadline {
                return None;
            }
            tokio::select! {
                answer = &mut work => return Some(answer),
                () = sleep(KILL_AGAIN) => {}
            }
        }
    }

    /// Opens a second connection, and retries for a while: the server may have too many just now.
    async fn connected(&self) -> Option<MySqlConnection> {
        let deadline = Instant::now() + SECOND_TIME;
        loop {
            match second_on(&self.url, &self.server).await {
                Ok(second) => return Some(second),
                Err(_) if Instant::now() > deadline => return None,
                Err(_) => sleep(KILL_AGAIN / 4).await,
            }
        }
    }

    /// Notes what the statement waits for. If this is dropped half-way, its connection is not used again.
    async fn look(&mut self, sql: &str) {
        let second = match self.second.take() {
            Some(second) => Ok(second),
            None => second_on(&self.url, &self.server).await,
        };
        let Ok(mut second) = second else { return };
        let (dialect, id) = (self.server.dialect, self.server.connection_id);
        self.blockers = blocker::blockers(&mut second, dialect, id, sql).await;
        self.second = Some(second);
    }
}
