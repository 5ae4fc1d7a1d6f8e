//! Errors for people: what happened, what is altered now, and what to type next.
//!
//! Each kind of error has a file. All of them fill in an [`Explanation`], which is printed here, as text or as JSON.

mod advice;
mod backend;
mod changed;
mod confine;
mod exit;
mod export;
mod given;
mod plan;
mod step;
mod trust;

pub(super) use changed::lost_text;
pub(super) use exit::{Exit, findings_exit};

use super::{command, options::Format, output};
use alteration_deploy::{Error, StepReport, deploy::Exported};
use alteration_domain::{
    alteration::{AlterationKey, Direction, PluginName},
    escape::EscapedLines,
    plan::Finding,
};
use serde::Serialize;

const NOTHING: &str = "nothing was altered";

/// What `--format json` prints for an error.
#[derive(Serialize)]
struct Failed<'a> {
    /// What happened, what is altered now, and what to do.
    error: &'a Explanation,
}

/// An error: what happened, what is altered now, and what to do.
#[derive(Debug, Serialize)]
struct Explanation {
    /// What happened.
    message: String,
    /// The alteration that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    alteration: Option<String>,
    /// What is altered now.
    changed: String,
    /// What to do.
    next: String,
    /// What `next` is about, ready to be pasted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
    /// Each problem of a source that `runner pack` refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// Makes a user who may do no more than the database needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owner_sql: Vec<String>,
    /// The exit code of the process.
    exit_code: u8,
    /// What speaks against the plan.
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
            problems: Vec::new(),
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
    let exit = exit::exit(error);
    tell(advice::explain(error, exit), format);
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
    explanation.next = "if that is right, set RUNNER_YES=1 or run:".to_owned();
    explanation.commands = vec![command::again("--yes")];
    tell(explanation, format);
    Exit::Usage
}

/// Says that a lock file was not changed, because that needs a yes and there was no terminal to ask at.
pub(super) fn unlocked(plugins: usize, lock_file: &str, format: Format) -> Exit {
    let plugins = output::count(plugins as u64, "plugin");
    let message = format!(
        "what {lock_file} pins of {plugins} would change, and there is no terminal to ask at"
    );
    let mut explanation = Explanation::new(message, Exit::Usage);
    explanation.changed = "nothing was written".to_owned();
    explanation.next = "if that is right, set RUNNER_YES=1 or run:".to_owned();
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
    explanation.next = "if that is right, set RUNNER_YES=1 or run:".to_owned();
    explanation.commands = vec![command::again("--yes")];
    tell(explanation, format);
    Exit::Usage
}

/// Says that the level of a plugin was not changed, because that needs a yes and there was no terminal to ask at.
pub(super) fn unconfined(plugin: &PluginName, format: Format) -> Exit {
    let message = format!("{plugin} would work in another way, and there is no terminal to ask at");
    let mut explanation = Explanation::new(message, Exit::Usage);
    explanation.next = "if that is right, set RUNNER_YES=1 or run:".to_owned();
    explanation.commands = vec![command::again("--yes")];
    tell(explanation, format);
    Exit::Usage
}

/// Why a verb without a plan does not go on.
#[derive(Debug, Default)]
pub(crate) struct Refusal<'a> {
    /// May hold a stranger's text: it is escaped here.
    pub(crate) message: &'a str,
    /// What was written, or that nothing was.
    pub(crate) changed: &'a str,
    pub(crate) next: &'a str,
    /// What `next` speaks of.
    pub(crate) commands: Vec<String>,
    /// Each problem, where the message lists several.
    pub(crate) problems: Vec<String>,
}

/// Explains a refusal, and returns `exit`.
pub(super) fn refused(refusal: Refusal<'_>, exit: Exit, format: Format) -> Exit {
    let escaped = |text: &str| alteration_domain::secret::hidden(&EscapedLines(text).to_string());
    let mut explanation = Explanation::new(escaped(refusal.message), exit);
    explanation.changed = refusal.changed.to_owned();
    explanation.next = refusal.next.to_owned();
    explanation.commands = refusal.commands;
    explanation.problems = refusal.problems.iter().map(|problem| escaped(problem)).collect();
    tell(explanation, format);
    exit
}

fn tell(mut explanation: Explanation, format: Format) {
    explanation.message = alteration_domain::secret::hidden(&explanation.message);
    explanation.next = command::completed(&explanation.next, &explanation.commands);
    if format == Format::Json {
        output::sorted_json(&Failed { error: &explanation });
    }
    let mut lines = explanation.details;
    lines.push(("changed", explanation.changed));
    lines.push(("next", explanation.next));
    output::problem(&EscapedLines(&explanation.message).to_string(), &lines);
    output::commands(&explanation.commands, output::note);
}
