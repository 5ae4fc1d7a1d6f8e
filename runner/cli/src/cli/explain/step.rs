//! An alteration that failed, or was stopped: what is left of it, and the way on.

use super::{
    Explanation,
    backend::backend_advice,
    changed::{LOOK_AGAIN, and_taken_over, changed, note_down, note_lost, perhaps, unfinished},
};
use crate::cli::{command, output};
use alteration_deploy::{
    StepError, StepFailure,
    error::{Changed, Lost},
};
use alteration_domain::{
    alteration::{AlterationKey, Direction},
    escape::{Escaped, EscapedLines},
    plan::cut_off_advice,
};
use alteration_host::HookError;
use alteration_record::{BackendError, HeldUp, Intervention, Stop, Waiting};

pub(super) fn step(explanation: &mut Explanation, failure: &StepFailure) -> String {
    let StepFailure { key, direction, cause, done, lost, left, rehearsed, unrecorded, .. } =
        failure;
    let taken_over = &failure.taken_over;
    explanation.alteration = Some(key.to_string());
    explanation.changed = match lost {
        Lost::Unknown => format!("{}; nothing of {key}", perhaps(done, " before it")),
        Lost::Nothing | Lost::Together(_) | Lost::These(_) => changed(done, *rehearsed, Some(key)),
    };
    if let Changed::Unfinished { run, effects } = &failure.changed
        && !rehearsed
    {
        unfinished(explanation, run, effects.as_deref(), done);
    }
    if let StepError::Unknown(_) = cause {
        explanation.changed = format!("not known for {key}: the connection was lost in its commit");
    }
    explanation.changed =
        and_taken_over(std::mem::take(&mut explanation.changed), taken_over, *rehearsed);
    explanation.steps.clone_from(done);
    if *direction == Direction::Up {
        note_down(explanation, done, *rehearsed);
    }
    explanation.left = Some(*left);
    note_lost(explanation, lost);
    if *left > 0 {
        let left = output::count(*left as u64, "alteration");
        explanation.details.push(("not begun", left));
    }
    if let Some(why) = unrecorded {
        explanation.details.push(("not recorded", format!("the failure itself: {why}")));
    }
    let run = command::runs(*direction);
    let again = match run {
        command::ROLLBACK => {
            format!("run `{run}` again, which deletes the data that it takes back")
        }
        _ => format!("run `{run}` again"),
    };
    if *lost == Lost::Unknown && !matches!(cause, StepError::LockLost) {
        return LOOK_AGAIN.to_owned();
    }
    let stopped = match cause {
        StepError::Stopped(stop) => Some(stop),
        _ => failure.cut.as_ref(),
    };
    if let Some(stop @ Stop::Apart { statement, is_known }) = stopped {
        return cut_off(explanation, (key, *direction), stop, (statement, *is_known), cause);
    }
    if let Some(lacks) = cause.lacks() {
        return super::trust::bounded(explanation, (key, *direction), lacks);
    }
    match cause {
        StepError::Interrupted => format!("when you are ready, {again}"),
        StepError::LockLost => {
            format!("another runner took over; when it has finished, {again}: it resumes")
        }
        StepError::Unknown(_) => {
            format!("when the server is back, see `runner status`, then {again}: it resumes")
        }
        StepError::Intervened(Intervention::HeldUp(HeldUp { waiting, .. })) => {
            for waiting in waiting {
                explanation.details.push(("held up", session(waiting)));
            }
            format!(
                "run `{run}` when the database is quiet, or ask the plugin's vendor for smaller steps; if the application may wait for longer, raise `--block-limit`"
            )
        }
        StepError::Intervened(Intervention::Overdue(_)) => {
            format!("if the checks need more time, raise the limit with `--timeout` and {again}")
        }
        StepError::Stopped(Stop::Ambiguous { statement }) => {
            explanation.details.push(("statement", EscapedLines(statement).to_string()));
            explanation.commands = command::resolve_statement(key);
            format!("find out whether it took effect, record that with one of these, then {again}:")
        }
        StepError::Stopped(Stop::Diverged { .. }) | StepError::Backend(BackendError::Diverged) => {
            explanation.commands = command::either(key);
            "its file, its data or the clock made it run differently: bring the database to a known state by hand, then record that state with one of these:"
                .to_owned()
        }
        // Explained before.
        StepError::Stopped(Stop::Apart { .. }) => String::new(),
        StepError::Stopped(Stop::NotRehearsable { .. }) => {
            "rehearse on a copy with `--rehearse-on URL`".to_owned()
        }
        cause if cause.is_disconnected() => format!(
            "check that the server is running, then {again}: it resumes where this run ended"
        ),
        cause if cause.is_disk_full() => "free disk space, then run this again".to_owned(),
        StepError::Hook(HookError::AddressSpace(_)) => format!(
            "raise the limit on this process's address space (`ulimit -v unlimited`, or LimitAS of the service), then {again}"
        ),
        StepError::Backend(error) => backend_advice(error),
        StepError::Hook(error)
            if error.flag().is_none() && *direction == Direction::Up && is_begun(failure) =>
        {
            explanation.commands = vec![command::resolve_as_reverted(key)];
            "fix the cause, then run `runner deploy` again: it resumes after the statements that took effect, also in a corrected file that begins with the same statements. If these have to change, undo them first, then run:"
                .to_owned()
        }
        StepError::Hook(HookError::Absent(_)) => {
            "ask the plugin's vendor for a build that does without it".to_owned()
        }
        StepError::Hook(HookError::UndeclaredSetting(_)) => {
            "ask the plugin's vendor to declare the setting in its manifest".to_owned()
        }
        StepError::Hook(HookError::Undeclared(_)) => {
            "ask the plugin's vendor to declare the permission in its manifest".to_owned()
        }
        StepError::Hook(error) => match error.flag() {
            Some(flag) => {
                format!("if the alteration needs more, raise the limit with `{flag}` and {again}")
            }
            None if *direction == Direction::Down => {
                format!(
                    "`down` comes from the archive, as it was deployed: correct the data that it fails on, then {again}; or get a corrected component from the vendor and name it with `--with FILE`"
                )
            }
            None => {
                format!("fix the cause or contact the plugin's vendor, then {again}")
            }
        },
    }
}

