//! Findings: what the planner noticed that the operator should know or decide.
//!
//! Here is their data, which is also their JSON. What each means for the plan is in `severity.rs`, what it says in
//! `text.rs`, and what to do about it in `advice.rs`.

mod advice;
mod severity;
mod text;

pub use severity::Severity;

use super::Hold;
use crate::{
    alteration::{AlterationId, AlterationKey, Checksum, Dialect, Direction, PluginName},
    lock_file::LockDifference,
};
use serde::Serialize;
use std::path::PathBuf;

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
    /// It is confined, and what it made does not belong to its role any more: the database was restored elsewhere, or the role
    /// was dropped.
    OwnerChanged {
        /// The plugin.
        plugin: PluginName,
        /// Its role. Escape it.
        role: String,
        /// Whether the server has no such role.
        is_missing: bool,
        /// The objects that belong to others, escaped; empty if there is no such role.
        objects: Vec<String>,
    },
    /// It is confined, and makes what it names without a schema in one of its own.
    OwnSchema {
        /// The plugin.
        plugin: PluginName,
        /// The schema. Escape it.
        schema: String,
    },
    /// Other programs work in this database as the operator's user: what runs with their rights has the operator's.
    SharedUser {
        /// The user.
        user: String,
        /// How many sessions they have now.
        sessions: u64,
        /// What they call themselves, those that do.
        applications: Vec<String>,
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
