//! Runs one hook: a store of its own, bounded in time and memory, dropped afterwards.

use super::{
    Limits,
    bindings::{
        exports::runner::alteration::backfill::{Checkpoint, StepResult},
        runner::alteration::types as wit,
    },
    error::{HookError, cut},
    gate::Gate,
    load::Loaded,
    log::{HookObserver, Level, LogSink, LogStream},
    state::{HookState, MemoryLimiter},
    statements::Statements,
    synchronous::TRAP_NAME,
    wasi,
};
use crate::{
    alteration::{AlterationId, Handed, Permissions},
    entropy::{Entropy, EntropySource},
    session::Counts,
};
use std::{
    collections::BTreeMap,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{task::spawn_blocking, time::timeout};
use wasmtime::{Store, Trap, UpdateDeadline, WasmBacktrace, component::ResourceTable};

/// A backfill's state is written with each step.
const CHECKPOINT_BYTES_MAX: usize = 1 << 20;

/// Which function of the guest to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    BeforeUp,
    Up,
    BeforeDown,
    Down,
    /// With the guest's own state of the step before; none at the first.
    Step(Option<Vec<u8>>),
}

impl Hook {
    /// As the WIT package calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BeforeUp => "before-up",
            Self::Up => "up",
            Self::BeforeDown => "before-down",
            Self::Down => "down",
            Self::Step(_) => "step",
        }
    }
}

/// What a backfill says after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAnswer {
    More { state: Vec<u8>, done: u64, total: Option<u64> },
    Finished,
}

/// One hook to call.
pub struct Call {
    pub hook: Hook,
    pub id: AlterationId,
    pub permissions: Permissions,
    pub settings: Handed,
    pub entropy: Entropy,
    pub observer: HookObserver,
    /// Less time than the limits give.
    pub timeout: Option<Duration>,
}

/// What a hook counted, and how it ended.
pub type Ended = (Counts, Result<StepAnswer, HookError>);

/// Runs to the hook's end, which waits for the gate to open.
pub(super) async fn call(
    limits: Arc<Limits>,
    loaded: Arc<Loaded>,
    call: Call,
    gate: Arc<Gate>,
) -> Ended {
    let place = loaded.places.take().await;
    let log = Arc::new(LogSink::new(call.observer, limits.log_lines_max));
    let stdout = LogStream::new(&log, Level::Info);
    let stderr = LogStream::new(&log, Level::Warn);
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles_max);
    let mut store = Store::new(
        loaded.pre.engine(),
        HookState {
            statements: Statements::new(Arc::clone(&gate), Arc::clone(&log)),
            limits: Arc::clone(&limits),
            permissions: call.permissions,
            settings: call.settings,
            undeclared: None,
            writers_open: 0,
            cursors: BTreeMap::new(),
            entropy: EntropySource::new(call.entropy),
            memory: MemoryLimiter::new(&limits),
            table,
            wasi: wasi::context(&stdout, &stderr),
        },
    );
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(limits.result_bytes_max);
    // Giving way at each tick lets the time-out below end even a loop that calls nothing.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));

    let limit = Duration::from_millis(limits.timeout_ms);
    let limit = call.timeout.map_or(limit, |shorter| shorter.min(limit));
    let (ran, spent) = {
        let mut running = pin!(run(&mut store, &loaded, call.hook, &call.id));
        let mut began = Instant::now();
        let early = timeout(limit, gate.until_due(running.as_mut())).await;
        let ahead = began.elapsed();
        gate.session().await;
        log.release();
        // The time of its own turn and what it took before; not how long it waited in between.
        began = Instant::now();
        let ran = match early {
            Ok(None) => timeout(limit.saturating_sub(ahead), running).await,
            Ok(Some(ran)) => Ok(ran),
            Err(elapsed) => Err(elapsed),
        };
        (ran, ahead + began.elapsed())
    };
    stdout.close();
    stderr.close();
    let state = store.data_mut();
    // Cursors that the guest forgot are closed with the hook.
    while let Some((handle, _)) = state.cursors.first_key_value() {
        state.close_cursor(*handle);
    }
    log.close();
    let result = match ran {
        Err(_elapsed) => Err(HookError::Timeout {
            timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        }),
        Ok(Err(error)) => Err(trapped(state, &limits, &error)),
        Ok(Ok(answer)) => judge(state, answer),
    };
    let mut counts = state.statements.counts;
    counts.duration_ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
    // Giving a large memory back takes a while, which the next hook need not wait for.
    spawn_blocking(move || {
        drop(store);
        drop(place);
    });
    (counts, result)
}

