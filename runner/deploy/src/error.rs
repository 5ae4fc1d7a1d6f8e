//! What the runner's verbs can answer instead of a result.

use crate::{
    alteration::{AlterationKey, Direction, Permission, PluginName},
    backend::{BackendError, FormerError, Intervention, ParseUrlError, Run, Status, Stop},
    config::ConfigError,
    escape::Escaped,
    event::{Exported, StepReport, TakenOver},
    given::{ParseSettingError, Powerful, UnknownSettings},
    host::{HookError, LoadError},
    lock_file::LockFileError,
    plan::{BaselineError, Finding, ParseTargetError, Plan},
    runner::ConfineError,
    session::{ErrorKind, Lacks},
    source::SourceError,
};
use std::path::PathBuf;

/// Why a verb did not do what it was asked. Unless it is [`Error::Step`] or [`Error::Halted`], or
/// [`Error::AfterExport`] because of one, nothing was altered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Url(#[from] ParseUrlError),
    #[error(transparent)]
    Target(#[from] ParseTargetError),
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    #[error(transparent)]
    Former(#[from] FormerError),
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
    #[error(
        "{key} was begun by a runner that speaks version {began} of the interface; this one speaks {speaks}"
    )]
    OtherInterface { key: AlterationKey, began: String, speaks: &'static str },
    #[error("the database to rehearse on is the very one that is to be deployed to")]
    RehearsesOnItself,
    #[error("{scratch} is no copy of {database}: {difference}")]
    NoCopy { scratch: String, database: String, difference: String },
    #[error("no scratch database can be made: {0}")]
    NoScratch(String),
    #[error(
        "{}{}: {}",
        Escaped(&path.display().to_string()),
        line.map(|line| format!(", line {line}")).unwrap_or_default(),
        Escaped(reason)
    )]
    Prepare { path: PathBuf, line: Option<usize>, reason: String },
    #[error("nothing of {0} is unfinished")]
    NothingUnfinished(AlterationKey),
    #[error("nothing is recorded of {0} in this database")]
    NothingRecorded(AlterationKey),
    #[error("{key} is recorded as {status} already")]
    AlreadyRecorded { key: AlterationKey, status: Status },
    /// To say that a record is wrong takes one.
    #[error("nothing of {0} is unfinished, and no reason is given why its record is wrong")]
    NoReason(AlterationKey),
    /// A corrected record would leave something applied without what it requires.
    #[error("{}", findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unmet { key: AlterationKey, findings: Vec<Finding> },
    /// It could not be rolled back later.
    #[error("{0} was never applied here, and its component is not in the archive")]
    NotArchived(AlterationKey),
    #[error("{key} asks for the permission `{permission}`, which is not granted: with it the plugin {}", .permission.meaning())]
    NotGranted {
        key: AlterationKey,
        permission: Permission,
        /// It lies in another folder than what is recorded of its plugin, whose grants it does not have.
        claimed: bool,
    },
    #[error(
        "the component that was named for {key} asks for the permission `{permission}`, which was not granted to what was applied"
    )]
    NotGrantedDown { key: AlterationKey, permission: Permission },
    /// A component that was named to go down with.
    #[error(transparent)]
    With(SourceError),
    #[error("{0}")]
    UnknownSettings(UnknownSettings),
    /// Not what somebody wrote, which may hold a value.
    #[error("`--set` {number}: {error}")]
    Setting { number: usize, error: ParseSettingError },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    LockFile(#[from] LockFileError),
    /// The place that was named has no records, and another one of this user's has what would be applied.
    #[error(
        "there are no records of the runner in {}, but those in the schema {} have {plugin} applied",
        place.as_ref().map_or("this place".to_owned(), |place| format!("the schema {}", Escaped(place))),
        Escaped(elsewhere)
    )]
    AppliedElsewhere { place: Option<String>, elsewhere: String, plugin: PluginName },
    /// What may do more on the server than the database needs, and was not said to be trusted with it.
    #[error("{0}")]
    Powerful(Box<Powerful>),
    /// What is lent is given back by the transaction that it was lent in.
    #[error(
        "{key} asks for `{permission}` and has hooks that run outside of a transaction, where no table can be lent to a confined plugin"
    )]
    AltersOutside { key: AlterationKey, permission: Permission },
    /// A plugin with records stays at its level.
    #[error(transparent)]
    Confine(Box<ConfineError>),
    #[error("nothing can be exported to {}: {}", Escaped(&folder.display().to_string()), Escaped(reason))]
    Export { folder: PathBuf, reason: String },
    #[error("the answer was no")]
    Declined,
    #[error("another runner keeps changing the recorded state")]
    KeepsMoving,
    #[error("the plan changed while it waited for the lock: {0} is new in it")]
    PlanChanged(AlterationKey),
    #[error("interrupted")]
    Interrupted,
    /// It stopped between two steps; those that are done stay done.
    #[error("{cause}")]
    Halted {
        done: Vec<StepReport>,
        lost: Lost,
        taken_over: Vec<TakenOver>,
        rehearsed: bool,
        cause: Box<Error>,
    },
    #[error(transparent)]
    Step(Box<StepFailure>),
    /// What a rollback would destroy was exported before it failed, and stays so.
    #[error("{cause}")]
    AfterExport { exported: Exported, cause: Box<Error> },
}

