//! The WebAssembly engine: which features exist, how deep a stack may grow, and the ticker that
//! makes running code give way.

use super::{Limits, error::LoadError, pool};
use std::time::Duration;
use wasmtime::{Config, Engine, OptLevel, WasmBacktraceDetails};

/// How often running WebAssembly gives way, so that time-outs and interrupts are noticed.
const TICK: Duration = Duration::from_millis(5);
/// What host functions may need on a fiber's stack, beside the guest's own part. SQLite compiles
/// statements there, and recurses over nested ones before it can be stopped; memory that is never
/// touched costs nothing.
const HOST_STACK_BYTES: usize = 64 << 20;

/// Of a memory that maps what it needs: how much more it maps than it was asked for, and what lies behind it.
const GROWTH_BYTES: u64 = 1 << 20;
const GUARD_BYTES: u64 = 64 << 10;

pub(super) fn engine(limits: &Limits) -> Result<Engine, LoadError> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes_max)
        .async_stack_size(limits.stack_bytes_max + HOST_STACK_BYTES)
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // A hook runs once, and the compiler that made it has optimised it: what is waited for is this.
        .cranelift_opt_level(OptLevel::None)
        // A trap names functions, which needs neither tables for addresses nor for other unwinders.
        .generate_address_map(false)
        .native_unwind_info(false);
    // Where address space is short, each hook maps what it needs, and no more: by itself, the engine would
    // take 4 GiB for each memory, so that the first hooks run and a later one does not.
    let engine = Engine::new(&pool::pooled(&config, limits))
        .or_else(|_| {
            let frugal = config
                .memory_reservation(0)
                .memory_reservation_for_growth(GROWTH_BYTES)
                .memory_guard_size(GUARD_BYTES);
            Engine::new(frugal)
        })
        .map_err(|error| LoadError::Engine(format!("{error:#}")))?;
    start_ticker(&engine)?;
    Ok(engine)
}

/// An OS thread, because a busy async runtime could not be relied on to tick. It ends with the
/// engine.
fn start_ticker(engine: &Engine) -> Result<(), LoadError> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("epoch-ticker".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map(|_| ())
        .map_err(|error| LoadError::Engine(error.to_string()))
}
