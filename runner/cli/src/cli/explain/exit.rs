//! Exit codes: how the process ends.

use alteration_deploy::{Error, StepError};
use alteration_domain::plan::{BaselineError, Finding, Severity};
use alteration_record::{BackendError, FormerError};
use alteration_source::SourceError;
use std::process::ExitCode;

/// How the process ends. The numbers are documented and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The verb did what it was asked to, or there was nothing to do. Findings that are only notes do not change it.
    Done = 0,
    /// Something failed: an alteration, the database, a file, a test. The message says what is altered now.
    Failed = 1,
    /// The command line, the database URL or an environment variable cannot be right, or a yes is needed and there
    /// is no terminal to ask at. Nothing was altered.
    Usage = 2,
    /// `check` only: released alterations are not applied, and nothing speaks against applying them.
    Undeployed = 3,
    /// A person has to decide first: an alteration is failed, changed, missing, out of order or unfinished, the
    /// database is ahead of the files, components are not as they were pinned or claim a plugin's name from another
    /// folder, or the runner's own tables are not as they should be. `check` prefers it to 3.
    NeedsDecision = 4,
    /// Another runner holds the lock, or another program the database, for longer than `--lock-timeout`. Try again
    /// later.
    Locked = 5,
    /// The process got SIGINT or SIGTERM. What was running was rolled back, or can be resumed.
    Interrupted = 130,
}

impl Exit {
    const ALL: [Self; 7] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Undeployed,
        Self::NeedsDecision,
        Self::Locked,
        Self::Interrupted,
    ];

    /// Returns the meaning in a few words, for `--help`.
    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done or up to date",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Undeployed => "undeployed alterations (check)",
            Self::NeedsDecision => "the state needs a decision",
            Self::Locked => "lock not obtained",
            Self::Interrupted => "interrupted",
        }
    }

    /// Lists all of them with their meanings.
    pub(crate) fn list() -> String {
        let all = Self::ALL.map(|exit| format!("{} {}", exit as u8, exit.meaning()));
        all.join("; ")
    }
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
        Error::AltersOutside { .. } => Exit::Usage,
        Error::Confine(error) => super::confine::exit(error),
        Error::Interrupted => Exit::Interrupted,
        Error::Halted { cause, .. } | Error::AfterExport { cause, .. } => exit(cause),
        Error::Step(failure) => match &failure.cause {
            StepError::Interrupted => Exit::Interrupted,
            StepError::Stopped(_) | StepError::Backend(BackendError::Diverged) => {
                Exit::NeedsDecision
            }
            StepError::LockLost => Exit::Locked,
            StepError::Backend(error) => backend_exit(error),
            StepError::Hook(_) | StepError::Unknown(_) | StepError::Intervened(_) => Exit::Failed,
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
        | Error::LockFile(_)
        | Error::Powerful(_)
        | Error::Export { .. }
        | Error::Declined => Exit::Failed,
    }
}

fn backend_exit(error: &BackendError) -> Exit {
    match error {
        BackendError::Url(_)
        | BackendError::Environment(_)
        | BackendError::CannotConfine { .. }
        | BackendError::NoOwnSchema { .. } => Exit::Usage,
        BackendError::Locked(_) | BackendError::Busy(_) | BackendError::LeaseLost => Exit::Locked,
        BackendError::NewerSchema { .. }
        | BackendError::Elsewhere { .. }
        | BackendError::StrangePlace { .. }
        | BackendError::NotGrantable { .. }
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
