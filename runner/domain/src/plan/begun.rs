//! What a plan says of attempts that were begun and have not ended.

use super::Finding;
use crate::{
    alteration::{AlterationKey, Direction},
    record::{Snapshot, Status},
};

/// Says that the attempt at `key` cannot be resumed, if it cannot. It blocks where the plan `needs_it` to end before, and
/// where that is recorded; else the attempt is taken up once more, which ends what the last runner left on the server.
pub(super) fn cut_off(snapshot: &Snapshot, key: &AlterationKey, needs_it: bool) -> Option<Finding> {
    let (stop, run) = (snapshot.cut_off(key)?, snapshot.runs.get(key)?);
    let is_recorded = snapshot.rows.get(key).is_some_and(|row| row.status == Status::Failed);
    Some(Finding::CutOff {
        key: key.clone(),
        direction: run.direction,
        stop: stop.to_owned(),
        blocks: needs_it || is_recorded,
        took_effect: Vec::new(),
    })
}

/// Says that the attempt at `key` has to end before.
pub(super) fn unfinished(snapshot: &Snapshot, key: &AlterationKey) -> Finding {
    cut_off(snapshot, key, true).unwrap_or_else(|| match snapshot.is_going_down(key) {
        true => Finding::UnfinishedRollback { key: key.clone() },
        false => Finding::Unfinished { key: key.clone() },
    })
}

/// Returns what to do about an attempt that cannot be resumed; the commands that record it as applied and as reverted
/// follow.
pub fn cut_off_advice(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => {
            "do the rest by hand, or undo what took effect; record which with one of these, and deploy again:"
        }
        Direction::Down => {
            "undo what took effect of the rollback, then run the first of these; or do the rest by hand, then run the second:"
        }
    }
}
