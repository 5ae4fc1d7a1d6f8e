//! What an operator can do about a finding, shown after `next:`.
//!
//! Commands are named without the database: the command line knows it, and adds it when it prints them.

use super::Finding;
use crate::{
    alteration::{AlterationKey, Direction},
    escape::Escaped,
    lock_file::{LockDifference, LockProblem},
    plan::{Hold, advice, begun::cut_off_advice},
};

impl Finding {
    /// Returns what an operator can do about it; it ends with a colon where commands follow, which name the database.
    pub fn advice(&self) -> String {
        match self {
            Self::Failed { mended: true, .. } => {
                "run `runner deploy`: it resumes in the corrected file, after what took effect"
                    .to_owned()
            }
            Self::Failed { unfinished: true, .. } => {
                "fix the cause, then run `runner deploy` again: it resumes after the statements that took effect, also in a corrected file that begins with the same statements. If these have to change, undo them first, then run:"
                    .to_owned()
            }
            Self::Failed { .. } => "fix the cause, then run `runner deploy` again".to_owned(),
            Self::BegunOtherwise { direction: Direction::Up, is_code, .. } => {
                let code = match is_code {
                    true => {
                        "; or try the new file with `--changed allow`: it stops, before it alters anything, if it differs from what took effect"
                    }
                    false => "",
                };
                format!(
                    "deploy the file that was started, which resumes{code}; or undo what took effect, run this, and deploy again:"
                )
            }
            Self::BegunOtherwise { direction: Direction::Down, .. } => {
                "name a component whose `down` begins with what took effect, with `--with FILE`; or undo that, then run the first of these; or do the rest by hand, then run the second:"
                    .to_owned()
            }
            Self::CutOff { direction, .. } => cut_off_advice(*direction).to_owned(),
            Self::NotGoingDown { .. } => {
                "correct `--with`, or how far to go back; `runner status` shows what is applied"
                    .to_owned()
            }
            Self::Unfinished { .. } => {
                "finish it with `runner deploy` and its file; if it cannot be finished, undo what took effect, then run:"
                    .to_owned()
            }
            Self::UnfinishedRollback { .. } => {
                "finish it with the first of these, which deletes what the alteration created, data included; or undo what took effect, then run the second; or do the rest by hand, then run the third:"
                    .to_owned()
            }
            Self::Running { .. } => {
                "if another runner is deploying, let it finish; if none is, find out whether all of it or nothing of it is in place, then record that with one of these:"
                    .to_owned()
            }
            Self::Changed { .. } => {
                "restore the file that was applied, or keep the database as it is with `--changed allow`"
                    .to_owned()
            }
            Self::Draft { recorded: false, .. } => {
                "release it with `runner release` in its project; or, on a database that may be thrown away, apply it with `runner deploy --allow-drafts`"
                    .to_owned()
            }
            Self::Draft { recorded: true, .. } => {
                "release it with `runner release` in its project, then record what is in `released/`"
                    .to_owned()
            }
            Self::DraftChanged { allowed: true, .. } => {
                "nothing, if it is to stay as it is".to_owned()
            }
            Self::DraftChanged { .. } => {
                "revert it, with the data that it made, and apply the new file with `runner deploy --allow-drafts`; or keep the database as it is with `--changed allow`"
                    .to_owned()
            }
            Self::DraftStays { by, hold, steps, .. } => draft_advice(by, *hold, *steps),
            Self::Missing { .. } => {
                "restore the file, or continue without it with `--missing allow`".to_owned()
            }
            Self::Ahead { plugin, newer, .. } => format!(
                "use the newer files, or go back with {}",
                advice::rollback(plugin, &format!("--steps {newer}"))
            ),
            Self::OutOfOrder { .. } => {
                "check that it can run after the newer one, then run `runner deploy --out-of-order allow`"
                    .to_owned()
            }
            Self::SeveralFolders { .. } => {
                "a manifest can claim any name: make sure that all of them come from that vendor"
                    .to_owned()
            }
            Self::OtherFolder { plugin, allowed: true, .. } => format!(
                "nothing, if the vendor of {plugin} ships them: what is granted to {plugin} is not granted to them"
            ),
            Self::OtherFolder { plugin, .. } => format!(
                "a manifest can claim any name: ask the vendor of {plugin}. If it ships them, allow the folder, which grants them nothing, or pin them with `runner lock`; if not, take them away:"
            ),
            Self::NotAsLocked { difference } => lock_advice(difference).to_owned(),
            Self::PluginAbsent { plugin, .. } => format!(
                "nothing, if its files are elsewhere; if it was removed for good, {}",
                advice::uninstall(plugin)
            ),
            Self::AboveTarget { key, target } => {
                let back = advice::rollback(&key.plugin, &format!("--to {target}"));
                format!("to go back, use {back}")
            }
            Self::NoSuchVersion { .. } => "check that the version is the one you mean".to_owned(),
            Self::UnmetRequirement { requires, requirement, .. } => {
                format!(
                    "deploy {requires} {requirement} with it: add its files; for a baseline, its `--to`"
                )
            }
            Self::UnmetNeed { needs, .. } => {
                format!("deploy {needs} with it: add its file; for a baseline, its `--to`")
            }
            Self::Cycle { .. } => "one of these plugins has to drop its requirement".to_owned(),
            Self::WrongDialect { .. } => "use the plugin's build for this database".to_owned(),
            Self::NotConfined { .. } => {
                "confine it, or write `guarded = true` for it in runner.toml if you trust it with your own rights in this database:"
                    .to_owned()
            }
            Self::OwnerChanged { .. } => {
                "have its role, rights and objects made as they are recorded:".to_owned()
            }
            Self::OwnSchema { .. } => {
                "name it in queries, or put it on the application's search_path".to_owned()
            }
            Self::SharedUser { .. } => {
                "have the application log in as a user of its own, which does not own the tables"
                    .to_owned()
            }
            Self::NotResumable { .. } => {
                "nothing now; if it is interrupted there, `runner resolve` asks what took effect"
                    .to_owned()
            }
            Self::Refused { is_too_long: true, .. } => {
                "if that is right, raise the bound with `--max-sql`".to_owned()
            }
            Self::Refused { direction: Direction::Up, .. } => {
                "change that statement and pack it again, or ask the plugin's vendor".to_owned()
            }
            Self::Refused { direction: Direction::Down, .. } => {
                "`down` comes from the archive, as it was deployed: ask the plugin's vendor for a component with a corrected `down` and name it with `--with FILE`, or roll back fewer alterations"
                    .to_owned()
            }
            Self::NothingRecorded { .. } => {
                "look for its name with `runner status`, and correct `--plugin`".to_owned()
            }
            Self::StrangeRecords { schema, .. } => format!(
                "nothing, if they belong to another application; if not, use them with `--state-schema {}`",
                Escaped(schema)
            ),
            Self::Unrecorded { .. } => {
                "if these alterations would create the same tables, record them with `runner baseline` instead of running them"
                    .to_owned()
            }
            Self::UnknownTarget { .. } => "add its files, or correct `--target`".to_owned(),
            Self::StillRequired { dependent, steps, .. } => format!(
                "roll that back first: {}",
                advice::rollback(&dependent.plugin, &format!("--steps {steps}"))
            ),
            Self::Irreversible { .. } => {
                "restore a backup from before it, or roll back fewer alterations; or name a component of it that has a `down` with `--with FILE`"
                    .to_owned()
            }
            Self::NeverRan { key, .. } => format!(
                "if it is there, roll it back with `--baselined allow`; if it was recorded by mistake, `runner resolve {key} --as reverted --because TEXT`"
            ),
            Self::Unversioned { .. } => "use `--steps N` instead of `--to`".to_owned(),
            Self::TakesOver { accepted: true, .. } => {
                "nothing: they are recorded under the new name, and do not run again".to_owned()
            }
            Self::TakesOver { from, to, .. } => format!(
                "any plugin can say so: ask the vendor of {from}. If it is right, deploy with `--accept-rename {from}={to}`; if not, take the files of {to} away"
            ),
            Self::TakesOverUnfinished { from, .. } => format!(
                "finish it with the files of {from}, or with `runner resolve`; then deploy the new ones"
            ),
            Self::AppliedTwice { from, to, .. } => format!(
                "find out which of the two made the tables, and roll back the other: {}; or the same for {to}",
                advice::rollback(from, "--steps N")
            ),
            Self::Renamed { from, to } => format!(
                "remove the files of {from}, and use those of {to}"
            ),
        }
    }
}

