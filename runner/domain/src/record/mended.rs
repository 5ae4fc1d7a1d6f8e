//! Begun attempts for which another component is offered than the one that began them, and the state as it will be then.

use super::{Attempt, Run, Snapshot, StateRow, Status};
use crate::alteration::{Direction, Handed};
use serde::Serialize;

/// What identifies a call, as a journal holds it.
pub type Asked = [u8; 16];

/// How a begun attempt stands to another component that is offered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    pub fit: Fit,
    /// What the calls that are recorded of it ask for in the other component; empty where they ask for the same.
    pub asked: Vec<Asked>,
}

/// Whether what was begun can go on in another component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fit {
    /// Nothing of it took effect: it starts again with this component.
    Anew,
    /// The statements that took effect are the first ones of this component.
    GoesOn {
        /// How many statements took effect.
        statements: usize,
    },
    /// Something else took effect.
    Differs,
    /// This component is code: what it does is known only when it runs.
    Unknown,
}

impl Fit {
    /// Returns whether the other component is what runs.
    pub fn is_taken(self) -> bool {
        matches!(self, Self::Anew | Self::GoesOn { .. })
    }
}

impl Snapshot {
    /// Notes that `attempt`, of another component than the one that began it, fits so, and makes of the state what it
    /// will be.
    pub fn mend(&mut self, attempt: &Attempt, fit: Fit, asked: Vec<Asked>) {
        let (Some(run), Some(row)) =
            (self.runs.get_mut(&attempt.key), self.rows.get_mut(&attempt.key))
        else {
            return;
        };
        match fit {
            Fit::GoesOn { .. } => {
                run.component_checksum = attempt.component_checksum;
                run.settings = handed(attempt, run);
                if run.direction == Direction::Up {
                    row.checksum = attempt.checksum;
                    row.component_checksum = attempt.component_checksum;
                    row.permissions = attempt.permissions.clone();
                    row.settings = run.settings.keys().cloned().collect();
                    row.requires = attempt.requires.clone();
                    row.irreversible = attempt.irreversible;
                    row.draft = attempt.draft;
                }
            }
            Fit::Anew => {
                let after = before_run(run, row);
                let key = self.runs.remove(&attempt.key).map(|run| run.key);
                match (after, key) {
                    (Some(status), _) => row.status = status,
                    (None, Some(key)) => drop(self.rows.remove(&key)),
                    (None, None) => {}
                }
            }
            Fit::Differs | Fit::Unknown => {}
        }
        self.mended.insert(attempt.key.clone(), Mended { fit, asked });
    }
}

/// Returns what its hooks are handed: what the run was, and what the other component asks for beyond that.
fn handed(attempt: &Attempt, run: &Run) -> Handed {
    let asked = attempt.settings.iter();
    let value = |name| run.settings.get(name).cloned();
    asked.map(|(name, now)| (name.clone(), value(name).unwrap_or_else(|| now.clone()))).collect()
}

/// The status that `row` has once its run, of which nothing took effect, is none any more. `None` where there was no row.
fn before_run(run: &Run, row: &StateRow) -> Option<Status> {
    match (run.direction, row.status) {
        (Direction::Down, _) => Some(Status::Applied),
        (Direction::Up, Status::Failed) => Some(Status::Failed),
        (Direction::Up, _) => run.previous.filter(|status| *status != Status::Running),
    }
}