/// Hooks other than `step` have nothing to say beyond that they are finished.
async fn run(
    store: &mut Store<HookState>,
    loaded: &Loaded,
    hook: Hook,
    id: &AlterationId,
) -> wasmtime::Result<Result<StepAnswer, wit::Error>> {
    let instance = loaded.pre.instantiate_async(&mut *store).await?;
    let finished = |answer: Result<(), wit::Error>| answer.map(|()| StepAnswer::Finished);
    let id = id.as_str();
    let missing = || wasmtime::Error::msg("the component does not export this hook");
    match hook {
        Hook::Up => {
            let hooks = loaded.hooks.load(&mut *store, &instance)?;
            Ok(finished(hooks.call_up(&mut *store, id).await?))
        }
        Hook::Down => {
            let hooks = loaded.hooks.load(&mut *store, &instance)?;
            Ok(finished(hooks.call_down(&mut *store, id).await?))
        }
        Hook::BeforeUp => {
            let indices = loaded.preparation.as_ref().ok_or_else(missing)?;
            let preparation = indices.load(&mut *store, &instance)?;
            Ok(finished(preparation.call_before_up(&mut *store, id).await?))
        }
        Hook::BeforeDown => {
            let indices = loaded.preparation.as_ref().ok_or_else(missing)?;
            let preparation = indices.load(&mut *store, &instance)?;
            Ok(finished(preparation.call_before_down(&mut *store, id).await?))
        }
        Hook::Step(state) => {
            let indices = loaded.backfill.as_ref().ok_or_else(missing)?;
            let backfill = indices.load(&mut *store, &instance)?;
            let answer = backfill.call_step(&mut *store, id, state.as_deref()).await?;
            Ok(answer.map(|answer| match answer {
                StepResult::Finished => StepAnswer::Finished,
                StepResult::More(Checkpoint { state, done, total }) => {
                    StepAnswer::More { state, done, total }
                }
            }))
        }
    }
}

/// Judges a hook that came to its end.
fn judge(
    state: &mut HookState,
    answer: Result<StepAnswer, wit::Error>,
) -> Result<StepAnswer, HookError> {
    match (answer, state.statements.failed.take()) {
        (Ok(StepAnswer::More { state, .. }), None) if state.len() > CHECKPOINT_BYTES_MAX => {
            Err(HookError::Checkpoint { bytes: state.len(), bytes_max: CHECKPOINT_BYTES_MAX })
        }
        (Ok(answer), None) if state.writers_open == 0 => Ok(answer),
        (Ok(_), None) => Err(HookError::UnfinishedWriter(state.writers_open)),
        (Ok(_), Some(failed)) => Err(HookError::Ignored(failed)),
        (Err(returned), Some(failed)) => {
            // Guests often wrap the error; what they add is worth a line of its own.
            if !failed.error.message.contains(&returned.message)
                && !returned.message.contains(&failed.error.message)
            {
                state.statements.log.line(Level::Error, &returned.message);
            }
            Err(HookError::Statement(failed))
        }
        (Err(returned), None) => Err(HookError::Returned(super::error::cut(returned.message))),
    }
}

fn trapped(state: &mut HookState, limits: &Limits, error: &wasmtime::Error) -> HookError {
    if let Some(undeclared) = state.undeclared.take() {
        return undeclared;
    }
    if let Some(waited) = asynchronous(error) {
        return HookError::Absent(waited);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => HookError::Stack { bytes_max: limits.stack_bytes_max },
        _ if state.memory.refused => HookError::Memory { bytes_max: limits.memory_bytes_max },
        _ if error.chain().any(|cause| cause.to_string().contains("allocated for hostcalls")) => {
            HookError::Arguments { bytes_max: limits.result_bytes_max }
        }
        _ => match state.statements.failed.take() {
            // Guests in some languages abort on an error that nobody caught.
            Some(failed) => HookError::Statement(failed),
            None if is_out_of_address_space(error) => HookError::AddressSpace(root_cause(error)),
            None => HookError::Trapped(root_cause(error)),
        },
    }
}

/// Returns what the hook wanted to wait for, where it called one of the traps in its place.
fn asynchronous(error: &wasmtime::Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let name = frames.first()?.func_name()?;
    let is_trap = error.downcast_ref::<Trap>() == Some(&Trap::UnreachableCodeReached);
    (is_trap && name.starts_with(TRAP_NAME)).then(|| cut(name.to_owned()))
}

/// Returns whether the operating system refused a mapping, which no guest can make it say.
fn is_out_of_address_space(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
        let own = cause.downcast_ref::<rustix::io::Errno>().map(|errno| errno.raw_os_error());
        io.or(own) == Some(rustix::io::Errno::NOMEM.raw_os_error())
    })
}

fn root_cause(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    }
}
