//! Whether alterations find what they require: other plugins at a version, and others of their own plugin.

use super::Planner;
use crate::{
    alteration::{AlterationId, AlterationKey, Direction, PluginName, Version},
    plan::{Finding, SkipReason, Skipped, Step},
};
use std::collections::BTreeSet;

impl Planner<'_> {
    /// Checks that every plugin that is about to change finds what it requires.
    pub(super) fn requirements(&mut self) {
        let mut checked = BTreeSet::new();
        for step in self.plan.steps.clone() {
            let Some(alteration) = self.catalog.get(&step.key) else { continue };
            for needs in &alteration.needs {
                if !self.is_there_after(&AlterationKey { id: needs.clone(), ..step.key.clone() }) {
                    self.find(Finding::UnmetNeed { key: step.key.clone(), needs: needs.clone() });
                }
            }
            for (requires, requirement) in &alteration.requires {
                let known = (step.key.plugin.clone(), requires.clone(), requirement.to_string());
                if !checked.insert(known) {
                    continue;
                }
                if let Some(found) = self.unmet(requires, requirement) {
                    self.find(Finding::UnmetRequirement {
                        plugin: step.key.plugin.clone(),
                        requires: requires.clone(),
                        requirement: requirement.to_string(),
                        found,
                    });
                }
            }
        }
    }

    /// Returns whether an alteration is applied, or would be by this plan, or is of no use to this database.
    fn is_there_after(&self, key: &AlterationKey) -> bool {
        let is_up = |step: &Step| step.direction == Direction::Up && step.key == *key;
        let is_elsewhere = |skipped: &Skipped| {
            matches!(skipped.reason, SkipReason::Elsewhere { .. }) && skipped.key == *key
        };
        self.snapshot.applied().any(|row| row.key == *key)
            || self.plan.steps.iter().any(is_up)
            || self.plan.skipped.iter().any(is_elsewhere)
    }

    /// Returns why `requires` would not meet `requirement` after the plan; `None` if it would.
    fn unmet(&self, requires: &PluginName, requirement: &semver::VersionReq) -> Option<String> {
        let requires = self.snapshot.name_now(requires);
        let applied = self.snapshot.applied().map(|row| &row.key);
        let up = |step: &&Step| step.direction == Direction::Up;
        let planned = self.plan.steps.iter().filter(up).map(|step| &step.key);
        // What only other databases need is not missing here.
        let elsewhere = self.plan.skipped.iter().filter_map(|skipped| match skipped.reason {
            SkipReason::Elsewhere { .. } => Some(&skipped.key),
            _ => None,
        });
        let ids: Vec<&AlterationId> = applied
            .chain(planned)
            .chain(elsewhere)
            .filter(|key| key.plugin == *requires)
            .map(|key| &key.id)
            .collect();
        let found = reaches(&ids, requirement).err()?;
        let is_offered = ids.is_empty() && self.catalog.has_plugin(requires);
        Some(if is_offered { "it is not applied, and not in this plan".to_owned() } else { found })
    }
}

/// Checks that alterations `ids` of one plugin bring it to a version that meets `requirement`; the error says what
/// they bring it to.
pub(in crate::plan) fn reaches(
    ids: &[&AlterationId],
    requirement: &semver::VersionReq,
) -> Result<(), String> {
    if ids.is_empty() {
        return Err("it is not applied and not among the files".to_owned());
    }
    if *requirement == semver::VersionReq::STAR {
        return Ok(());
    }
    let newest: Option<&Version> = ids.iter().filter_map(|id| id.version()).max();
    match newest {
        Some(version) if version.meets(requirement) => Ok(()),
        Some(version) => Err(format!("it would be at {version}")),
        None => Err("its alterations carry no version".to_owned()),
    }
}
