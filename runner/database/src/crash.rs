//! Crash points: places where a test kills this process, to prove that nothing is lost.
//!
//! Compiled to nothing unless the feature `crash-points` is on, which only the tests turn on.

/// Marks a place where the process may die.
///
/// With the feature on, every point is counted; the process kills itself with SIGKILL at the
/// point whose number stands in `RUNNER_CRASH_AT`, and appends each point's name to the file
/// named by `RUNNER_CRASH_TRACE`.
#[cfg(feature = "crash-points")]
pub fn point(name: &str) {
    use std::{io::Write, sync::atomic::AtomicU64, sync::atomic::Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if let Ok(trace) = std::env::var("RUNNER_CRASH_TRACE")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(trace)
    {
        // A trace that cannot be written shows as a missing line in the test that reads it.
        let _ = writeln!(file, "{number} {name}");
    }
    if std::env::var("RUNNER_CRASH_AT").is_ok_and(|at| at == number.to_string()) {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal is delivered before the process goes on; nothing may run after it.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(not(feature = "crash-points"))]
pub fn point(_name: &str) {}

/// Returns whether a test counts the points of this process, and so wants the same ones in each run.
pub fn is_watched() -> bool {
    #[cfg(feature = "crash-points")]
    return ["RUNNER_CRASH_TRACE", "RUNNER_CRASH_AT"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    #[cfg(not(feature = "crash-points"))]
    false
}

/// Marks the moment before a message goes to the database.
pub fn before(_sql: &str) {
    #[cfg(feature = "crash-points")]
    point(&format!("before {}", excerpt(_sql)));
}

/// Marks the moment after the database has answered.
pub fn after(_sql: &str) {
    #[cfg(feature = "crash-points")]
    point(&format!("after {}", excerpt(_sql)));
}

/// The beginning of a statement on one line, so that a trace says which call it was.
#[cfg(feature = "crash-points")]
fn excerpt(sql: &str) -> String {
    const CHARS_MAX: usize = 100;
    let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(CHARS_MAX).collect()
}
