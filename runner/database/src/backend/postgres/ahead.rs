//! The next transaction, begun in the message that commits the one before it: a round trip less for each attempt.
//!
//! ```text
//!   finish(End { then })    checks · record · COMMIT · what a hook left is reset · BEGIN · own statements · the hook is entered
//!   start(the same)         answered from what the server said then
//!   anything else           ROLLBACK first
//! ```
//!
//! Nothing depends on it: where it cannot be, or fails, the transaction begins in its own turn and says why.

use super::{
    PostgresConnection,
    hook::Entering,
    message::Reply,
    own::{Follows, Outgoing, goes_beside},
    state::State,
};
use crate::backend::{
    BackendError,
    connection::Transactions as _,
    transaction::{Guest, Start, TxError},
};
use std::time::{Duration, Instant};

/// How long transactions follow each other without a pause: between two of them a server counts what was written, which
/// decides what it vacuums, and to it the time of day in a transaction is that of the message.
pub(super) const CHAIN_MAX: Duration = Duration::from_secs(1);

/// A transaction that goes to the server behind a COMMIT.
pub(super) struct Ahead {
    start: Start,
    out: Outgoing,
    entering: Option<Entering>,
    /// What the connection is in once all of it is answered.
    state: State,
}

impl PostgresConnection {
    /// Prepares `start` to be begun behind the COMMIT of the hook that is at work, if that can be.
    pub(super) fn ahead(&mut self, start: Start) -> Option<Ahead> {
        let is_rested = self.chained.is_none_or(|since| since.elapsed() < CHAIN_MAX);
        // The server reads the message as the hook left `client_encoding`: names beyond ASCII could come out garbled.
        let is_plain = self.config.search_path.is_ascii() && self.config.prefix.is_ascii();
        let goes_along = matches!(start.guest, Guest::Enters(_))
            && !start.own.iter().any(goes_beside)
            && !self.is_pooled
            && self.watch.is_none();
        if !is_rested || !is_plain || !goes_along {
            return None;
        }
        let now = self.state.clone();
        self.state.left();
        self.state.ended();
        self.state.settled();
        let mut out = Outgoing::of(&start.own);
        self.add_begin(&mut out, start.isolation);
        for (index, own) in start.own.iter().enumerate() {
            self.add_one(&mut out, index, own, Follows::Nothing);
        }
        let entering = match start.guest {
            Guest::Enters(hook) => Some(self.add_enter(&mut out.message, hook)),
            Guest::None | Guest::GoesOn => None,
        };
        let state = std::mem::replace(&mut self.state, now);
        Some(Ahead { start, out, entering, state })
    }

    /// Sends what was added, with `next` behind it: the answers to the one, which are taken, and to the other.
    pub(super) async fn post_before(
        &mut self,
        out: &mut Outgoing,
        next: Option<&mut Ahead>,
    ) -> (Result<Reply, TxError>, Reply) {
        let Some(next) = next else { return (self.post(out).await, Reply::default()) };
        let (mut message, marks) =
            (std::mem::take(&mut out.message), std::mem::take(&mut out.marks));
        let len = message.len();
        message.append(std::mem::take(&mut next.out.message));
        let (reply, answers) = self.exchange(&message, out.longer).await.split(len);
        (self.take(out, &marks, reply), answers)
    }

    /// Takes the answers to what was begun behind a COMMIT that went out at `since`. Rolls it back where anything is not as it
    /// should be. Since when transactions follow each other, if this one does.
    pub(super) async fn take_ahead(
        &mut self,
        next: Ahead,
        answers: Reply,
        since: Instant,
    ) -> Option<Instant> {
        let Ahead { start, mut out, entering, state } = next;
        self.state = state;
        let marks = std::mem::take(&mut out.marks);
        let begun = match self.take(&mut out, &marks, answers) {
            Ok(mut reply) => match entering {
                Some(entering) => self.entered(entering, &mut reply),
                None => Ok(()),
            },
            Err(error) => Err(error.into()),
        };
        if begun.is_ok() && since.elapsed() < CHAIN_MAX {
            self.state.wait_for(start, out.rows);
            return Some(self.chained.unwrap_or(since));
        }
        if self.rollback().await.is_err() {
            // What was committed stands. Whoever comes next is told that the connection is lost.
            self.link.close().await;
        }
        None
    }

    /// Ends what an earlier call left: a statement that still runs, and a transaction that was begun ahead and is not the one
    /// that is wanted now.
    pub(super) async fn ready(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        if self.state.is_ahead() {
            self.rollback().await?;
        }
        Ok(())
    }
}