impl From<ConfineError> for Error {
    fn from(error: ConfineError) -> Self {
        Self::Confine(Box::new(error))
    }
}

/// A step that failed; those before it are done.
#[derive(Debug, thiserror::Error)]
#[error("{key} failed ({hook}): {cause}")]
pub struct StepFailure {
    pub key: AlterationKey,
    pub direction: Direction,
    /// As the WIT package calls it: `up`, `before-up`, `step` …
    pub hook: &'static str,
    pub cause: StepError,
    /// What is left of it.
    pub changed: Changed,
    pub done: Vec<StepReport>,
    pub lost: Lost,
    /// Records that plugins took over before.
    pub taken_over: Vec<TakenOver>,
    /// Steps that were not begun.
    pub left: usize,
    pub rehearsed: bool,
    /// Why the failure could not be recorded, if it could not.
    pub unrecorded: Option<String>,
    /// Why it cannot be taken up again either: where its hook was cut off.
    pub cut: Option<Stop>,
}

/// What a crash of the server took along of steps that had been told as done, or the database of those that were not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    Nothing,
    /// These ran and were to be committed together with the step that failed: they are rolled back with it.
    Together(Vec<AlterationKey>),
    /// These, which are not among those that are done any more.
    These(Vec<AlterationKey>),
    /// The last of those that were done may be lost: nobody could look.
    Unknown,
}

/// What a failed step left behind.
#[derive(Debug)]
pub enum Changed {
    Nothing,
    /// Parts of it are committed, and it can be taken up again.
    Unfinished {
        run: Box<Run>,
        /// Statements of the hook at hand that took effect; `None` where the connection was lost
        /// before that could be read.
        effects: Option<Vec<String>>,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Only a person can tell how to go on.
    #[error("{0}")]
    Stopped(Stop),
    #[error("another runner took the lease over")]
    LockLost,
    /// The connection was lost while it was committed, and could not be had again to look.
    #[error(
        "the connection was lost during the commit, so whether it took effect is not known: {0}"
    )]
    Unknown(String),
    #[error("interrupted")]
    Interrupted,
    /// It was in others' way, or did not come to its end.
    #[error("{0}")]
    Intervened(Intervention),
}

impl StepError {
    /// Returns whether the connection was lost.
    pub fn is_disconnected(&self) -> bool {
        match self {
            Self::Backend(error) => matches!(error, BackendError::Disconnected(_)),
            Self::Hook(HookError::Statement(failed) | HookError::Ignored(failed)) => {
                failed.error.kind == ErrorKind::Disconnected
            }
            _ => false,
        }
    }

    /// Returns whether the database had no room for what the hook wrote. SQLite and MySQL say so in words only.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Backend(error) => matches!(error, BackendError::DiskFull(_)),
            Self::Hook(HookError::Statement(failed) | HookError::Ignored(failed)) => {
                let said = |text| failed.error.message.contains(text);
                failed.error.sqlstate.as_deref() == Some("53100")
                    || said("database or disk is full")
                    || said("No space left on device")
            }
            _ => false,
        }
    }

    /// Returns what a confined plugin would need for what it was refused.
    pub fn lacks(&self) -> Option<&Lacks> {
        match self {
            Self::Hook(HookError::Statement(failed) | HookError::Ignored(failed)) => {
                failed.error.lacks.as_ref()
            }
            Self::Backend(BackendError::Refused(error)) => error.lacks.as_ref(),
            _ => None,
        }
    }

    /// Returns whether something was in the way that may go away by itself.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Hook(HookError::Statement(failed) | HookError::Ignored(failed)) => {
                failed.error.retryable
            }
            Self::Backend(BackendError::Refused(error)) => error.retryable,
            _ => false,
        }
    }
}
