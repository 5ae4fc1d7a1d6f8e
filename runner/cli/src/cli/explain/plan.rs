//! Why a plan is not run, and why a record is not corrected.

use super::Explanation;
use crate::cli::command;
use alteration_domain::{
    alteration::AlterationKey,
    plan::{Finding, Plan},
};
use std::collections::BTreeSet;

/// Which record has to be corrected before, or that it is no matter of records.
pub(super) fn unmet(findings: &[Finding]) -> String {
    match findings.first() {
        Some(Finding::StillRequired { dependent: AlterationKey { plugin, id }, .. }) => format!(
            "if that is not in place either, record that first: `runner resolve {plugin} {id} --as reverted --because TEXT`"
        ),
        Some(Finding::UnmetRequirement { requires, .. }) => {
            format!("apply {requires} first, or correct its records")
        }
        _ => "see `runner status`".to_owned(),
    }
}

pub(super) fn objections(explanation: &mut Explanation, plan: &Plan) -> String {
    explanation.findings = plan.objections().cloned().collect();
    explanation.alteration = explanation.findings.first().and_then(Finding::subject);
    let mut objections = plan.objections();
    let first = objections.next();
    let effects = first.map(Finding::took_effect).unwrap_or_default();
    explanation.details = effects.iter().map(|text| ("took effect", text.clone())).collect();
    // What is to be done is said once, of however many.
    let mut said: BTreeSet<String> = first.map(command::advice).into_iter().collect();
    for finding in objections {
        let (mut also, advice) = (finding.to_string(), command::advice(finding));
        let commands = command::of_finding(finding);
        if !commands.is_empty() || said.insert(advice.clone()) {
            also.push_str(&format!("; {advice}"));
        }
        for command in commands {
            also.push_str(&format!("\n      {command}"));
        }
        explanation.details.push(("also", also));
    }
    explanation.commands = first.map(command::of_finding).unwrap_or_default();
    explanation.message = first.map(ToString::to_string).unwrap_or_default();
    if let Some(Finding::Refused { excerpt, .. }) = first {
        explanation.message.push_str(&format!("\n{excerpt}"));
    }
    first.map(Finding::advice).unwrap_or_default()
}
