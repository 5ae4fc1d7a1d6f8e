//! What to type next, for each kind of error of a run.

use super::{
    Exit, Explanation,
    backend::{backend_advice, state_schema},
    changed::{self, LOOK_AGAIN},
    export::after_export,
    given::{
        baseline_advice, config_advice, former_advice, lock_file_advice, source_advice, url_advice,
    },
    plan::{objections, unmet},
    step::step,
    trust::{confined, powerful},
};
use crate::cli::{command, output};
use alteration_deploy::{Error, config::CONFIG_FILE, deploy::UnknownSettings, error::Lost};
use alteration_host::LoadError;
use alteration_record::BackendError;
use std::path::Path;

/// Says what happened, what is altered now, and what to do next.
pub(super) fn explain(error: &Error, exit: Exit) -> Explanation {
    let mut explanation = Explanation::new(error.to_string(), exit);
    explanation.next = match error {
        Error::Url(error) => url_advice(error),
        Error::Target(_) => "correct `--target`".to_owned(),
        Error::Baseline(error) => baseline_advice(error),
        Error::Former(error) => former_advice(error),
        Error::Source(error) => source_advice(error),
        Error::Backend(BackendError::CannotConfine { setup, .. }) => {
            confined(&mut explanation, setup)
        }
        Error::Backend(error) => backend_advice(error),
        Error::Engine(_) => "run this on a machine with a supported processor".to_owned(),
        Error::Objections(plan) => objections(&mut explanation, plan),
        Error::Component { key, error: LoadError::NewerRunner { .. }, .. } => {
            explanation.alteration = Some(key.to_string());
            "install a newer runner and run this again; or ask the plugin's vendor for a build for this one"
                .to_owned()
        }
        Error::Component { key, error, .. } if error.flag().is_some() => {
            explanation.alteration = Some(key.to_string());
            let flag = error.flag().unwrap_or_default();
            format!(
                "if you trust the plugin with that, raise the limit with `{flag}` and run this again"
            )
        }
        Error::Component { key, origin, .. } => {
            explanation.alteration = Some(key.to_string());
            // It may have come from the archive.
            let file = match Path::new(origin).is_file() {
                true => output::word(origin),
                false => "FILE".to_owned(),
            };
            format!(
                "look at it with `runner inspect {file}`, and ask the plugin's vendor for a build for this runner"
            )
        }
        Error::OtherInterface { key, .. } => {
            explanation.alteration = Some(key.to_string());
            "finish it with the version of the runner that started it".to_owned()
        }
        Error::RehearsesOnItself => "name a copy of it with `--rehearse-on`".to_owned(),
        Error::NoCopy { .. } => {
            "restore a fresh copy of the database there, then rehearse again".to_owned()
        }
        Error::NoScratch(_) => {
            "free disk space for temporary files, then run this again".to_owned()
        }
        Error::Prepare { .. } => "correct the file that `--prepare` names".to_owned(),
        Error::NothingUnfinished(key) | Error::AlreadyRecorded { key, .. } => {
            explanation.alteration = Some(key.to_string());
            "see `runner status`".to_owned()
        }
        Error::NothingRecorded(key) | Error::NotArchived(key) => {
            explanation.alteration = Some(key.to_string());
            format!(
                "see `runner status`; to record it as applied, name its files: `runner baseline PLUGINS --to {}@{}`",
                key.plugin, key.id
            )
        }
        Error::NoReason(key) => {
            explanation.alteration = Some(key.to_string());
            explanation.commands = vec![command::again("--because 'WHY'")];
            "if its record is wrong, say why; the reason is kept in the history:".to_owned()
        }
        Error::NotGranted { key, permission, claimed: true } => {
            explanation.alteration = Some(key.to_string());
            format!(
                "it lies in another folder than what is recorded of {}, and has none of the grants of that name: pin it with `runner lock`, or grant this to every plugin of this run with `--grant {}`",
                key.plugin,
                output::word(&permission.to_string())
            )
        }
        Error::NotGranted { key, permission, claimed: false } => {
            explanation.alteration = Some(key.to_string());
            let plugin = &key.plugin;
            format!(
                "if you agree, grant it with `--grant {}`, or write `grant = [\"{permission}\"]` under `[plugins.\"{plugin}\"]` in {CONFIG_FILE}",
                output::word(&format!("{plugin}:{permission}"))
            )
        }
        Error::NotGrantedDown { key, permission } => {
            explanation.alteration = Some(key.to_string());
            let grant = format!("{}:{permission}", key.plugin);
            format!("if you agree, roll back with `--grant {}`", output::word(&grant))
        }
        Error::With(_) => {
            "correct `--with`: it names a component as `runner pack` makes it".to_owned()
        }
        Error::Unmet { key, findings } => {
            explanation.alteration = Some(key.to_string());
            explanation.findings.clone_from(findings);
            unmet(findings)
        }
        Error::UnknownSettings(UnknownSettings { plugin, .. }) => format!(
            "correct the name in `--set {plugin}:KEY=VALUE`, or under `[plugins.\"{plugin}\".settings]` in {CONFIG_FILE}"
        ),
        Error::Setting { .. } => "write it as in `--set acme/shop:REGION=eu`".to_owned(),
        Error::Config(error) => config_advice(error),
        Error::LockFile(error) => lock_file_advice(error),
        Error::AppliedElsewhere { elsewhere, .. } => format!(
            "continue those records with `{}`, or start new records here with `--new-state`",
            state_schema(elsewhere)
        ),
        Error::Powerful(it) => powerful(&mut explanation, it),
        Error::AltersOutside { key, .. } => {
            explanation.alteration = Some(key.to_string());
            explanation.commands = vec![command::again(&format!("--guard {}", key.plugin))];
            "ask the vendor to alter that table in another alteration; or, if you trust the plugin with your own rights in this database, say so for this run:".to_owned()
        }
        Error::Confine(error) => super::confine::advice(&mut explanation, error),
        Error::Export { .. } => {
            "with `--export`, name a folder that does not exist yet, on a disk with enough space"
                .to_owned()
        }
        Error::Declined => {
            "run this again and answer y; or agree beforehand with `--yes`".to_owned()
        }
        Error::KeepsMoving => {
            "another runner keeps deploying: let it finish, then run this again".to_owned()
        }
        Error::PlanChanged(key) => {
            explanation.alteration = Some(key.to_string());
            "run this again to see the new plan".to_owned()
        }
        Error::Interrupted => "run this again when you are ready".to_owned(),
        Error::Halted { done, lost, taken_over, rehearsed, cause } => {
            let inner = explain(cause, exit);
            let next = inner.next;
            explanation.alteration = inner.alteration;
            explanation.findings = inner.findings;
            explanation.details = inner.details;
            explanation.commands = inner.commands;
            explanation.changed = match lost {
                Lost::Unknown => changed::perhaps(done, ""),
                Lost::Nothing | Lost::Together(_) | Lost::These(_) => {
                    changed::changed(done, *rehearsed, None)
                }
            };
            explanation.changed = changed::and_taken_over(
                std::mem::take(&mut explanation.changed),
                taken_over,
                *rehearsed,
            );
            explanation.steps.clone_from(done);
            changed::note_down(&mut explanation, done, *rehearsed);
            changed::note_lost(&mut explanation, lost);
            match lost {
                Lost::Unknown => LOOK_AGAIN.to_owned(),
                Lost::Nothing | Lost::Together(_) | Lost::These(_) => next,
            }
        }
        Error::Step(failure) => step(&mut explanation, failure),
        Error::AfterExport { exported, cause } => {
            explanation = explain(cause, exit);
            after_export(&mut explanation, exported)
        }
    };
    explanation
}
