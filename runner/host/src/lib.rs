//! The host: loads components and runs their hooks, each in a sandbox of its own.
//!
//! The only place that knows wasmtime. Talks to a database through [`session::Session`] alone, and knows nothing of
//! plans, state or transactions. Internal to the runner of database alterations: the API is not stable.

mod absent;
mod bindings;
mod blowup;
mod cache;
mod call;
mod database;
mod engine;
pub mod entropy;
mod error;
mod exports;
mod gate;
mod guest_services;
mod limits;
mod load;
mod log;
mod offer;
mod pool;
mod prepared;
mod script;
mod state;
mod statements;
mod synchronous;
mod value;
mod versions;
mod wasi;

pub use call::{Call, Ended, Hook, StepAnswer};
pub use error::{FailedStatement, HookError, LoadError};
pub use limits::Limits;
pub use load::Loaded;
pub use log::{HookObserver, Level};
pub use prepared::Prepared;
pub use script::Script;

use alteration::Checksum;
use alteration_domain::{alteration, escape};
use alteration_sql as sql;
use cache::Cache;
use offer::Offer;
use pool::Places;
use state::HookState;
use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};
use wasmtime::{Engine, component::Linker};

/// What a hook can do to a database, and how a backend and the host share it.
pub mod session {
    pub use alteration_domain::session::*;
    use std::sync::Arc;

    /// A session that a backend and a hook call hold together. The backend gets it back even when
    /// the call is cancelled half-way.
    pub type SharedSession = Arc<tokio::sync::Mutex<dyn Session>>;
}

/// What a hook reports while it runs. All text is the guest's: escape it before printing.
#[derive(Debug, Clone, Copy)]
pub enum HookEvent<'a> {
    Log {
        level: Level,
        message: &'a str,
    },
    Progress {
        done: u64,
        total: Option<u64>,
    },
    /// A statement was run; `rows` were returned or affected.
    Statement {
        sql: &'a str,
        rows: u64,
    },
}

/// What hooks run with; cheap to clone. The engine is made for the first component that needs it.
#[derive(Clone)]
pub struct Host {
    machine: Arc<OnceLock<Result<Machine, String>>>,
    cache_folder: Option<Arc<Path>>,
    limits: Arc<Limits>,
}

/// One engine with its settings.
struct Machine {
    engine: Engine,
    linker: Linker<HookState>,
    offer: Offer,
    cache: Option<Cache>,
    places: Places,
}

impl Machine {
    fn new(limits: &Limits, cache_folder: Option<&Path>) -> Result<Self, LoadError> {
        let engine = engine::engine(limits)?;
        Ok(Self {
            linker: load::linker(&engine)?,
            engine,
            offer: Offer::new(),
            cache: cache_folder.and_then(Cache::open),
            places: Places::new(),
        })
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Host {
    /// The version of the WIT package that hooks are called with.
    pub fn wit_version(&self) -> &'static str {
        offer::WIT_VERSION
    }

    /// Returns how long compiling one component may take.
    pub fn compile_time(&self) -> Duration {
        Duration::from_millis(self.limits.compile_time_ms)
    }

    /// `cache_folder` keeps compiled components; `None` compiles every time.
    pub fn new(limits: Limits, cache_folder: Option<&Path>) -> Self {
        let cache_folder = cache_folder.map(Arc::from);
        Self { machine: Arc::default(), cache_folder, limits: Arc::new(limits) }
    }

    fn machine(&self) -> Result<&Machine, LoadError> {
        let made = self.machine.get_or_init(|| {
            let made = Machine::new(&self.limits, self.cache_folder.as_deref());
            made.map_err(|error| match error {
                LoadError::Engine(reason) => reason,
                error => error.to_string(),
            })
        });
        made.as_ref().map_err(|reason| LoadError::Engine(reason.clone()))
    }

    /// Compiles, checks and links a component without running any of it. Takes CPU time: call it
    /// where blocking is allowed.
    pub fn load(&self, bytes: &[u8], checksum: Checksum) -> Result<Loaded, LoadError> {
        load::load(self.machine()?, bytes, checksum, self.limits.code_bytes_max)
    }

    /// Makes a hook of a loaded component ready to be called.
    pub fn prepare(&self, loaded: &Arc<Loaded>, call: Call) -> Prepared {
        Prepared::new(&self.limits, loaded, call)
    }

    /// Makes a hook of a component that is known to be SQL ready to be called.
    pub fn prepare_script(&self, script: Script, call: Call) -> Prepared {
        Prepared::of_script(&self.limits, script, call)
    }
}
