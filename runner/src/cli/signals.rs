//! Interrupts: the first asks the work to stop and roll back, the second ends the process.

use super::{explain::Exit, output};
use crate::cancel::{self, Cancelled};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::signal::unix::{SignalKind, signal};

/// True while the person is asked: then an interrupt is an answer.
pub(super) type Asking = Arc<AtomicBool>;

/// Listens from now on.
pub(super) fn listen() -> (Cancelled, Asking) {
    let (canceller, cancelled) = cancel::pair();
    let asking = Asking::default();
    let asked = Arc::clone(&asking);
    // Before the task first runs, a signal would end the process where it stands.
    let handlers = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = handlers else {
            // Without handlers the signals end the process, and the database rolls back.
            return std::future::pending().await;
        };
        let mut times = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            times += 1;
            if times > 1 || asked.load(Ordering::SeqCst) {
                let message = match times {
                    1 => "\ninterrupted; nothing was altered",
                    _ => "ended at once; the database rolls back what was not committed",
                };
                output::note(message);
                std::process::exit(Exit::Interrupted as i32);
            }
            output::note("interrupted: rolling back what is running (once more ends at once)");
            canceller.cancel();
        }
    });
    (cancelled, asking)
}
