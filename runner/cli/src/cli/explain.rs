//! Errors for people: what happened, whether anything changed, what to type next; and exit codes.

use super::{command, options::Format, output};
use crate::{
    Error, StepError, StepFailure, StepReport,
    alteration::{AlterationKey, CatalogError, Direction},
    backend::{BackendError, Checkpoint, FormerError, FormerTool, ParseUrlError, Phase, Run, Stop},
    config::{CONFIG_FILE, ConfigError},
    deploy::{Exported, Powerful, UnknownSettings},
    error::{Changed, Lost},
    escape::EscapedLines,
    event::TakenOver,
    host::{HookError, LoadError},
    plan::{BaselineError, Finding, Plan, Severity, cut_off_advice},
    source::SourceError,
};
use serde::Serialize;
use std::{collections::BTreeSet, path::Path, process::ExitCode};

/// How the process ends. The numbers are documented and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Undeployed = 3,
    NeedsDecision = 4,
    Locked = 5,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

const NOTHING: &str = "nothing was altered";

/// An error in the shape that `--format json` prints.
#[derive(Debug, Serialize)]
struct Explanation {
    message: String,
    /// The alteration that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    alteration: Option<String>,
    /// What is altered now.
    changed: String,
    next: String,
    /// What `next` is about, ready to be pasted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
    /// Makes a user who may do no more than the database needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owner_sql: Vec<String>,
    exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
    /// What was done before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepReport>,
    /// How many steps were not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    /// What was written to files before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    exported: Option<Exported>,
    #[serde(skip)]
    details: Vec<(&'static str, String)>,
}

impl Explanation {
    fn new(message: String, exit: Exit) -> Self {
        Self {
            message,
            alteration: None,
            changed: NOTHING.to_owned(),
            next: String::new(),
            commands: Vec::new(),
            owner_sql: Vec::new(),
            exit_code: exit as u8,
            findings: Vec::new(),
            steps: Vec::new(),
            left: None,
            exported: None,
            details: Vec::new(),
        }
    }
}

/// Explains `error` and tells the exit code.
pub(super) fn error(error: &Error, format: Format) -> Exit {
    let exit = exit(error);
    tell(explain(error, exit), format);
    exit
}

/// Says that `steps` were not run, because they need a yes and there was no terminal to ask at.
pub(super) fn unasked(steps: usize, direction: Direction, format: Format) -> Exit {
    let count = output::count(steps as u64, "alteration");
    let what = match direction {
        Direction::Up => "applied",
        Direction::Down => "rolled back",
    };
    let would = match steps {
        0 => "recorded alterations would be taken over".to_owned(),
        _ => format!("{count} would be {what}"),
    };
    let message = format!("{would}, and there is no terminal to ask at");
    let mut explanation = Explanation::new(message, Exit::Usage);
    explanation.next = "if that is right, say so with `--yes`, or set RUNNER_YES=1:".to_owned();
    explanation.commands = vec![command::again("--yes")];
    tell(explanation, format);
    Exit::Usage
}

/// Says that a record was not corrected, because that needs a yes and there was no terminal to ask at.
pub(super) fn uncorrected(key: &AlterationKey, format: Format) -> Exit {
    let message =
        format!("the record of {key} would be corrected, and there is no terminal to ask at");
    let mut explanation = Explanation::new(message, Exit::Usage);
    explanation.alteration = Some(key.to_string());
    explanation.next = "if that is right, say so with `--yes`, or set RUNNER_YES=1:".to_owned();
    explanation.commands = vec![command::again("--yes")];
    tell(explanation, format);
    Exit::Usage
}

fn tell(mut explanation: Explanation, format: Format) {
    explanation.message = crate::secret::hidden(&explanation.message);
    if format == Format::Json {
        output::json(&serde_json::json!({ "error": explanation }));
    }
    let mut lines = explanation.details;
    lines.push(("changed", explanation.changed));
    lines.push(("next", explanation.next));
    output::problem(&EscapedLines(&explanation.message).to_string(), &lines);
    output::commands(&explanation.commands, output::note);
}

fn exit(error: &Error) -> Exit {
    match error {
        Error::Url(_)
        | Error::Target(_)
        | Error::Setting { .. }
        | Error::Baseline(BaselineError::SeveralPlugins(_))
        | Error::Former(FormerError::NoName(_))
        | Error::Source(SourceError::NothingGiven | SourceError::Url(_)) => Exit::Usage,
        Error::Backend(error) => backend_exit(error),
        Error::Objections(plan) => findings_exit(&plan.findings),
        Error::AppliedElsewhere { .. }
        | Error::NoReason(_)
        | Error::Unmet { .. }
        | Error::KeepsMoving
        | Error::PlanChanged(_)
        | Error::AlreadyRecorded { .. }
        | Error::NothingRecorded(_)
        | Error::NotArchived(_)
        | Error::NothingUnfinished(_) => Exit::NeedsDecision,
        Error::Interrupted => Exit::Interrupted,
        Error::Halted { cause, .. } | Error::AfterExport { cause, .. } => exit(cause),
        Error::Step(failure) => match &failure.cause {
            StepError::Interrupted => Exit::Interrupted,
            StepError::Stopped(_) | StepError::Backend(BackendError::Diverged) => {
                Exit::NeedsDecision
            }
            StepError::LockLost => Exit::Locked,
            StepError::Backend(error) => backend_exit(error),
            StepError::Hook(_) | StepError::Unknown(_) => Exit::Failed,
        },
        Error::Source(_)
        | Error::Baseline(_)
        | Error::Former(_)
        | Error::Engine(_)
        | Error::Component { .. }
        | Error::OtherInterface { .. }
        | Error::RehearsesOnItself
        | Error::NoCopy { .. }
        | Error::NoScratch(_)
        | Error::Prepare { .. }
        | Error::NotGranted { .. }
        | Error::NotGrantedDown { .. }
        | Error::With(_)
        | Error::UnknownSettings(_)
        | Error::Config(_)
        | Error::Powerful(_)
        | Error::Export { .. }
        | Error::Declined => Exit::Failed,
    }
}

fn backend_exit(error: &BackendError) -> Exit {
    match error {
        BackendError::Url(_) | BackendError::Environment(_) => Exit::Usage,
        BackendError::Locked(_) | BackendError::Busy(_) | BackendError::LeaseLost => Exit::Locked,
        BackendError::NewerSchema { .. }
        | BackendError::Elsewhere { .. }
        | BackendError::StrangePlace { .. }
        | BackendError::Corrupt(_)
        | BackendError::NotResumable
        | BackendError::NotArchived(_)
        | BackendError::ArchiveDamaged(_) => Exit::NeedsDecision,
        _ => Exit::Failed,
    }
}

/// 4 wherever a decision is needed, else 1 if something cannot be run.
pub(super) fn findings_exit(findings: &[Finding]) -> Exit {
    let any = |severity| findings.iter().any(|finding| finding.severity() == severity);
    match (any(Severity::Decision), any(Severity::Invalid)) {
        (true, _) => Exit::NeedsDecision,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    }
}

fn explain(error: &Error, exit: Exit) -> Explanation {
    let mut explanation = Explanation::new(error.to_string(), exit);
    explanation.next = match error {
        Error::Url(error) => url_advice(error),
        Error::Target(_) => "correct `--target`".to_owned(),
        Error::Baseline(error) => baseline_advice(error),
        Error::Former(error) => former_advice(error),
        Error::Source(error) => source_advice(error),
        Error::Backend(error) => backend_advice(error),
        Error::Engine(_) => "run on a machine with a supported processor".to_owned(),
        Error::Objections(plan) => objections(&mut explanation, plan),
        Error::Component { key, error: LoadError::NewerRunner { .. }, .. } => {
            explanation.alteration = Some(key.to_string());
            "install a newer runner and run this again; or ask the plugin's vendor for a build for this one"
                .to_owned()
        }
        Error::Component { key, .. } => {
            explanation.alteration = Some(key.to_string());
            "look with `runner inspect FILE`, and ask the plugin's vendor for a build for this runner"
                .to_owned()
        }
        Error::OtherInterface { key, .. } => {
            explanation.alteration = Some(key.to_string());
            "finish it with the runner that began it".to_owned()
        }
        Error::RehearsesOnItself => "name a copy of it with `--rehearse-on`".to_owned(),
        Error::NoCopy { .. } => {
            "restore a fresh copy of the database there, then rehearse again".to_owned()
        }
        Error::NoScratch(_) => "make room for temporary files, then run it again".to_owned(),
        Error::Prepare { .. } => "correct the file that `--prepare` names".to_owned(),
        Error::NothingUnfinished(key) | Error::AlreadyRecorded { key, .. } => {
            explanation.alteration = Some(key.to_string());
            "look with `runner status`".to_owned()
        }
        Error::NothingRecorded(key) | Error::NotArchived(key) => {
            explanation.alteration = Some(key.to_string());
            format!(
                "look with `runner status`; to record it as applied, name its files: `runner baseline PLUGINS --to {}@{}`",
                key.plugin, key.id
            )
        }
        Error::NoReason(key) => {
            explanation.alteration = Some(key.to_string());
            explanation.commands = vec![command::again("--because 'WHY'")];
            "if its record is wrong, say why, which is kept in the history:".to_owned()
        }
        Error::NotGranted { key, permission } => {
            explanation.alteration = Some(key.to_string());
            let plugin = &key.plugin;
            format!(
                "if you agree, deploy with `--grant {plugin}:{permission}`, or write `grant = [\"{permission}\"]` under `[plugins.\"{plugin}\"]` in {CONFIG_FILE}"
            )
        }
        Error::NotGrantedDown { key, permission } => {
            explanation.alteration = Some(key.to_string());
            format!("if you agree, add `--grant {}:{permission}`", key.plugin)
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
        Error::AppliedElsewhere { elsewhere, .. } => format!(
            "go on with those with `{}`; for records of their own here, add `--new-state`",
            state_schema(elsewhere)
        ),
        Error::Powerful(it) => powerful(&mut explanation, it),
        Error::Export { .. } => {
            "name a folder that does not exist yet, on a disk with room, with `--export`".to_owned()
        }
        Error::Declined => "run it again and answer y, or add `--yes`".to_owned(),
        Error::KeepsMoving => "see who else deploys, then run it again".to_owned(),
        Error::PlanChanged(key) => {
            explanation.alteration = Some(key.to_string());
            "look at the new plan: run it again".to_owned()
        }
        Error::Interrupted => "run it again when you are ready".to_owned(),
        Error::Halted { done, lost, taken_over, rehearsed, cause } => {
            let inner = explain(cause, exit);
            let next = inner.next;
            explanation.alteration = inner.alteration;
            explanation.findings = inner.findings;
            explanation.details = inner.details;
            explanation.commands = inner.commands;
            explanation.changed = match lost {
                Lost::Unknown => perhaps(done, ""),
                Lost::Nothing | Lost::These(_) => changed(done, *rehearsed, None),
            };
            explanation.changed =
                and_taken_over(std::mem::take(&mut explanation.changed), taken_over, *rehearsed);
            explanation.steps.clone_from(done);
            note_down(&mut explanation, done, *rehearsed);
            note_lost(&mut explanation, lost);
            match lost {
                Lost::Unknown => LOOK_AGAIN.to_owned(),
                Lost::Nothing | Lost::These(_) => next,
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

/// Which record has to be corrected before, or that it is no matter of records.
fn unmet(findings: &[Finding]) -> String {
    match findings.first() {
        Some(Finding::StillRequired { dependent: AlterationKey { plugin, id }, .. }) => format!(
            "if that is not in place either, say so first: `runner resolve {plugin} {id} --as reverted --because TEXT`"
        ),
        Some(Finding::UnmetRequirement { requires, .. }) => {
            format!("bring {requires} there first, or correct its records")
        }
        _ => "look with `runner status`".to_owned(),
    }
}

/// Says what is in the folder, and how to try again without it: it may be all that is left of what went.
fn after_export(explanation: &mut Explanation, exported: &Exported) -> String {
    let Exported { folder, tables, .. } = exported;
    let is = if *tables == 1 { "is" } else { "are" };
    let tables = output::count(*tables as u64, "table");
    let shown = output::word(&folder.display().to_string());
    explanation.details.push(("exported", format!("{tables} {is} in {shown}")));
    explanation.exported = Some(exported.clone());
    explanation.commands.push(command::again_to("--export", &unused(folder)));
    format!(
        "{}; then export to another folder, because {shown} is kept:",
        std::mem::take(&mut explanation.next)
    )
}

/// A folder beside `folder` that does not exist yet.
fn unused(folder: &Path) -> String {
    let numbered = |number: usize| {
        let mut name = folder.file_name().unwrap_or_default().to_os_string();
        name.push(format!("-{number}"));
        folder.with_file_name(name)
    };
    let mut free = (2..).map(numbered).skip_while(|path| path.symlink_metadata().is_ok());
    free.next().unwrap_or_default().display().to_string()
}

/// Two ways out: a user who can do no more than the database needs, or trust.
fn powerful(explanation: &mut Explanation, powerful: &Powerful) -> String {
    let Powerful { powers, plugins } = powerful;
    explanation.owner_sql.clone_from(&powers.owner_sql);
    let sql: String = powers.owner_sql.iter().map(|line| format!("\n      {line}")).collect();
    let safer = format!(
        "have the server's administrator make a user for this database only, and name that in the URL:{sql}"
    );
    explanation.details.push(("safer", safer));
    let flags: Vec<String> = plugins.iter().map(|plugin| format!("--trust {plugin}")).collect();
    explanation.commands = vec![command::again(&flags.join(" "))];
    let sections: Vec<String> =
        plugins.iter().map(|plugin| format!("`[plugins.\"{plugin}\"]`")).collect();
    format!(
        "if you trust the code of {}, write `trusted = true` under {} in {CONFIG_FILE}, or say so for this run:",
        if plugins.len() == 1 { "this plugin" } else { "these plugins" },
        sections.join(" and ")
    )
}

fn url_advice(error: &ParseUrlError) -> String {
    match error {
        ParseUrlError::UnknownParameter(_)
        | ParseUrlError::Value { .. }
        | ParseUrlError::Unsupported { .. }
        | ParseUrlError::Repeated { .. } => "correct the parameter in `--database`".to_owned(),
        ParseUrlError::Unencoded { .. } | ParseUrlError::Encoding { .. } => {
            "percent-encode user name and password in `--database`".to_owned()
        }
        ParseUrlError::SeveralHosts => {
            "name the server that takes writes in `--database`".to_owned()
        }
        ParseUrlError::NoBrackets
        | ParseUrlError::NotAnAddress
        | ParseUrlError::Zone
        | ParseUrlError::Port => "correct host and port in `--database`".to_owned(),
        _ => "give the database as `--database sqlite:FILE`, or as in postgres://HOST/DATABASE"
            .to_owned(),
    }
}

fn baseline_advice(error: &BaselineError) -> String {
    match error {
        BaselineError::UnknownPlugin(_) | BaselineError::UnknownVersion { .. } => {
            "add its files, or correct the name; `runner plan` shows what there is".to_owned()
        }
        BaselineError::UnknownAlteration(_) => {
            "correct the id; `runner plan` shows what there is".to_owned()
        }
        BaselineError::SeveralPlugins(_) => "say whose it is with `--plugin`".to_owned(),
        BaselineError::NotAVersion { .. } => {
            "see that `--from` names the tool whose ledger it is".to_owned()
        }
        BaselineError::NotPacked { .. } => {
            "pack all of the history, as far as it was applied, with `runner pack`".to_owned()
        }
        BaselineError::Ambiguous { .. } | BaselineError::SeveralProjects { .. } => {
            "record them by name, with `--to VENDOR/NAME@ID`".to_owned()
        }
    }
}

fn former_advice(error: &FormerError) -> String {
    match error {
        FormerError::NoRegistry { .. } => {
            "name the file with `--ledger` (`registry` in sqitch.conf says where it is), or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::NoLedger { tool: FormerTool::Sqitch, .. } => {
            "name the table with `--ledger REGISTRY.changes` (on SQLite the file, with its folder: `--ledger ./FILE`), or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::Unreadable { .. } => {
            "let this user read it, or record by name with `--to VENDOR/NAME@ID`".to_owned()
        }
        FormerError::NoneToRead { .. } => {
            "grant this user SELECT on it, name the right one with `--ledger DATABASE.TABLE`, or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::SeveralTables { .. } => "say which it is with `--ledger`".to_owned(),
        FormerError::NoLedger { .. } | FormerError::NoName(_) => {
            "name the table with `--ledger`, or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::OtherTable { .. } => {
            "see that `--from` and `--ledger` name the tool that was used".to_owned()
        }
        FormerError::Broken { .. } => {
            "bring it to an end with the tool that began it, then run this again".to_owned()
        }
    }
}

fn config_advice(error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable { .. } => {
            "see that it is there and readable, or correct `--config`".to_owned()
        }
        ConfigError::NotAFile { .. } => {
            "replace it with a file, or name one with `--config`".to_owned()
        }
        ConfigError::TooLarge { .. } => "name the right file with `--config`".to_owned(),
        ConfigError::Writable { path, .. } => format!(
            "look at what it says; then `chmod go-w {}`",
            output::word(&path.display().to_string())
        ),
        ConfigError::AmongPlugins { path } | ConfigError::Foreign { path, .. } => format!(
            "look at what it says; then name it: `--config {}`",
            output::word(&path.display().to_string())
        ),
        ConfigError::Invalid { .. } => "correct the file".to_owned(),
    }
}

fn objections(explanation: &mut Explanation, plan: &Plan) -> String {
    explanation.findings = plan.objections().cloned().collect();
    explanation.alteration = explanation.findings.first().and_then(Finding::subject);
    let mut objections = plan.objections();
    let first = objections.next();
    let effects = first.map(Finding::took_effect).unwrap_or_default();
    explanation.details = effects.iter().map(|text| ("took effect", text.clone())).collect();
    // What is to be done is said once, of however many.
    let mut said: BTreeSet<String> = first.map(Finding::advice).into_iter().collect();
    for finding in objections {
        let (mut also, advice) = (finding.to_string(), finding.advice());
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

fn step(explanation: &mut Explanation, failure: &StepFailure) -> String {
    let StepFailure { key, direction, cause, done, lost, left, rehearsed, unrecorded, .. } =
        failure;
    let taken_over = &failure.taken_over;
    explanation.alteration = Some(key.to_string());
    explanation.changed = match lost {
        Lost::Unknown => format!("{}; nothing of {key}", perhaps(done, " before it")),
        Lost::Nothing | Lost::These(_) => changed(done, *rehearsed, Some(key)),
    };
    if let Changed::Unfinished { run, effects } = &failure.changed
        && !rehearsed
    {
        unfinished(explanation, run, effects.as_deref(), done);
    }
    if let StepError::Unknown(_) = cause {
        explanation.changed = format!("not known for {key}: the connection was lost in its commit");
    }
    explanation.changed =
        and_taken_over(std::mem::take(&mut explanation.changed), taken_over, *rehearsed);
    explanation.steps.clone_from(done);
    if *direction == Direction::Up {
        note_down(explanation, done, *rehearsed);
    }
    explanation.left = Some(*left);
    note_lost(explanation, lost);
    if *left > 0 {
        let left = output::count(*left as u64, "alteration");
        explanation.details.push(("not begun", left));
    }
    if let Some(why) = unrecorded {
        explanation.details.push(("not recorded", format!("the failure itself: {why}")));
    }
    let again = match direction {
        Direction::Up => "runner deploy",
        Direction::Down => "runner rollback",
    };
    if *lost == Lost::Unknown && !matches!(cause, StepError::LockLost) {
        return LOOK_AGAIN.to_owned();
    }
    let stopped = match cause {
        StepError::Stopped(stop) => Some(stop),
        _ => failure.cut.as_ref(),
    };
    if let Some(stop @ Stop::Apart { statement, is_known }) = stopped {
        return cut_off(explanation, (key, *direction), stop, (statement, *is_known), cause);
    }
    match cause {
        StepError::Interrupted => format!("run `{again}` again when you are ready"),
        StepError::LockLost => {
            format!("another runner is at work; `{again}` goes on when it has ended")
        }
        StepError::Unknown(_) => {
            "look with `runner status` when the server is back; `runner deploy` then goes on".to_owned()
        }
        StepError::Stopped(Stop::Ambiguous { statement }) => {
            explanation.details.push(("statement", EscapedLines(statement).to_string()));
            explanation.commands = command::resolve_statement(key);
            format!(
                "look whether it took effect; say so by one of these, and run `{again}` again:"
            )
        }
        StepError::Stopped(Stop::Diverged { .. }) | StepError::Backend(BackendError::Diverged) => {
            explanation.commands = command::either(key);
            "its file, its data or its clock misled it: bring the database to where it belongs by hand, and say by one of these where that is:"
                .to_owned()
        }
        // Explained before.
        StepError::Stopped(Stop::Apart { .. }) => String::new(),
        StepError::Stopped(Stop::NotRehearsable { .. }) => {
            "rehearse on a copy with `--rehearse-on URL`".to_owned()
        }
        cause if cause.is_disconnected() => format!(
            "see whether the server runs, then `{again}` again: it goes on where this one ended"
        ),
        cause if cause.is_disk_full() => "make room on the disk, then run it again".to_owned(),
        StepError::Hook(HookError::AddressSpace(_)) => format!(
            "raise the address space that this process may have (`ulimit -v unlimited`, or the service's LimitAS), then run `{again}` again"
        ),
        StepError::Backend(error) => backend_advice(error),
        StepError::Hook(error)
            if error.flag().is_none() && *direction == Direction::Up && is_begun(failure) =>
        {
            explanation.commands = vec![command::resolve_as_reverted(key)];
            "mend the cause and run `runner deploy` again: it goes on behind what took effect, in a mended file too if that begins with the same statements. If they have to change, undo them first, then:"
                .to_owned()
        }
        StepError::Hook(HookError::Absent(_)) => {
            "ask the plugin's vendor for a build that does without it".to_owned()
        }
        StepError::Hook(HookError::UndeclaredSetting(_)) => {
            "ask the plugin's vendor to declare the setting in its manifest".to_owned()
        }
        StepError::Hook(HookError::Undeclared(_)) => {
            "ask the plugin's vendor to declare the permission in its manifest".to_owned()
        }
        StepError::Hook(error) => match error.flag() {
            Some(flag) => format!(
                "if that is too little for what it does, raise the bound with `{flag}` and run `{again}` again"
            ),
            None if *direction == Direction::Down => {
                "`down` comes from the archive, as it was deployed: mend the data that it stumbles over and run `runner rollback` again; or have its vendor mend it, and name that component with `--with FILE`"
                    .to_owned()
            }
            None => format!("mend the cause, or ask the plugin's vendor; then run `{again}` again"),
        },
    }
}

/// A hook that was cut off, or failed, where nobody can resume it.
fn cut_off(
    explanation: &mut Explanation,
    (key, direction): (&AlterationKey, Direction),
    stop: &Stop,
    (statement, is_known): (&str, bool),
    cause: &StepError,
) -> String {
    if !matches!(cause, StepError::Stopped(_)) {
        explanation.details.push(("also", EscapedLines(&stop.to_string()).to_string()));
    }
    if !is_known {
        explanation.details.push(("statement", EscapedLines(statement).to_string()));
    }
    explanation.commands = command::either(key);
    let look = if is_known { "" } else { "look whether it took effect, then " };
    format!("{look}{}", cut_off_advice(direction))
}

/// Whether parts of the alteration are committed.
fn is_begun(failure: &StepFailure) -> bool {
    matches!(failure.changed, Changed::Unfinished { .. }) && !failure.rehearsed
}

/// Where nobody could look what a server still has.
const LOOK_AGAIN: &str =
    "look with `runner status` when the server is back; the same command goes on from there";

fn note_lost(explanation: &mut Explanation, lost: &Lost) {
    if let Lost::These(keys) = lost {
        explanation.details.push(("lost", lost_text(keys)));
    }
}

/// Names what was taken down before something stopped a deploy, and is not applied again.
fn note_down(explanation: &mut Explanation, done: &[StepReport], rehearsed: bool) {
    let is_up = |key: &AlterationKey| {
        done.iter().any(|step| step.direction == Direction::Up && step.key == *key)
    };
    let down = done.iter().filter(|step| step.direction == Direction::Down && !is_up(&step.key));
    let names: Vec<String> = down.map(|step| step.key.to_string()).collect();
    if !names.is_empty() && !rehearsed {
        explanation.details.push(("taken down", names.join(", ")));
    }
}

/// What is altered, where a crash of the server may have taken the last of it along.
fn perhaps(done: &[StepReport], place: &str) -> String {
    let count = output::count(done.len() as u64, "alteration");
    format!("{count}{place}, of which the server may have lost the last if it crashed")
}

/// What a crash of the server took along, which is the last that was done.
pub(super) fn lost_text(keys: &[AlterationKey]) -> String {
    let count = output::count(keys.len() as u64, "alteration");
    let from = keys.first().map(|key| format!(", from {key} on")).unwrap_or_default();
    format!("{count} that had been done{from}: the server crashed before its disk had them")
}

/// Says exactly what is left of an alteration that is committed in several parts.
fn unfinished(
    explanation: &mut Explanation,
    run: &Run,
    effects: Option<&[String]>,
    done: &[StepReport],
) {
    let key = &run.key;
    let Checkpoint { steps, done: rows, total, .. } = run.checkpoint;
    let part = match (run.phase, run.direction, effects) {
        (Phase::Backfill, ..) => {
            let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
            let steps = output::count(steps, "step");
            format!("{key} is applied but for its backfill: {steps} stay, {rows}{of} done")
        }
        (_, _, None) => format!("{key} is begun; what took effect is in its journal"),
        (phase, direction, Some(effects)) => {
            let before = match (phase, direction) {
                (Phase::Main, _) if run.counts.statements > 0 => ", after its preparation",
                _ => "",
            };
            let statements = output::count(effects.len() as u64, "statement");
            for effect in effects {
                explanation.details.push(("took effect", EscapedLines(effect).to_string()));
            }
            format!("{key} is begun: {statements} of it took effect{before}")
        }
    };
    explanation.changed = match done.len() as u64 {
        0 => part,
        before => format!("{} before it, and {part}", output::count(before, "alteration")),
    };
}

/// `changed`, after the records that plugins took over.
fn and_taken_over(changed: String, taken_over: &[TakenOver], rehearsed: bool) -> String {
    if taken_over.is_empty() || rehearsed {
        return changed;
    }
    let names =
        taken_over.iter().map(|TakenOver { from, to, .. }| format!("{from} is recorded as {to}"));
    let names = names.collect::<Vec<_>>().join(", ");
    match changed == NOTHING {
        true => format!("{names}; nothing else"),
        false => format!("{names}; {changed}"),
    }
}

/// What is altered now, after `done` and nothing of `failed`.
fn changed(done: &[StepReport], rehearsed: bool, failed: Option<&AlterationKey>) -> String {
    let Some(last) = done.last().filter(|_| !rehearsed) else {
        return match rehearsed {
            true => "nothing: this was a dry run".to_owned(),
            false => NOTHING.to_owned(),
        };
    };
    let state = match last.direction {
        Direction::Up => "applied",
        Direction::Down => "reverted",
    };
    // Where drafts were taken down first, those that are applied again count once.
    let last_way = |step: &&StepReport| step.direction == last.direction;
    let steps = done.iter().filter(last_way).count();
    let stays = if steps == 1 { "stays" } else { "stay" };
    let count = output::count(steps as u64, "alteration");
    match failed {
        Some(key) => format!("{count} before it {stays} {state}; nothing of {key}"),
        None => format!("{count} {stays} {state}; nothing else"),
    }
}

fn source_advice(error: &SourceError) -> String {
    match error {
        SourceError::NothingGiven | SourceError::NotFound(_) => {
            "name the folder that holds the plugins, as in `runner deploy ./plugins`".to_owned()
        }
        SourceError::Empty(_) => {
            "put components there; `runner pack SOURCE --out DIR` makes them".to_owned()
        }
        SourceError::Url(_) => "give the database with `--database`".to_owned(),
        SourceError::Unreadable { .. } => {
            "make it readable for this user, or take it out of the folder".to_owned()
        }
        SourceError::TooLarge { .. } => "if that is right, raise `--max-component`".to_owned(),
        SourceError::Section { .. } | SourceError::Manifest { .. } => {
            "get the file again from the plugin's vendor, or take it out of the folder".to_owned()
        }
        SourceError::Id { .. } | SourceError::Plugin { .. } => {
            "give it a manifest with `runner pack FILE --manifest alteration.json --out DIR`, or name it VENDOR/NAME/ID.wasm"
                .to_owned()
        }
        SourceError::Catalog(CatalogError::Duplicate { .. }) => {
            "keep one of the two files".to_owned()
        }
        SourceError::Catalog(CatalogError::BothOffered { replaced, by, .. }) => format!(
            "remove the files of one: those of {replaced} if its vendor says that {by} replaces it, else those of {by}"
        ),
        SourceError::Catalog(CatalogError::ReplacedTwice { replaced, .. }) => format!(
            "remove the files of the one that the vendor of {replaced} does not name"
        ),
        SourceError::Catalog(CatalogError::ReplacesSeveral { .. }) => {
            "get the files again from the plugin's vendor: a plugin replaces one other".to_owned()
        }
        SourceError::ChangedMeanwhile(_) => "let the copying finish, then run it again".to_owned(),
    }
}

/// The flag that names a schema, as a shell takes it.
fn state_schema(schema: &str) -> String {
    format!("--state-schema {}", output::word(schema))
}

fn backend_advice(error: &BackendError) -> String {
    match error {
        BackendError::Connect { .. } => {
            "check `--database`: the path and its folder, or host, port and name".to_owned()
        }
        BackendError::Url(_) => "correct `--database`".to_owned(),
        BackendError::Environment(_) => {
            "correct or unset the variable, or say it in `--database`".to_owned()
        }
        BackendError::CertificateFile { parameter, .. } => {
            format!("correct `{parameter}` in `--database`, or the variable that stands for it")
        }
        BackendError::ReadOnlyFile { .. } => {
            "make file and folder writable for this user, and leave `mode=ro` and `immutable` out of the URL"
                .to_owned()
        },
        BackendError::ReadOnly { .. } | BackendError::WrongRole { .. } => {
            "name the server that takes writes (the primary) in `--database`, or have this one take them again"
                .to_owned()
        }
        BackendError::Unauthorized { .. } => {
            "check user, password and rights in `--database`".to_owned()
        }
        BackendError::LoginMethod { .. } => {
            "have the server's administrator make an account for the runner that logs in with a password"
                .to_owned()
        }
        BackendError::WrongProtocol { found, .. } => {
            let scheme = if found.contains("PostgreSQL") { "postgres" } else { "mysql" };
            format!("correct host and port in `--database`, or begin it with {scheme}://")
        }
        BackendError::Tls { .. } => {
            "check the certificates, and the TLS parameters in `--database`".to_owned()
        }
        BackendError::UnknownDatabase { .. } => {
            "create the database, or correct its name in `--database`".to_owned()
        }
        BackendError::MayNotRead { grants, .. } => {
            format!("have the tables' owner permit it: {}", grants.join(" "))
        }
        BackendError::MayNotMakeDatabase { grant, .. } => {
            format!("have the server's administrator permit it: {grant}; or use another server")
        }
        BackendError::MayNotMakeTables { grant, .. } => format!(
            "have the owner permit it: `{grant}`; or name a schema where this user may, with `--state-schema`"
        ),
        BackendError::TooOld { .. } => "upgrade the server".to_owned(),
        BackendError::Setting { next, .. } => {
            format!("have it set for the database or the role: `{next}`")
        }
        BackendError::Mode { mode, .. } => {
            format!("give this user a session without {mode}, by init_connect or the server's sql_mode")
        }
        BackendError::Engine { .. } => {
            "unset enforce_storage_engine on the server, and drop that table if it is empty".to_owned()
        }
        BackendError::Unreachable { .. } => {
            "check host and port, and that the server runs; `--wait 30s` waits for it".to_owned()
        }
        BackendError::CannotRehearse(_) => {
            "rehearse on a copy of the database with `--rehearse-on URL`".to_owned()
        }
        BackendError::SchemaComesFirst(_) => {
            "choose another name with `--state-schema`".to_owned()
        }
        BackendError::Elsewhere { schemas, .. } => {
            let flags: Vec<_> = schemas.iter().map(|schema| state_schema(schema)).collect();
            format!("say which are meant: `{}`", flags.join("` or `"))
        }
        BackendError::StrangePlace { ledger, .. } => format!(
            "if these are meant: `{}`; if not, name another schema with it",
            state_schema(&ledger.schema)
        ),
        BackendError::NoPlace { .. } => {
            "create that schema, or name one with `--state-schema`".to_owned()
        }
        BackendError::SharedSession => "run it again with `--lock lease`".to_owned(),
        BackendError::NotADatabase(_) => "check that `--database` names the right file".to_owned(),
        BackendError::Damaged { .. } => {
            "restore the database from a backup; `PRAGMA integrity_check` tells what is damaged"
                .to_owned()
        }
        BackendError::Locked(_) => {
            "wait for it and run this again, or wait longer with `--lock-timeout 10m`".to_owned()
        }
        BackendError::LeaseLost => {
            "another runner is at work; run this again when it has ended".to_owned()
        }
        BackendError::Busy(_) => {
            "close what else writes to this database, then run this again".to_owned()
        }
        BackendError::Diverged => "see `runner resolve --help`".to_owned(),
        BackendError::NothingToResolve => {
            "say with `--as applied` or `--as reverted` how it stands".to_owned()
        }
        BackendError::NotResumable => {
            "do the rest of it by hand, then say `--as applied`; or undo what took effect, then say `--as reverted`"
                .to_owned()
        }
        BackendError::LeftOpen => {
            "have the plugin's vendor end the transaction in the alteration".to_owned()
        }
        BackendError::NewerSchema { .. } => "install the runner that deployed last".to_owned(),
        BackendError::Corrupt(_) => {
            "somebody edited the runner's tables: restore them from a backup".to_owned()
        }
        BackendError::Moved | BackendError::TransactionEnded(_) | BackendError::Doubtful(_) => {
            "run it again".to_owned()
        }
        BackendError::Stuck | BackendError::Refused(_) => {
            "ask the plugin's vendor to mend the alteration".to_owned()
        }
        BackendError::NotArchived(_) | BackendError::ArchiveDamaged(_) => {
            "restore the table alteration_archive from a backup".to_owned()
        }
        BackendError::DiskFull(_) => "make room on the disk, then run it again".to_owned(),
        BackendError::Database(_) => "mend the cause, then run it again".to_owned(),
        BackendError::LockFile { .. } => "make the database's folder writable".to_owned(),
        BackendError::Disconnected(_) => {
            "see whether the server runs, then `runner deploy` again: it goes on where this one ended".to_owned()
        }
    }
}
