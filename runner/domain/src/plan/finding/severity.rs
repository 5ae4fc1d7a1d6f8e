//! What a finding means for the plan, and which alteration it is about.

use super::Finding;
use crate::alteration::AlterationKey;
use serde::Serialize;

/// What a finding means for running the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// The recorded state needs a person's decision.
    Decision,
    /// What was given cannot be run.
    Invalid,
}

impl Finding {
    pub fn severity(&self) -> Severity {
        match self {
            Self::SeveralFolders { .. }
            | Self::PluginAbsent { .. }
            | Self::Unrecorded { .. }
            | Self::StrangeRecords { .. }
            | Self::AboveTarget { .. }
            | Self::NotResumable { .. }
            | Self::NotConfined { .. }
            | Self::SharedUser { .. }
            | Self::OwnSchema { .. }
            | Self::NoSuchVersion { .. } => Severity::Note,
            Self::Failed { blocks, .. } | Self::CutOff { blocks, .. } => decision_if(*blocks),
            Self::NeverRan { allowed, .. } => decision_if(!allowed),
            Self::Changed { allowed, .. }
            | Self::DraftChanged { allowed, .. }
            | Self::Missing { allowed, .. } => decision_if(!allowed),
            Self::TakesOver { accepted, .. } => decision_if(!accepted),
            Self::OtherFolder { allowed, .. } => decision_if(!allowed),
            Self::NotAsLocked { .. }
            | Self::Draft { .. }
            | Self::DraftStays { .. }
            | Self::Running { .. }
            | Self::TakesOverUnfinished { .. }
            | Self::AppliedTwice { .. }
            | Self::Renamed { .. }
            | Self::BegunOtherwise { .. }
            | Self::Unfinished { .. }
            | Self::UnfinishedRollback { .. }
            | Self::Ahead { .. }
            | Self::OutOfOrder { .. }
            | Self::StillRequired { .. }
            | Self::OwnerChanged { .. }
            | Self::Irreversible { .. } => Severity::Decision,
            Self::UnmetRequirement { .. }
            | Self::UnmetNeed { .. }
            | Self::Cycle { .. }
            | Self::WrongDialect { .. }
            | Self::Refused { .. }
            | Self::UnknownTarget { .. }
            | Self::NothingRecorded { .. }
            | Self::NotGoingDown { .. }
            | Self::Unversioned { .. } => Severity::Invalid,
        }
    }

    /// The alteration that it is about, if it is about one.
    pub fn subject(&self) -> Option<String> {
        match self {
            Self::Failed { key, .. }
            | Self::BegunOtherwise { key, .. }
            | Self::Running { key }
            | Self::Unfinished { key }
            | Self::UnfinishedRollback { key }
            | Self::CutOff { key, .. }
            | Self::Changed { key, .. }
            | Self::Draft { key, .. }
            | Self::DraftChanged { key, .. }
            | Self::DraftStays { key, .. }
            | Self::Missing { key, .. }
            | Self::OutOfOrder { key, .. }
            | Self::AboveTarget { key, .. }
            | Self::WrongDialect { key, .. }
            | Self::Refused { key, .. }
            | Self::NotResumable { key, .. }
            | Self::Irreversible { key }
            | Self::UnmetNeed { key, .. }
            | Self::NeverRan { key, .. }
            | Self::TakesOverUnfinished { key, .. }
            | Self::NotGoingDown { key }
            | Self::Unversioned { key } => Some(key.to_string()),
            Self::NotAsLocked { difference } => {
                Some(format!("{} {}", difference.plugin, difference.id))
            }
            Self::TakesOver { .. }
            | Self::AppliedTwice { .. }
            | Self::NotConfined { .. }
            | Self::SharedUser { .. }
            | Self::OwnSchema { .. }
            | Self::OwnerChanged { .. }
            | Self::Renamed { .. }
            | Self::Ahead { .. }
            | Self::SeveralFolders { .. }
            | Self::OtherFolder { .. }
            | Self::NoSuchVersion { .. }
            | Self::PluginAbsent { .. }
            | Self::UnmetRequirement { .. }
            | Self::Cycle { .. }
            | Self::UnknownTarget { .. }
            | Self::NothingRecorded { .. }
            | Self::Unrecorded { .. }
            | Self::StrangeRecords { .. }
            | Self::StillRequired { .. } => None,
        }
    }

    /// Returns what took effect of the unfinished alteration that it is about; none where it is about another matter.
    pub fn took_effect(&self) -> &[String] {
        match self {
            Self::BegunOtherwise { took_effect, .. }
            | Self::CutOff { took_effect, .. }
            | Self::Failed { took_effect, .. } => took_effect,
            _ => &[],
        }
    }

    pub fn took_effect_mut(&mut self) -> Option<(&AlterationKey, &mut Vec<String>)> {
        match self {
            Self::BegunOtherwise { key, took_effect, .. }
            | Self::CutOff { key, took_effect, .. }
            | Self::Failed { key, took_effect, unfinished: true, .. } => Some((key, took_effect)),
            _ => None,
        }
    }
}

fn decision_if(blocks: bool) -> Severity {
    if blocks { Severity::Decision } else { Severity::Note }
}
