//! The line `changed:`: what is altered now.

use super::{Explanation, NOTHING};
use crate::cli::output;
use alteration_deploy::{StepReport, error::Lost, event::TakenOver};
use alteration_domain::{
    alteration::{AlterationKey, Direction},
    escape::EscapedLines,
};
use alteration_record::{Checkpoint, Phase, Run};

/// The advice where the server could not be asked what it still has.
pub(super) const LOOK_AGAIN: &str =
    "when the server is back, see `runner status`, then run the same command again, which resumes";

pub(super) fn note_lost(explanation: &mut Explanation, lost: &Lost) {
    match lost {
        Lost::These(keys) => explanation.details.push(("lost", lost_text(keys))),
        Lost::Together(keys) => explanation.details.push(("lost", together_text(keys))),
        Lost::Nothing | Lost::Unknown => {}
    }
}

/// Names what was taken down before something stopped a deploy, and is not applied again.
pub(super) fn note_down(explanation: &mut Explanation, done: &[StepReport], rehearsed: bool) {
    let is_up = |key: &AlterationKey| {
        done.iter().any(|step| step.direction == Direction::Up && step.key == *key)
    };
    let down = done.iter().filter(|step| step.direction == Direction::Down && !is_up(&step.key));
    let names: Vec<String> = down.map(|step| step.key.to_string()).collect();
    if !names.is_empty() && !rehearsed {
        explanation.details.push(("taken down", names.join(", ")));
    }
}

/// Returns what is altered, where a crash of the server may have taken the last of it along.
pub(super) fn perhaps(done: &[StepReport], place: &str) -> String {
    let count = output::count(done.len() as u64, "alteration");
    format!("{count}{place} (if the server crashed, it may have lost the last of them)")
}

/// Returns what a crash of the server took along, which is the last that was done.
pub(crate) fn lost_text(keys: &[AlterationKey]) -> String {
    let count = output::count(keys.len() as u64, "alteration");
    let them = if keys.len() == 1 { "it" } else { "them" };
    let from = match keys {
        [] => String::new(),
        [key] => format!(", {key}"),
        [key, ..] => format!(", beginning with {key}"),
    };
    format!("{count}{from}: the server crashed before it had written {them} to disk")
}

/// Returns what was rolled back together with the alteration that failed.
fn together_text(keys: &[AlterationKey]) -> String {
    let names: Vec<String> = keys.iter().map(AlterationKey::to_string).collect();
    let (them, it) = if keys.len() == 1 { ("it was", "it is") } else { ("they were", "they are") };
    format!(
        "{}: {them} to be committed together with what failed, and {it} rolled back with it",
        names.join(", ")
    )
}

/// Says exactly what is left of an alteration that is committed in several parts.
pub(super) fn unfinished(
    explanation: &mut Explanation,
    run: &Run,
    effects: Option<&[String]>,
    done: &[StepReport],
) {
    let key = &run.key;
    let Checkpoint { steps, done: rows, total, .. } = run.checkpoint;
    let part = match (run.phase, run.direction, effects) {
        (Phase::Backfill, ..) => {
            let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
            let steps = output::count(steps, "step");
            let are = if run.checkpoint.steps == 1 { "is" } else { "are" };
            format!(
                "{key} is applied except for its backfill: {steps} {are} committed, {rows}{of} done"
            )
        }
        (_, _, None) => format!(
            "{key} was begun and has not ended; its journal holds the statements that took effect"
        ),
        (phase, direction, Some(effects)) => {
            let before = match (phase, direction) {
                (Phase::Main, _) if run.counts.statements > 0 => ", after its preparation",
                _ => "",
            };
            let statements = output::count(effects.len() as u64, "statement");
            for effect in effects {
                explanation.details.push(("took effect", EscapedLines(effect).to_string()));
            }
            format!("{key} was begun and has not ended: {statements} of it took effect{before}")
        }
    };
    explanation.changed = match done.len() as u64 {
        0 => part,
        before => format!("{} before it, and {part}", output::count(before, "alteration")),
    };
}

/// `changed`, after the records that plugins took over.
pub(super) fn and_taken_over(changed: String, taken_over: &[TakenOver], rehearsed: bool) -> String {
    if taken_over.is_empty() || rehearsed {
        return changed;
    }
    let names =
        taken_over.iter().map(|TakenOver { from, to, .. }| format!("{from} is recorded as {to}"));
    let names = names.collect::<Vec<_>>().join(", ");
    match changed == NOTHING {
        true => format!("{names}; nothing else"),
        false => format!("{names}; {changed}"),
    }
}

/// Returns what is altered now, after `done` and nothing of `failed`.
pub(super) fn changed(
    done: &[StepReport],
    rehearsed: bool,
    failed: Option<&AlterationKey>,
) -> String {
    let Some(last) = done.last().filter(|_| !rehearsed) else {
        return match rehearsed {
            true => "nothing: this was a dry run".to_owned(),
            false => NOTHING.to_owned(),
        };
    };
    let state = match last.direction {
        Direction::Up => "applied",
        Direction::Down => "reverted",
    };
    // Where drafts were taken down first, those that are applied again count once.
    let last_way = |step: &&StepReport| step.direction == last.direction;
    let steps = done.iter().filter(last_way).count();
    let stays = if steps == 1 { "stays" } else { "stay" };
    let count = output::count(steps as u64, "alteration");
    match failed {
        Some(key) => format!("{count} before it {stays} {state}; nothing of {key}"),
        None => format!("{count} {stays} {state}; nothing else"),
    }
}
