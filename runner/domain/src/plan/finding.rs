//! Findings: what a plan noticed that somebody should know or decide.

use super::{Hold, advice, begun::cut_off_advice};
use crate::{
    alteration::{AlterationId, AlterationKey, Checksum, Dialect, Direction, PluginName},
    escape::Escaped,
    lock_file::{LockDifference, LockProblem},
};
use serde::Serialize;
use std::{
    fmt,
    path::{Path, PathBuf},
};

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Finding {
    /// The last attempt failed; a deploy tries again. Nothing was changed, unless parts of it are done: then a deploy
    /// resumes it.
    Failed {
        /// The alteration.
        key: AlterationKey,
        /// What happened.
        error: String,
        /// Whether it keeps the plan from running.
        blocks: bool,
        /// Whether parts of it are done.
        unfinished: bool,
        /// Whether it resumes in another file than the one that began it.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        mended: bool,
        /// The statements that took effect, if it is unfinished.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        took_effect: Vec<String>,
    },
    /// It was begun and has not ended, and the plan needs it to end first.
    Unfinished {
        /// The alteration.
        key: AlterationKey,
    },
    /// Its `down` was begun and has not ended.
    UnfinishedRollback {
        /// The alteration.
        key: AlterationKey,
    },
    /// It was begun, has not ended, and cannot be resumed in any file: its rest needs a session that is gone.
    CutOff {
        /// The alteration.
        key: AlterationKey,
        /// Whether it was being applied or taken back.
        direction: Direction,
        /// Where it was interrupted; escaped.
        stop: String,
        /// Whether it keeps the plan from running.
        blocks: bool,
        /// The statements that took effect.
        took_effect: Vec<String>,
    },
    /// An attempt was begun and neither ended nor undone.
    Running {
        /// The alteration.
        key: AlterationKey,
    },
    /// It was begun and has not ended, and its file does not begin with the statements that took effect.
    BegunOtherwise {
        /// The alteration.
        key: AlterationKey,
        /// Whether it was being applied or taken back.
        direction: Direction,
        /// The checksum that is recorded.
        recorded: Checksum,
        /// The checksum of the file.
        found: Checksum,
        /// Whether the file is code: what it does is known only when it runs.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_code: bool,
        /// The statements that took effect.
        took_effect: Vec<String>,
    },
    /// A component was named with `--with`, and nothing that it declares is rolled back.
    NotGoingDown {
        /// The alteration.
        key: AlterationKey,
    },
    /// The file is not what was applied.
    Changed {
        /// The alteration.
        key: AlterationKey,
        /// The checksum that is recorded.
        recorded: Checksum,
        /// The checksum of the file.
        found: Checksum,
        /// Whether the operator allowed it, which makes it a note.
        allowed: bool,
    },
    /// It is pending, and a draft.
    Draft {
        /// The alteration.
        key: AlterationKey,
        /// Whether a baseline would record it, without running it.
        recorded: bool,
    },
    /// A draft of it is applied, and what is offered differs.
    DraftChanged {
        /// The alteration.
        key: AlterationKey,
        /// The checksum that is recorded.
        recorded: Checksum,
        /// The checksum of the file.
        found: Checksum,
        /// Whether the operator allowed it, which makes it a note.
        allowed: bool,
    },
    /// A draft of it is applied and has changed, and `by` keeps it from being reverted.
    DraftStays {
        /// The alteration.
        key: AlterationKey,
        /// The alteration that keeps it from being reverted.
        by: AlterationKey,
        /// Why.
        hold: Hold,
        /// How many applied alterations of the plugin of `by` have to be rolled back first.
        steps: usize,
    },
    /// It is applied, and its file is missing among the files of its plugin.
    Missing {
        /// The alteration.
        key: AlterationKey,
        /// Whether the operator allowed it, which makes it a note.
        allowed: bool,
    },
    /// The database is newer than these files.
    Ahead {
        /// The plugin.
        plugin: PluginName,
        /// The newest applied alteration.
        applied: AlterationId,
        /// The newest one among the files.
        newest_file: AlterationId,
        /// How many applied alterations are newer than `newest_file`.
        newer: usize,
    },
    /// It is pending and older than an applied one.
    OutOfOrder {
        /// The alteration.
        key: AlterationKey,
        /// The newest applied alteration.
        newest_applied: AlterationId,
    },
    /// The files of one plugin are in several folders: one may not be from that vendor.
    SeveralFolders {
        /// The plugin.
        plugin: PluginName,
        /// The folders.
        folders: Vec<PathBuf>,
    },
    /// Alterations lie in another folder than the recorded ones of their plugin: they may not be from that vendor. Grants
    /// and trust that are given to the plugin's name are not given to them.
    OtherFolder {
        /// The plugin.
        plugin: PluginName,
        /// Their folder.
        folder: PathBuf,
        /// These alterations.
        ids: Vec<AlterationId>,
        /// The folders of the recorded ones.
        recorded: Vec<PathBuf>,
        /// Whether the operator allowed it, which makes it a note.
        allowed: bool,
    },
    /// The files are not what the lock file says.
    NotAsLocked {
        #[serde(flatten)]
        difference: Box<LockDifference>,
    },
    /// A plugin with applied alterations is not among the given files at all.
    PluginAbsent {
        /// The plugin.
        plugin: PluginName,
        /// How many of its alterations are applied.
        applied: usize,
    },
    /// The target is older than what is applied; deploying never goes back.
    AboveTarget {
        /// The alteration.
        key: AlterationKey,
        /// The target's version.
        target: String,
    },
    /// No alteration has the version that the target names; perhaps it was mistyped.
    NoSuchVersion {
        /// The plugin.
        plugin: PluginName,
        /// The version that was named.
        version: String,
        /// The newest version that there is.
        newest: String,
    },
    /// A plugin requires another one that is not there, or not in such a version.
    UnmetRequirement {
        /// The plugin.
        plugin: PluginName,
        /// The plugin that it requires.
        requires: PluginName,
        /// The versions that will do.
        requirement: String,
        /// What there is instead, in words.
        found: String,
    },
    /// One that it needs is neither applied nor in the plan.
    UnmetNeed {
        /// The alteration.
        key: AlterationKey,
        /// The alteration that it needs.
        needs: AlterationId,
    },
    /// Plugins require each other in a circle.
    Cycle {
        /// The circle, as in `a/b -> c/d -> a/b`.
        path: String,
    },
    /// It is pending, and written for other databases.
    WrongDialect {
        /// The alteration.
        key: AlterationKey,
        /// The databases that it is written for, in words.
        written_for: String,
        /// What this database is.
        database: Dialect,
    },
    /// A statement of its SQL will not run on this database, as its text shows.
    Refused {
        /// The alteration.
        key: AlterationKey,
        /// Which way it would run.
        direction: Direction,
        /// The hook, as the WIT package calls it: `up`, `before-up`, `step` and so on.
        hook: &'static str,
        /// The number of the statement in the text of the hook, from 1.
        statement: usize,
        /// The line in that text, from 1.
        line: usize,
        /// Why it is refused. Escape it: it may hold words of the SQL.
        reason: String,
        /// The lines around it, escaped.
        excerpt: String,
        /// Whether `--max-sql` is the only obstacle.
        is_too_long: bool,
    },
    /// It was to run as a database role of its own, and has records of running with the operator's rights.
    NotConfined {
        /// The plugin.
        plugin: PluginName,
    },
    /// From one of its statements on, it could not be resumed if it were interrupted.
    NotResumable {
        /// The alteration.
        key: AlterationKey,
        /// Which way it would run.
        direction: Direction,
        /// The hook, as the WIT package calls it: `up`, `before-up` and so on.
        hook: &'static str,
        /// The number of the statement in the text of the hook, from 1.
        statement: usize,
        /// The line in that text, from 1.
        line: usize,
        /// What a resumed hook could not repeat.
        reason: String,
    },
    /// The target names a plugin of which there are no files.
    UnknownTarget {
        /// The plugin.
        plugin: PluginName,
    },
    /// Nothing of the plugin to roll back was ever recorded.
    NothingRecorded {
        /// The plugin.
        plugin: PluginName,
    },
    /// The database is in use, and nothing was ever recorded in it.
    Unrecorded {
        /// How many tables are there.
        tables: u64,
    },
    /// Another schema has tables of a runner, which belong to a role that this user is not a member of. They were not
    /// read.
    StrangeRecords {
        /// That schema.
        schema: String,
        /// That role.
        owner: String,
    },
    /// Something applied needs what would be rolled back.
    StillRequired {
        /// The applied alteration that needs it.
        dependent: AlterationKey,
        /// How many applied alterations of that plugin have to be rolled back first.
        steps: usize,
        /// The plugin that it needs.
        requires: PluginName,
        /// The versions that will do.
        requirement: String,
    },
    /// It would be rolled back, and has no way back.
    Irreversible {
        /// The alteration.
        key: AlterationKey,
    },
    /// A baseline recorded it: whether its `down` fits this database is not known.
    NeverRan {
        /// The alteration.
        key: AlterationKey,
        /// Whether the operator allowed it, which makes it a note.
        allowed: bool,
    },
    /// `--to` compares versions, and this one has none.
    Unversioned {
        /// The alteration.
        key: AlterationKey,
    },
    /// A plugin claims to be the new name of another one, which has records.
    TakesOver {
        /// The plugin that has the records.
        from: PluginName,
        /// The plugin that would have them.
        to: PluginName,
        /// How many applied alterations would be recorded under the new name.
        applied: usize,
        /// Whether the operator agreed, with `--accept-rename`.
        accepted: bool,
    },
    /// As `takes-over`, but an alteration of one of the two has not ended.
    TakesOverUnfinished {
        /// The plugin that has the records.
        from: PluginName,
        /// The plugin that would have them.
        to: PluginName,
        /// What has not ended.
        key: AlterationKey,
    },
    /// As `takes-over`, but an alteration is applied under both names.
    AppliedTwice {
        /// The plugin that has the records.
        from: PluginName,
        /// The plugin that would have them.
        to: PluginName,
        /// The alteration that is applied under both names.
        id: AlterationId,
    },
    /// There are files of a plugin whose records another one took over.
    Renamed {
        /// The former name.
        from: PluginName,
        /// The name now.
        to: PluginName,
    },
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

    /// What took effect of the unfinished alteration that it is about; none where it is about another matter.
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

    /// What an operator can do about it; it ends with a colon where commands follow, which name the database.
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
                "name a component whose `down` begins with what took effect; or undo that, then run the first of these; or do the rest by hand, then run the second:"
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
                "restore the file that was applied, or leave it as it is with `--changed allow`"
                    .to_owned()
            }
            Self::Draft { recorded: false, .. } => {
                "release it with `runner release` in its project; or add `--allow-drafts`, on a database that may be thrown away"
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
                "add `--allow-drafts` to take it down, with what it made, and apply what is offered; or leave it as it is with `--changed allow`"
                    .to_owned()
            }
            Self::DraftStays { by, hold, steps, .. } => draft_advice(by, *hold, *steps),
            Self::Missing { .. } => {
                "restore the file, or go on without it with `--missing allow`".to_owned()
            }
            Self::Ahead { plugin, newer, .. } => format!(
                "use the newer files, or go back with {}",
                advice::rollback(plugin, &format!("--steps {newer}"))
            ),
            Self::OutOfOrder { .. } => {
                "check that it can run after the newer one, then deploy with `--out-of-order allow`"
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
                "nothing, if you trust it with your own rights in this database".to_owned()
            }
            Self::NotResumable { .. } => {
                "nothing, while it runs to its end; if it is cut off there, `runner resolve` asks what took effect"
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
                "nothing, if they are no concern of yours; if these records are meant, name them: `--state-schema {}`",
                Escaped(schema)
            ),
            Self::Unrecorded { .. } => {
                "if these alterations made them, record those with `runner baseline` instead of running them again"
                    .to_owned()
            }
            Self::UnknownTarget { .. } => "add its files, or correct `--target`".to_owned(),
            Self::StillRequired { dependent, steps, .. } => format!(
                "roll that back first: {}",
                advice::rollback(&dependent.plugin, &format!("--steps {steps}"))
            ),
            Self::Irreversible { .. } => {
                "restore a backup to get behind it, or roll back fewer alterations; or name a component of it that has a `down` with `--with FILE`"
                    .to_owned()
            }
            Self::NeverRan { key, .. } => format!(
                "if it is there, go back with `--baselined allow`; if it was recorded by mistake, `runner resolve {key} --as reverted`"
            ),
            Self::Unversioned { .. } => "use `--steps N` instead of `--to`".to_owned(),
            Self::TakesOver { accepted: true, .. } => {
                "nothing: they are recorded under the new name, and do not run again".to_owned()
            }
            Self::TakesOver { from, to, .. } => format!(
                "any plugin can say so: ask the vendor of {from}. If it is right, deploy with `--accept-rename {from}={to}`; if not, take the files of {to} away"
            ),
            Self::TakesOverUnfinished { from, .. } => format!(
                "bring that to an end with the files of {from}, or with `runner resolve`; then deploy the new ones"
            ),
            Self::AppliedTwice { from, to, .. } => format!(
                "see whose tables these are; take the other plugin's back with {}, or the same for {to}",
                advice::rollback(from, "--steps N")
            ),
            Self::Renamed { from, to } => format!(
                "take the files of {from} away, and use those of {to}"
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
    }
}

