//! How far to go, and which surprises to accept on the way.

use super::{Allow, yes};
use alteration_deploy::{DeployOptions, Error};
use alteration_domain::plan::{Folders, ParseTargetError, Policy, Target};
use clap::Args;

/// How far to go.
#[derive(Debug, clap::Args)]
pub(crate) struct BoundArgs {
    /// Deploy up to latest (the default), next (unreleased alterations too), or VENDOR/NAME@VERSION; may be repeated
    #[arg(long, value_name = "TARGET", value_parser = one_target)]
    target: Vec<String>,
}

impl BoundArgs {
    pub(crate) fn target(&self) -> Result<Target, Error> {
        Ok(Target::parse(&self.target)?)
    }
}

/// What to plan for.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    bound: BoundArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

fn one_target(text: &str) -> Result<String, ParseTargetError> {
    Target::parse(&[text]).map(|_| text.to_owned())
}

impl TargetArgs {
    pub(crate) fn options(&self) -> Result<DeployOptions, Error> {
        Ok(DeployOptions {
            target: self.bound.target()?,
            policy: self.policy.policy(),
            ..DeployOptions::default()
        })
    }
}

/// What may be, although it usually should not.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Choose what to do with pending alterations that are older than an applied one
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    out_of_order: Allow,
    /// Choose what to do if the file of an applied alteration has changed; with allow, an interrupted alteration of
    /// code resumes in the changed file
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    changed: Allow,
    /// Choose what to do if the file of an applied alteration is missing
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    missing: Allow,
    /// Choose what to do with alterations that lie in another folder than what is recorded of their plugin; with allow,
    /// they run without the grants and the trust that are given to the plugin's name
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    other_folder: Allow,
    /// Apply drafts; an applied draft that has changed is reverted first, with the data it created
    #[arg(long, env = "RUNNER_ALLOW_DRAFTS", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    allow_drafts: bool,
}

impl PolicyArgs {
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            out_of_order: self.out_of_order == Allow::Allow,
            changed: self.changed == Allow::Allow,
            missing: self.missing == Allow::Allow,
            folders: match self.other_folder {
                Allow::Error => Folders::Judged,
                Allow::Allow => Folders::Allowed,
            },
            drafts: self.allow_drafts,
        }
    }
}
