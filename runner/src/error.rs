//! What the runner's verbs can answer instead of a result.

use crate::{
    alteration::{AlterationKey, Direction, Permission},
    backend::{BackendError, ParseUrlError},
    event::StepReport,
    host::{HookError, LoadError},
    plan::{ParseTargetError, Plan},
    source::SourceError,
};

/// Why a verb did not do what it was asked. Unless it is [`Error::Step`] or [`Error::Halted`],
/// nothing was altered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Url(#[from] ParseUrlError),
    #[error(transparent)]
    Target(#[from] ParseTargetError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Engine(LoadError),
    /// The plan has findings that speak against running it.
    #[error("{}", .0.objections().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Objections(Box<Plan>),
    #[error("{key} ({origin}): {error}")]
    Component {
        key: AlterationKey,
        /// The file it came from, or that it came from the archive; escaped.
        origin: String,
        error: LoadError,
    },
    #[error("{key} needs `{export}`, which this runner cannot run on this database yet")]
    NotSupported { key: AlterationKey, export: &'static str },
    #[error("{key} asks for the permission `{permission}`, which is not granted")]
    NotGranted { key: AlterationKey, permission: Permission },
    #[error("the answer was no")]
    Declined,
    #[error("somebody else keeps changing the recorded state")]
    KeepsMoving,
    #[error("the plan changed while it waited for the lock: {0} is new in it")]
    PlanChanged(AlterationKey),
    #[error("interrupted")]
    Interrupted,
    /// It stopped between two steps; those that are done stay done.
    #[error("{cause}")]
    Halted { done: Vec<StepReport>, rehearsed: bool, cause: Box<Error> },
    #[error(transparent)]
    Step(Box<StepFailure>),
}

/// A step that failed; those before it are done.
#[derive(Debug, thiserror::Error)]
#[error("{key} failed ({direction}): {cause}")]
pub struct StepFailure {
    pub key: AlterationKey,
    pub direction: Direction,
    pub cause: StepError,
    pub done: Vec<StepReport>,
    /// Steps that were not begun.
    pub left: usize,
    pub rehearsed: bool,
    /// Why the failure could not be recorded, if it could not.
    pub unrecorded: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("interrupted")]
    Interrupted,
}
