//! Runs a hook of a component that is known to be SQL, as its code would, and without it: nothing is compiled, and there
//! is no instance.
//!
//! The caller knows what the component hands over. What comes of it is the same in both ways, which a test compares.

use super::{
    Limits,
    call::{Call, Ended, Hook, StepAnswer},
    error::HookError,
    gate::Gate,
    log::LogSink,
    statements::Statements,
};
use crate::session::SqlError;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// What a hook of SQL does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// Hands this text to `execute-script`.
    Text(Arc<str>),
    /// Runs this statement, if it is not empty, with `execute`: a step, which is the last one if no row was affected.
    Step(Arc<str>),
    Nothing,
    /// The component has no such alteration or hook, and would trap.
    Missing,
}

/// As the component's code writes it: a running count of rows, little-endian.
const STATE_BYTES: usize = 8;

/// Runs to the hook's end, which waits for the gate to open.
pub(super) async fn call(
    limits: Arc<Limits>,
    script: Script,
    call: Call,
    gate: Arc<Gate>,
) -> Ended {
    let log = Arc::new(LogSink::new(call.observer, limits.log_lines_max));
    let mut statements = Statements::new(Arc::clone(&gate), Arc::clone(&log));
    let limit = Duration::from_millis(limits.timeout_ms);
    let limit = call.timeout.map_or(limit, |shorter| shorter.min(limit));
    gate.session().await;
    log.release();
    let began = Instant::now();
    let ran = timeout(limit, run(&mut statements, &limits, &script, &call.hook)).await;
    let spent = began.elapsed();
    log.close();
    let result = match ran {
        Err(_elapsed) => Err(HookError::Timeout {
            timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        }),
        Ok(ended) => ended,
    };
    let mut counts = statements.counts;
    counts.duration_ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
    (counts, result)
}

async fn run(
    statements: &mut Statements,
    limits: &Limits,
    script: &Script,
    hook: &Hook,
) -> Result<StepAnswer, HookError> {
    match script {
        Script::Nothing => Ok(StepAnswer::Finished),
        Script::Missing => Err(trapped()),
        Script::Text(sql) => {
            bounded(limits, sql)?;
            let ran = statements.execute_script(sql).await;
            ran.map_err(|error| failed(statements, sql, error))?;
            Ok(StepAnswer::Finished)
        }
        Script::Step(sql) => {
            bounded(limits, sql)?;
            let before = match hook {
                Hook::Step(Some(state)) => count(state)?,
                _ => 0,
            };
            let rows = match &**sql {
                "" => 0,
                sql => {
                    let ran = statements.execute(sql, Vec::new()).await;
                    ran.map_err(|error| failed(statements, sql, error))?.rows_affected
                }
            };
            if rows == 0 {
                return Ok(StepAnswer::Finished);
            }
            let done = before.wrapping_add(rows);
            Ok(StepAnswer::More { state: done.to_le_bytes().to_vec(), done, total: None })
        }
    }
}

/// Refuses a text that is longer than the arguments of one call may be.
fn bounded(limits: &Limits, sql: &str) -> Result<(), HookError> {
    let bytes_max = limits.result_bytes_max;
    if sql.len() > bytes_max { Err(HookError::Arguments { bytes_max }) } else { Ok(()) }
}

/// Returns the rows that the steps before have affected. A state is what the step before returned; any other traps.
fn count(state: &[u8]) -> Result<u64, HookError> {
    let state: [u8; STATE_BYTES] = state.try_into().map_err(|_| trapped())?;
    Ok(u64::from_le_bytes(state))
}

fn trapped() -> HookError {
    HookError::Trapped("wasm `unreachable` instruction executed".to_owned())
}

fn failed(statements: &mut Statements, sql: &str, error: SqlError) -> HookError {
    statements.fail(sql, error);
    match statements.failed.take() {
        Some(failed) => HookError::Statement(failed),
        None => trapped(),
    }
}
