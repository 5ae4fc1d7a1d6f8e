//! Alterations in another folder than what is recorded of their plugin: the question about them, before anything is altered.

use super::{Answer, Control, DeployOptions, Question};
use crate::{
    error::Error,
    plan::{Finding, Folders, Plan, Policy},
};

/// Asks about them, where nothing else speaks against the plan. The answer is what to deploy with instead; `None` where there
/// is nothing to ask.
pub(super) fn ask(
    options: &DeployOptions,
    plan: &Plan,
    control: &Control,
) -> Result<Option<DeployOptions>, Error> {
    let folders: Vec<Finding> = plan.objections().cloned().collect();
    let is_of_folder = |finding: &Finding| matches!(finding, Finding::OtherFolder { .. });
    if folders.is_empty() || !folders.iter().all(is_of_folder) {
        return Ok(None);
    }
    let question = Question {
        plan,
        powerful: None,
        renames: &[],
        folders: &folders,
        losses: None,
        export: None,
        replaced: &[],
    };
    match (control.confirm)(&question) {
        Answer::Folder => {
            let policy = Policy { folders: Folders::Allowed, ..options.policy };
            Ok(Some(DeployOptions { policy, ..options.clone() }))
        }
        Answer::No => Err(Error::Declined),
        // A yes says nothing about whose files they are.
        Answer::Yes | Answer::Grant | Answer::Trust | Answer::Rename => {
            Err(Error::Objections(Box::new(plan.clone())))
        }
    }
}

/// Takes out of a plan that is made anew under the lock what was decided when the first one was made: that what this very run,
/// or another one, has applied since lies in one of several folders is no news about the others.
pub(super) fn decided(plan: &mut Plan) {
    plan.findings.retain(|finding| !matches!(finding, Finding::OtherFolder { allowed: false, .. }));
}