fn draft_advice(by: &AlterationKey, hold: Hold, steps: usize) -> String {
    let plugin = &by.plugin;
    match hold {
        Hold::Released => {
            "put the draft back as it was applied, and make the change in an alteration of its own; or begin with a fresh database"
                .to_owned()
        }
        Hold::Irreversible => {
            "put the draft back as it was applied, or begin with a fresh database".to_owned()
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

fn shown(path: &Path) -> String {
    Escaped(&path.display().to_string()).to_string()
}

fn decision_if(blocks: bool) -> Severity {
    if blocks { Severity::Decision } else { Severity::Note }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { key, error, unfinished, .. } => {
                let first = Escaped(error.lines().next().unwrap_or_default());
                match unfinished {
                    false => write!(f, "{key} failed and changed nothing: {first}"),
                    true => write!(f, "{key} failed, and parts of it are done: {first}"),
                }
            }
            Self::Unfinished { key } => write!(f, "{key} was begun and has not ended"),
            Self::UnfinishedRollback { key } => {
                write!(f, "the rollback of {key} was begun and has not ended")
            }
            Self::Running { key } => write!(f, "{key} was begun and has not ended"),
            Self::NotGoingDown { key } => {
                write!(
                    f,
                    "the component of {key} was named, and nothing that it declares goes down"
                )
            }
            Self::CutOff { key, direction, stop, .. } => {
                let of = if *direction == Direction::Down { "the rollback of " } else { "" };
                write!(f, "{of}{key} cannot be resumed: {stop}")
            }
            Self::BegunOtherwise { key, direction, recorded, found, .. } => write!(
                f,
                "{}{key} was begun with other contents and has not ended: {} was begun, the file has {}",
                if *direction == Direction::Down { "the rollback of " } else { "" },
                recorded.short(),
                found.short()
            ),
            Self::Changed { key, recorded, found, .. } => write!(
                f,
                "{key} was changed after it was applied: {} was applied, the file has {}",
                recorded.short(),
                found.short()
            ),
            Self::Draft { key, recorded: false } => {
                write!(f, "{key} is a draft, which may still change")
            }
            Self::Draft { key, recorded: true } => write!(
                f,
                "{key} is a draft, which may still change: a baseline records what is released"
            ),
            Self::DraftChanged { key, recorded, found, .. } => write!(
                f,
                "a draft of {key} is applied, and what is offered differs: {} was applied, the file has {}",
                recorded.short(),
                found.short()
            ),
            Self::DraftStays { key, by, hold, .. } => {
                write!(
                    f,
                    "a draft of {key} is applied and has changed, and cannot be taken down: "
                )?;
                let later =
                    if key == by { "it".to_owned() } else { format!("{by}, applied after it,") };
                match hold {
                    Hold::Released => write!(f, "{later} is released"),
                    Hold::Irreversible => write!(f, "{later} is irreversible"),
                    Hold::NotOffered => write!(f, "{later} would not be applied again"),
                    Hold::Required => write!(f, "{by} is applied and requires {}", key.plugin),
                    Hold::Unfinished => write!(f, "{by} was begun and has not ended"),
                }
            }
            Self::Missing { key, .. } => write!(f, "{key} is applied, but its file is missing"),
            Self::Ahead { plugin, applied, newest_file, .. } => write!(
                f,
                "the database is ahead of the files of {plugin}: {applied} is applied, the newest file is {newest_file}"
            ),
            Self::OutOfOrder { key, newest_applied } => {
                write!(f, "{key} is out of order: {newest_applied} is newer and already applied")
            }
            Self::SeveralFolders { plugin, folders } => {
                let folders: Vec<String> = folders.iter().map(|folder| shown(folder)).collect();
                write!(f, "{plugin} comes from several folders: {}", folders.join(", "))
            }
            Self::OtherFolder { plugin, folder, ids, recorded, .. } => {
                match &ids[..] {
                    [id] => write!(f, "{plugin} {id} lies in {}", shown(folder))?,
                    _ => {
                        write!(f, "{} alterations of {plugin} lie in {}", ids.len(), shown(folder))?
                    }
                }
                let recorded: Vec<String> = recorded.iter().map(|path| shown(path)).collect();
                write!(f, ", and what is recorded of {plugin} in {}", recorded.join(", "))
            }
            Self::NotAsLocked { difference } => difference.fmt(f),
            Self::PluginAbsent { plugin, applied } => {
                write!(
                    f,
                    "{plugin} has {applied} applied alterations, but none of its files are here"
                )
            }
            Self::AboveTarget { key, target } => {
                write!(f, "{key} is applied, although it is newer than the target {target}")
            }
            Self::NoSuchVersion { plugin, version, newest } => {
                write!(
                    f,
                    "no alteration of {plugin} has the version {version}; the newest is {newest}"
                )
            }
            Self::UnmetRequirement { plugin, requires, requirement, found } => {
                write!(f, "{plugin} requires {requires} {requirement}, but {found}")
            }
            Self::UnmetNeed { key, needs } => {
                write!(f, "{key} needs {needs}, which is not applied, and not in this plan")
            }
            Self::Cycle { path } => write!(f, "plugins require each other in a circle: {path}"),
            Self::WrongDialect { key, written_for, database } => {
                write!(f, "{key} is written for {written_for}, this database is {database}")
            }
            Self::NotConfined { plugin } => write!(
                f,
                "{plugin} is not confined: it has records of running with the rights of the URL's user, and keeps them"
            ),
            Self::NotResumable { key, hook, statement, line, reason, .. } => write!(
                f,
                "{key} cannot be resumed from statement {statement} of its {hook} on, in line {line}: {}",
                Escaped(reason)
            ),
            Self::Refused { key, hook, statement, line, reason, .. } => write!(
                f,
                "{key} cannot run here: statement {statement} of its {hook}, in line {line}: {}",
                Escaped(reason)
            ),
            Self::UnknownTarget { plugin } => {
                write!(f, "the target names {plugin}, of which there are no files")
            }
            Self::NothingRecorded { plugin } => {
                write!(f, "nothing is recorded of {plugin} in this database")
            }
            Self::Unrecorded { tables } => {
                let were = if *tables == 1 { "table was" } else { "tables were" };
                write!(f, "{tables} {were} here before any alteration was recorded")
            }
            Self::StrangeRecords { schema, owner } => write!(
                f,
                "the runner's tables in the schema {} are the role {}'s, and were not read",
                Escaped(schema),
                Escaped(owner)
            ),
            Self::StillRequired { dependent, requires, requirement, .. } => {
                write!(f, "{dependent} is applied and requires {requires} {requirement}")
            }
            Self::Irreversible { key } => write!(f, "{key} is irreversible: it has no way back"),
            Self::NeverRan { key, .. } => {
                write!(f, "{key} was recorded by a baseline and never ran here")
            }
            Self::Unversioned { key } => {
                write!(f, "{key} has no version to compare with `--to`")
            }
            Self::TakesOver { from, to, applied, accepted } => {
                let count = match applied {
                    1 => "1 applied alteration".to_owned(),
                    applied => format!("{applied} applied alterations"),
                };
                match accepted {
                    true => write!(f, "{to} takes over {count} of {from}"),
                    false => write!(
                        f,
                        "{to} says that it replaces {from}, and would take over {count} of it"
                    ),
                }
            }
            Self::TakesOverUnfinished { from, to, key } => write!(
                f,
                "{to} cannot take over from {from} yet: {key} was begun and has not ended"
            ),
            Self::AppliedTwice { from, to, id } => {
                write!(f, "{to} cannot take over from {from}: {id} is applied under both names")
            }
            Self::Renamed { from, to } => {
                write!(f, "{from} is called {to} here, which took over all that was applied of it")
            }
        }
    }
}
