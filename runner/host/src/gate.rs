//! Where a hook waits for its turn: a guest may run before, but nobody hears of it.
//!
//! Everything that leaves a guest's sandbox passes here first: statements, log lines, how it ended.

use crate::session::SharedSession;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::Poll,
};
use tokio::sync::SetOnce;

#[derive(Default)]
pub(super) struct Gate {
    session: SetOnce<SharedSession>,
    /// Somebody waits for it to open.
    is_wanted: AtomicBool,
    is_abandoned: AtomicBool,
}

impl Gate {
    /// From here on the hook works on `session`. Only the first time counts.
    pub(super) fn open(&self, session: SharedSession) {
        let _ = self.session.set(session);
    }

    /// The session, once it is the hook's turn.
    pub(super) async fn session(&self) -> &SharedSession {
        if self.session.get().is_none() {
            self.is_wanted.store(true, Ordering::Relaxed);
        }
        self.session.wait().await
    }

    /// Nobody will ask for the end of this hook any more.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Runs `work` until it is done, or has to do with its turn: it waits for it, has it already, or
    /// will never get it. Its result if it is done.
    ///
    /// A guest that computes without end is looked at too, because it gives way at each tick.
    pub(super) async fn until_due<F: Future + ?Sized>(
        &self,
        mut work: Pin<&mut F>,
    ) -> Option<F::Output> {
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.is_due() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn is_due(&self) -> bool {
        self.session.get().is_some()
            || self.is_wanted.load(Ordering::Relaxed)
            || self.is_abandoned.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn work_is_handed_back_where_it_waits() {
        let gate = Gate::default();
        let mut waits = pin!(async { gate.session().await.lock().await.dialect() });
        assert_eq!(gate.until_due(waits.as_mut()).await, None);
    }

    #[tokio::test]
    async fn work_that_is_done_is_not_kept() {
        let gate = Gate::default();
        let mut done = pin!(async {
            yield_now().await;
            1
        });
        assert_eq!(gate.until_due(done.as_mut()).await, Some(1));
    }

    #[tokio::test]
    async fn abandoned_work_is_ended_at_its_next_tick() {
        let gate = Gate::default();
        gate.abandon();
        let mut endless = pin!(async {
            loop {
                yield_now().await;
            }
        });
        let ended: Option<()> = gate.until_due(endless.as_mut()).await;
        assert_eq!(ended, None);
    }
}
