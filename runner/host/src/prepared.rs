//! A hook that is ready to be called. It may run ahead of its turn, on another thread, while the
//! database works for the one before it: up to where it first needs something.

use super::{
    Limits,
    call::{self, Call, Ended},
    gate::Gate,
    load::Loaded,
    script::{self, Script},
};
use crate::session::SharedSession;
use std::{future::Future, panic::resume_unwind, pin::Pin, sync::Arc};
use tokio::{
    runtime::Handle,
    task::{JoinHandle, spawn_blocking},
};

type Running = Pin<Box<dyn Future<Output = Ended> + Send>>;

enum Place {
    Here(Running),
    /// It has nothing to do before its turn.
    Waiting(Running),
    /// It comes back when it needs its turn.
    Ahead(JoinHandle<Running>),
}

/// Whoever asks for the end of a hook.
struct Asking(Arc<Gate>);

/// A hook before its end. Dropping it ends the guest; the session stays usable for a rollback.
pub struct Prepared {
    asking: Asking,
    place: Place,
}

impl Prepared {
    pub(super) fn new(limits: &Arc<Limits>, loaded: &Arc<Loaded>, call: Call) -> Self {
        let gate = Arc::new(Gate::default());
        let running = call::call(Arc::clone(limits), Arc::clone(loaded), call, Arc::clone(&gate));
        Self { asking: Asking(gate), place: Place::Here(Box::pin(running)) }
    }

    pub(super) fn of_script(limits: &Arc<Limits>, script: Script, call: Call) -> Self {
        let gate = Arc::new(Gate::default());
        let running = script::call(Arc::clone(limits), script, call, Arc::clone(&gate));
        Self { asking: Asking(gate), place: Place::Waiting(Box::pin(running)) }
    }

    /// Lets the guest run until it needs the session or says something. Needs a runtime of tokio.
    #[must_use]
    pub fn ahead(self) -> Self {
        let Place::Here(mut running) = self.place else { return self };
        let (gate, runtime) = (Arc::clone(&self.asking.0), Handle::current());
        let task =
            spawn_blocking(move || match runtime.block_on(gate.until_due(running.as_mut())) {
                Some(ended) => Box::pin(std::future::ready(ended)),
                None => running,
            });
        Self { place: Place::Ahead(task), ..self }
    }

    /// Its turn: runs to its end, and returns what it counted, also when it failed.
    pub async fn run(self, session: SharedSession) -> Ended {
        let Self { asking, place, .. } = self;
        asking.0.open(session);
        let running = match place {
            Place::Here(running) | Place::Waiting(running) => running,
            Place::Ahead(task) => {
                task.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
            }
        };
        running.await
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_ahead = matches!(self.place, Place::Ahead(_));
        f.debug_struct("Prepared").field("is_ahead", &is_ahead).finish_non_exhaustive()
    }
}
