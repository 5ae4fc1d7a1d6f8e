//! Whether an application may start: what a plan of all that is offered means for it.
//!
//! `runner check` and the crate that applications embed decide by this, and say it in the same words.

use super::{Finding, Plan, Policy, Reason, Renames, Severity, Step, Target, deploy, takeovers};
use crate::{
    alteration::{AlterationKey, Catalog, Dialect, Direction},
    record::Snapshot,
};
use serde::Serialize;

/// A released alteration that is not applied. With which grants, settings and level it would be, a deploy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undeployed {
    #[serde(flatten)]
    pub key: AlterationKey,
    /// Always `up`.
    pub direction: Direction,
    /// Why it would run.
    pub reason: Reason,
    /// What it does, as its manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it has no way back.
    pub irreversible: bool,
    /// Whether it is a draft, which may still change.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
}

/// What a start-up check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Released alterations that are not applied, in the order in which they would be.
    pub undeployed: Vec<Undeployed>,
    /// What it noticed.
    pub findings: Vec<Finding>,
}

/// What a start-up check decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Everything released is applied.
    Deployed,
    /// These are not, in the order in which they would be applied.
    Undeployed(Vec<Undeployed>),
    /// A person has to decide first, or what is offered cannot be deployed at all.
    NeedsDecision(Vec<Finding>),
}

/// Why an application should not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDeployed {
    #[error("Found undeployed database alterations: {}; apply them with `runner deploy`", names(.0))]
    Undeployed(Vec<Undeployed>),
    #[error("The database alterations need a decision: {}", findings(.0))]
    NeedsDecision(Vec<Finding>),
}

/// The first few: this is a line in an application's log, and there may be hundreds.
fn names(steps: &[Undeployed]) -> String {
    const NAMES_MAX: usize = 10;
    let mut names: Vec<String> =
        steps.iter().take(NAMES_MAX).map(|step| step.key.to_string()).collect();
    if steps.len() > NAMES_MAX {
        names.push(format!("and {} more", steps.len() - NAMES_MAX));
    }
    names.join(", ")
}

fn findings(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<Plan> for Check {
    /// Reads a plan as an application does, which applies nothing itself.
    fn from(plan: Plan) -> Self {
        let findings = plan.findings.into_iter().map(|finding| match finding {
            // A deploy simply tries again; an application should not start over a failure.
            Finding::Failed { key, error, unfinished, mended, took_effect, .. } => {
                Finding::Failed { key, error, blocks: true, unfinished, mended, took_effect }
            }
            // A deploy may have to end what it left on the server; it stops all the same.
            Finding::CutOff { key, direction, stop, took_effect, .. } => {
                Finding::CutOff { key, direction, stop, blocks: true, took_effect }
            }
            other => other,
        });
        let findings = findings.collect();
        // What goes down before is applied again, and that is listed.
        let ups = plan.steps.into_iter().filter(|step| step.direction == Direction::Up);
        Self { undeployed: ups.map(Undeployed::from).collect(), findings }
    }
}

impl From<Step> for Undeployed {
    fn from(step: Step) -> Self {
        let Step { key, direction, reason, description, irreversible, draft, .. } = step;
        Self { key, direction, reason, description, irreversible, draft }
    }
}

impl Check {
    /// Checks by the records and the manifests alone: reads no SQL, and no component's code.
    pub fn of_records(catalog: &Catalog, snapshot: &Snapshot, dialect: Dialect) -> Self {
        let (mut takeovers, findings) = takeovers(catalog, snapshot, &Renames::new());
        let mut after = snapshot.clone();
        for takeover in &mut takeovers {
            // Whether files of a renamed plugin have the same code is not known here, and a person decides anyway.
            let files = catalog.of(&takeover.to).map(|file| (file.key.id.clone(), file.checksum));
            takeover.checksums.extend(files);
            after = after.taken_over(takeover);
        }
        let mut plan = deploy(catalog, &after, dialect, &Target::default(), Policy::default());
        plan.findings.splice(0..0, findings);
        plan.into()
    }

    /// Findings that a person has to decide on, or that forbid deploying.
    pub fn objections(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity() != Severity::Note)
    }

    /// Returns the answer, without the notes.
    pub fn answer(&self) -> Answer {
        let objections: Vec<Finding> = self.objections().cloned().collect();
        match (objections.is_empty(), self.undeployed.is_empty()) {
            (false, _) => Answer::NeedsDecision(objections),
            (true, false) => Answer::Undeployed(self.undeployed.clone()),
            (true, true) => Answer::Deployed,
        }
    }

    /// An error unless everything released is applied and nothing speaks against it.
    pub fn require_deployed(&self) -> Result<(), NotDeployed> {
        self.answer().require_deployed()
    }
}

impl Answer {
    /// An error, which an application shows and ends with, unless everything released is applied.
    pub fn require_deployed(self) -> Result<(), NotDeployed> {
        match self {
            Self::Deployed => Ok(()),
            Self::Undeployed(steps) => Err(NotDeployed::Undeployed(steps)),
            Self::NeedsDecision(findings) => Err(NotDeployed::NeedsDecision(findings)),
        }
    }
}
