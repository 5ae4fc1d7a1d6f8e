//! Runners at work, and what tests wait for while they work.
//!
//! Nothing is timed: each step waits until the server shows what it waits for.

use crate::support::{Run, Sandbox};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

/// Waits for a condition.
pub fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Starts the runner.
pub fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the runner starts")
}

/// Waits until the runner ends.
pub fn ended(child: Child) -> Run {
    child.wait_with_output().expect("it ends").into()
}

/// Sends a signal to the runner.
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).expect("it is there");
}

/// Runs `body`, then `release`, also if `body` panics: a test that fails must not wait for what it holds.
pub fn with_release(release: &dyn Fn(), body: impl FnOnce()) {
    let body = catch_unwind(AssertUnwindSafe(body));
    release();
    if let Err(panic) = body {
        resume_unwind(panic);
    }
}
