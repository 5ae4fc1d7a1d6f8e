//! WASI with nothing in it: no files, environment or network, and clocks that stand still.
//!
//! Language runtimes import WASI whether they need it or not, so it has to be there. What it
//! gives is the same at every call, because a hook must do the same when it is run again.

use super::log::LogStream;
use std::time::Duration;
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, random::Deterministic,
};

/// Random bytes a guest may ask WASI for in one call.
pub(super) const RANDOM_BYTES_MAX: u64 = 1 << 20;

struct Stopped;

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// 1970-01-01: visibly no real date.
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

pub(super) fn context(stdout: &LogStream, stderr: &LogStream) -> WasiCtx {
    // Bytes that repeat: a guest that takes them for random is noticed in its first test.
    let fixed = || Deterministic::new((0..=255).collect());
    WasiCtxBuilder::new()
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .wall_clock(Stopped)
        .monotonic_clock(Stopped)
        .secure_random(fixed())
        .insecure_random(fixed())
        .insecure_random_seed(0)
        .max_random_size(RANDOM_BYTES_MAX)
        .allow_ip_name_lookup(false)
        .allow_tcp(false)
        .allow_udp(false)
        .build()
}
