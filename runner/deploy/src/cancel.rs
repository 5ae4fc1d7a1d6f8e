//! Asking a running deploy to stop: it rolls back what it is doing and says so.

use std::sync::Arc;
use tokio::sync::watch;

/// Asks for the stop. Dropping it asks for nothing.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<watch::Sender<bool>>);

/// Is asked.
#[derive(Debug, Clone)]
pub struct Cancelled(watch::Receiver<bool>);

/// A connected pair.
pub fn pair() -> (Canceller, Cancelled) {
    let (sender, receiver) = watch::channel(false);
    (Canceller(Arc::new(sender)), Cancelled(receiver))
}

impl Canceller {
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancelled {
    /// Never asked to stop.
    pub fn never() -> Self {
        pair().1
    }

    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once asked to stop, and not before.
    pub async fn cancelled(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}
