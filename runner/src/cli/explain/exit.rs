//! Exit codes: how the process ends.

use crate::{
    Error, StepError,
    backend::{BackendError, FormerError},
    plan::{BaselineError, Finding, Severity},
    source::SourceError,
};
use std::process::ExitCode;

/// How the process ends. The numbers are documented and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Undeployed = 3,
    NeedsDecision = 4,
    Locked = 5,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Returns the exit code of `error`.
pub(super) fn exit(error: &Error) -> Exit {
    match error {
        Error::Url(_)
        | Error::Target(_)
        | Error::Setting { .. }
        | Error::Baseline(BaselineError::SeveralPlugins(_))
        | Error::Former(FormerError::NoName(_))
        | Error::Source(SourceError::NothingGiven | SourceError::Url(_)) => Exit::Usage,
        Error::Backend(error) => backend_exit(error),
        Error::Objections(plan) => findings_exit(&plan.findings),
        Error::AppliedElsewhere { .. }
        | Error::NoReason(_)
        | Error::Unmet { .. }
        | Error::KeepsMoving
        | Error::PlanChanged(_)
        | Error::AlreadyRecorded { .. }
        | Error::NothingRecorded(_)
        | Error::NotArchived(_)
        | Error::NothingUnfinished(_) => Exit::NeedsDecision,
        Error::Interrupted => Exit::Interrupted,
        Error::Halted { cause, .. } | Error::AfterExport { cause, .. } => exit(cause),
        Error::Step(failure) => match &failure.cause {
            StepError::Interrupted => Exit::Interrupted,
            StepError::Stopped(_) | StepError::Backend(BackendError::Diverged) => {
                Exit::NeedsDecision
            }
            StepError::LockLost => Exit::Locked,
            StepError::Backend(error) => backend_exit(error),
            StepError::Hook(_) | StepError::Incomplete(_) | StepError::Unknown(_) => Exit::Failed,
        },
        Error::Source(_)
        | Error::Baseline(_)
        | Error::Former(_)
        | Error::Engine(_)
        | Error::Component { .. }
        | Error::OtherInterface { .. }
        | Error::RehearsesOnItself
        | Error::NoCopy { .. }
        | Error::NoScratch(_)
        | Error::Prepare { .. }
        | Error::NotGranted { .. }
        | Error::NotGrantedDown { .. }
        | Error::With(_)
        | Error::UnknownSettings(_)
        | Error::Config(_)
        | Error::Powerful(_)
        | Error::Export { .. }
        | Error::Declined => Exit::Failed,
    }
}

fn backend_exit(error: &BackendError) -> Exit {
    match error {
        BackendError::Url(_) | BackendError::Environment(_) => Exit::Usage,
        BackendError::Locked(_) | BackendError::Busy(_) | BackendError::LeaseLost => Exit::Locked,
        BackendError::NewerSchema { .. }
        | BackendError::Elsewhere { .. }
        | BackendError::StrangePlace { .. }
        | BackendError::Corrupt(_)
        | BackendError::NotResumable
        | BackendError::NotArchived(_)
        | BackendError::ArchiveDamaged(_) => Exit::NeedsDecision,
        _ => Exit::Failed,
    }
}

/// 4 wherever a decision is needed, else 1 if something cannot be run.
pub(crate) fn findings_exit(findings: &[Finding]) -> Exit {
    let any = |severity| findings.iter().any(|finding| finding.severity() == severity);
    match (any(Severity::Decision), any(Severity::Invalid)) {
        (true, _) => Exit::NeedsDecision,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    }
}