fn lock_advice(difference: &LockDifference) -> &'static str {
    match difference.problem {
        LockProblem::Missing => {
            "put the file back; or, if it was taken away on purpose, see what changes and pin it:"
        }
        LockProblem::Unlisted => {
            "take the file away; or, if it is meant, see what changes and pin it:"
        }
        LockProblem::Changed | LockProblem::Renamed => {
            "put the pinned file back; or, if this one is meant, see what changes and pin it:"
        }
        LockProblem::Permission => {
            "take the file away; or, if it may ask for that, see what changes and pin it:"
        }
        LockProblem::Creates => {
            "take the file away; or, if it may make that, see what changes and pin it:"
        }
    }
}

fn draft_advice(by: &AlterationKey, hold: Hold, steps: usize) -> String {
    let plugin = &by.plugin;
    match hold {
        Hold::Released => {
            "restore the draft as it was applied, and make the change in another alteration; or start with an empty database"
                .to_owned()
        }
        Hold::Irreversible => {
            "restore the draft as it was applied, or start with an empty database".to_owned()
        }
        Hold::NotOffered => format!(
            "add its file, or correct `--target`; or take it back, which deletes its data: `runner rollback --plugin {plugin} --steps {steps}`"
        ),
        Hold::Required => format!(
            "take that back first, which deletes its data: `runner rollback --plugin {plugin} --steps {steps}`"
        ),
        Hold::Unfinished => Finding::Unfinished { key: by.clone() }.advice(),
    }
}
