//! Interrupts: the first asks the work to stop and roll back, the second ends the process.

use super::{explain::Exit, output};
use alteration_deploy::cancel::{self, Cancelled};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

/// True while the person is asked: then an interrupt is an answer.
pub(super) type Asking = Arc<AtomicBool>;

/// Listens from now on, on a thread of its own: the one that works may be waiting for a person's answer.
pub(super) fn listen() -> (Cancelled, Asking) {
    let (canceller, cancelled) = cancel::pair();
    let asking = Asking::default();
    let asked = Arc::clone(&asking);
    // Without handlers the signals end the process, and the database rolls back.
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return (cancelled, asking);
    };
    let handlers = {
        let _entered = runtime.enter();
        // Before the thread first runs, a signal would end the process where it stands.
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    let (Ok(mut interrupt), Ok(mut terminate)) = handlers else { return (cancelled, asking) };
    std::thread::spawn(move || {
        runtime.block_on(async move {
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
    });
    (cancelled, asking)
}