/// Describes a session that had to wait.
fn session(waiting: &Waiting) -> String {
    let Waiting { session, user, application, table, statement } = waiting;
    let who: Vec<&str> = [user, application].into_iter().flatten().map(String::as_str).collect();
    let who = if who.is_empty() { String::new() } else { format!(" ({})", who.join(", ")) };
    let table = table.as_ref().map(|table| format!(" waited for `{table}`")).unwrap_or_default();
    let statement =
        statement.as_ref().map(|statement| format!(": {statement}")).unwrap_or_default();
    Escaped(&format!("session {session}{who}{table}{statement}")).to_string()
}

/// Explains a hook that was cut off, or failed, where it cannot be resumed.
fn cut_off(
    explanation: &mut Explanation,
    (key, direction): (&AlterationKey, Direction),
    stop: &Stop,
    (statement, is_known): (&str, bool),
    cause: &StepError,
) -> String {
    if !matches!(cause, StepError::Stopped(_)) {
        explanation.details.push(("also", EscapedLines(&stop.to_string()).to_string()));
    }
    if !is_known {
        explanation.details.push(("statement", EscapedLines(statement).to_string()));
    }
    explanation.commands = command::either(key);
    let look = if is_known { "" } else { "find out whether it took effect, then " };
    format!("{look}{}", cut_off_advice(direction))
}

/// Returns whether parts of the alteration are committed.
fn is_begun(failure: &StepFailure) -> bool {
    matches!(failure.changed, Changed::Unfinished { .. }) && !failure.rehearsed
}
