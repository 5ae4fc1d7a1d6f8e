//! What is told of attempts that are committed together: only once they are, because the database may roll all of them back.

use crate::{
    alteration::{AlterationKey, Direction},
    event::{Event, Observer},
    host::{HookEvent, Level},
    session::Counts,
};
use std::{
    convert::Infallible,
    future::pending,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A hook that works longer is heard, whatever becomes of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// An observer that can be made to wait.
pub(super) struct Held {
    observer: Observer,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    holds: bool,
    /// What hooks say is passed on, although it is not known what becomes of them.
    is_heard: bool,
    kept: Vec<Kept>,
}

/// An event that waits.
enum Kept {
    Log(AlterationKey, &'static str, Level, String),
    Progress(AlterationKey, &'static str, u64, Option<u64>),
    Statement(AlterationKey, &'static str, String, u64),
    Retrying(AlterationKey, &'static str, String, Duration),
    Finished(AlterationKey, Direction, Counts),
    Failed(AlterationKey, Direction, Counts),
}

impl Held {
    pub(super) fn new(observer: Observer) -> Self {
        Self { observer, state: Mutex::default() }
    }

    /// Passes an event on, or keeps it.
    pub(super) fn tell(&self, event: Event<'_>) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_said = matches!(event, Event::Hook { .. } | Event::Retrying { .. });
        match Kept::of(event).filter(|_| state.holds && !(state.is_heard && is_said)) {
            Some(kept) => state.kept.push(kept),
            None => (self.observer)(event),
        }
    }

    /// Keeps what is told from here on, other than that something begins.
    pub(super) fn hold(&self) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.holds, state.is_heard) = (true, false);
    }

    /// Passes on what was kept: it is committed.
    pub(super) fn release(&self) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in mem::take(state).kept {
            (self.observer)(kept.event());
        }
    }

    /// Forgets what was kept: it is rolled back.
    pub(super) fn discard(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// Lets hooks be heard that work for long. Never completes.
    pub(super) async fn listen(&self) -> Infallible {
        self.listen_after(PATIENCE).await
    }

    async fn listen_after(&self, patience: Duration) -> Infallible {
        tokio::time::sleep(patience).await;
        {
            let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.is_heard = true;
            let (said, ends): (Vec<_>, Vec<_>) =
                mem::take(&mut state.kept).into_iter().partition(Kept::is_said);
            state.kept = ends;
            said.iter().for_each(|kept| (self.observer)(kept.event()));
        }
        pending().await
    }
}

impl Kept {
    fn of(event: Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Hook { key, hook, event } => match event {
                HookEvent::Log { level, message } => {
                    Self::Log(key.clone(), hook, level, message.to_owned())
                }
                HookEvent::Progress { done, total } => {
                    Self::Progress(key.clone(), hook, done, total)
                }
                HookEvent::Statement { sql, rows } => {
                    Self::Statement(key.clone(), hook, sql.to_owned(), rows)
                }
            },
            Event::Retrying { key, hook, reason, pause } => {
                Self::Retrying(key.clone(), hook, reason.to_owned(), pause)
            }
            Event::Finished { key, direction, counts } => {
                Self::Finished(key.clone(), direction, counts)
            }
            Event::Failed { key, direction, counts } => {
                Self::Failed(key.clone(), direction, counts)
            }
            _ => return None,
        })
    }

    fn event(&self) -> Event<'_> {
        let hook = |key, hook, event| Event::Hook { key, hook, event };
        match self {
            Self::Log(key, name, level, message) => {
                hook(key, name, HookEvent::Log { level: *level, message })
            }
            Self::Progress(key, name, done, total) => {
                hook(key, name, HookEvent::Progress { done: *done, total: *total })
            }
            Self::Statement(key, name, sql, rows) => {
                hook(key, name, HookEvent::Statement { sql, rows: *rows })
            }
            Self::Retrying(key, hook, reason, pause) => {
                Event::Retrying { key, hook, reason, pause: *pause }
            }
            Self::Finished(key, direction, counts) => {
                Event::Finished { key, direction: *direction, counts: *counts }
            }
            Self::Failed(key, direction, counts) => {
                Event::Failed { key, direction: *direction, counts: *counts }
            }
        }
    }

    fn is_said(&self) -> bool {
        !matches!(self, Self::Finished(..) | Self::Failed(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn held() -> (Held, Arc<Mutex<Vec<String>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&seen);
        let held = Held::new(Arc::new(move |event| {
            copy.lock().unwrap().push(match event {
                Event::Hook { event: HookEvent::Log { message, .. }, .. } => message.to_owned(),
                Event::Finished { key, .. } => format!("finished {key}"),
                _ => "other".to_owned(),
            });
        }));
        (held, seen)
    }

    fn log(held: &Held, message: &str) {
        let key = key();
        let event = HookEvent::Log { level: Level::Info, message };
        held.tell(Event::Hook { key: &key, hook: "up", event });
    }

    fn finish(held: &Held) {
        let (key, counts) = (key(), Counts::default());
        held.tell(Event::Finished { key: &key, direction: Direction::Up, counts });
    }

    fn key() -> AlterationKey {
        AlterationKey { plugin: "a/b".parse().unwrap(), id: "1-x".parse().unwrap() }
    }

    #[test]
    fn what_is_committed_is_told_in_its_order() {
        let (held, seen) = held();
        log(&held, "before");
        held.hold();
        log(&held, "one");
        finish(&held);
        log(&held, "two");
        assert_eq!(*seen.lock().unwrap(), ["before"]);
        held.release();
        log(&held, "after");
        assert_eq!(*seen.lock().unwrap(), ["before", "one", "finished a/b 1-x", "two", "after"]);
    }

    #[test]
    fn what_is_rolled_back_is_not_told() {
        let (held, seen) = held();
        held.hold();
        finish(&held);
        held.discard();
        log(&held, "again");
        assert_eq!(*seen.lock().unwrap(), ["again"]);
    }

    #[tokio::test]
    async fn a_hook_that_works_for_long_is_heard_and_its_end_is_not() {
        let (held, seen) = held();
        held.hold();
        log(&held, "one");
        finish(&held);
        let listening = held.listen_after(Duration::ZERO);
        let heard = async {
            while seen.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            never = listening => match never {},
            () = heard => {}
        }
        log(&held, "two");
        assert_eq!(*seen.lock().unwrap(), ["one", "two"]);
        held.release();
        assert_eq!(*seen.lock().unwrap(), ["one", "two", "finished a/b 1-x"]);
    }
}
