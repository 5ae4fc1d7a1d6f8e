//! Watches the session of a part from beside: whether it holds others up, and whether its end comes to an end.
//!
//! ```text
//!   the part's session   ── hook ───────────── checks ─ record ─ COMMIT ──
//!   beside it              look, look … ends it where others waited for too long, or where a check does not give way
//! ```
//!
//! Only where the server shows who waits for whom: see [`Beside`]. A look that fails is left out: it guards others, and
//! nothing of the record depends on it.

use super::{Backend, Waiting};
use alteration_database::backend::beside::Beside;
use std::{collections::BTreeMap, fmt, pin::pin, time::Duration};
use tokio::time::{Instant, sleep_until, timeout};

const LOOK_TIME_MIN: Duration = Duration::from_millis(100);
const LOOK_TIME_MAX: Duration = Duration::from_secs(1);
/// When to look again after a look that failed.
const FAILED_PAUSE: Duration = Duration::from_secs(10);
/// Beyond the time for checks, which the server itself bounds.
const GRACE: Duration = Duration::from_secs(2);
/// How long a statement may take to give way before its session is ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// Deferred triggers run, and then what they deferred themselves, each in the time for checks.
const CHECKS: u32 = 2;

/// Others waited for a lock of a hook's for longer than they may have to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldUp {
    /// The longest that one of them was seen to wait.
    pub waited: Duration,
    pub waiting: Vec<Waiting>,
}

/// Why a part was ended from beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intervention {
    HeldUp(HeldUp),
    /// What the hook deferred to its end did not end in its time.
    Overdue(Duration),
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeldUp(HeldUp { waited, waiting }) => {
                let table = waiting.iter().find_map(|waiting| waiting.table.as_deref());
                let table = table.map(|table| format!(" on `{table}`")).unwrap_or_default();
                let sessions = match waiting.len() {
                    1 => "another session".to_owned(),
                    more => format!("{more} other sessions"),
                };
                write!(f, "held a lock{table} that {sessions} waited {} s for", waited.as_secs())
            }
            Self::Overdue(time) => write!(
                f,
                "the checks and triggers that the hook deferred to its end did not end in {} s",
                time.as_secs_f64()
            ),
        }
    }
}

/// Watches one part's session.
pub struct Oversight {
    session: Box<dyn Beside>,
    /// The operator's: what is shown of others depends on who asks.
    reader: Box<dyn Beside>,
    /// How long others may have to wait; `None` for as long as it takes.
    limit: Option<Duration>,
    /// For what the hook deferred.
    check_time: Duration,
    since: BTreeMap<i64, Instant>,
    next_look: Instant,
    intervened: Option<Intervention>,
}

impl Backend {
    /// Watches the session that the part at hand works on; `None` where the server does not show who waits for it.
    pub async fn oversight(&self, limit: Option<Duration>) -> Option<Oversight> {
        let reader = self.connection.as_ref()?.lock().await.beside()?;
        let confined = match &self.confined {
            Some(confined) => confined.beside().await,
            None => None,
        };
        let session = match confined {
            Some(session) => session,
            None => self.connection.as_ref()?.lock().await.beside()?,
        };
        let check_time = self.options.check_time;
        let next_look = Instant::now() + look_time(limit);
        let since = BTreeMap::new();
        Some(Oversight { session, reader, limit, check_time, since, next_look, intervened: None })
    }
}

impl Oversight {
    /// Returns when others have waited for too long; never where they may.
    pub async fn held_up(&mut self) -> Intervention {
        let Some(limit) = self.limit else { return std::future::pending().await };
        loop {
            sleep_until(self.next_look).await;
            let session = self.session.session();
            let waiting = self.reader.waiting_for(session).await;
            let now = Instant::now();
            let Ok(waiting) = waiting else {
                self.next_look = now + FAILED_PAUSE;
                continue;
            };
            self.next_look = now + look_time(self.limit);
            self.since = waiting
                .iter()
                .map(|waiting| (waiting.session, *self.since.get(&waiting.session).unwrap_or(&now)))
                .collect();
            let waited = self.since.values().map(|since| now - *since).max().unwrap_or_default();
            if waited >= limit {
                return Intervention::HeldUp(HeldUp { waited, waiting });
            }
        }
    }

    /// Accompanies the end of a part, whose own statements time-outs of the connection bound.
    pub async fn over<T>(&mut self, end: impl Future<Output = T>) -> T {
        let mut end = pin!(end);
        let time = self.check_time;
        let mut deadline = Instant::now() + time.saturating_mul(CHECKS) + GRACE;
        let intervention = loop {
            tokio::select! {
                biased;
                done = &mut end => return done,
                held_up = self.held_up() => break held_up,
                () = sleep_until(deadline) => {}
            }
            // A commit that waits for the disk or a standby is bounded as an answer of the server is.
            match self.session.is_committing().await {
                Ok(false) => break Intervention::Overdue(time),
                Ok(true) | Err(_) => deadline = Instant::now() + LOOK_TIME_MAX,
            }
        };
        self.intervened = Some(intervention);
        // Whether or not it can be told: the connection's own bound is left.
        let _ = self.session.cancel().await;
        if let Ok(done) = timeout(PATIENCE, &mut end).await {
            return done;
        }
        let _ = self.session.end().await;
        end.await
    }

    /// Returns why the end of the part was broken off, if it was.
    pub fn intervened(self) -> Option<Intervention> {
        self.intervened
    }
}

fn look_time(limit: Option<Duration>) -> Duration {
    (limit.unwrap_or(LOOK_TIME_MAX) / 10).clamp(LOOK_TIME_MIN, LOOK_TIME_MAX)
}
