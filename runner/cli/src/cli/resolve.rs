//! `runner resolve`: records what only a person can decide: about an unfinished alteration, or that a record is wrong.

use super::{
    command,
    explain::{self, Exit},
    options::{Database, Format, Lock, Output, yes},
    output,
};
use alteration_deploy::{Correction, Error, How, Resolved, Unfinished};
use alteration_domain::{
    alteration::{AlterationId, AlterationKey, Direction, PluginName},
    escape::EscapedLines,
    plan::Finding,
};
use alteration_record::{Because, Decision, Phase, Status};
use clap::ValueEnum;
use serde::Serialize;
use std::{
    cell::Cell,
    io::{BufRead as _, IsTerminal as _},
};

/// Resolves an interrupted alteration, or corrects a wrong record; without arguments, lists interrupted alterations
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner resolve --database mariadb://user@host/app
  runner resolve acme/shop 1.4.0-1718000000-add-index --statement done
  runner resolve acme/shop 1.4.0-1718000000-add-index --as reverted
  runner resolve acme/shop 1.4.0-1718000000-add-index --as reverted --because 'restored from a backup' --yes")]
pub(super) struct Args {
    /// The plugin of the alteration
    #[arg(value_name = "VENDOR/NAME", requires = "id")]
    plugin: Option<PluginName>,
    /// The id of the alteration
    #[arg(requires = "decision")]
    id: Option<AlterationId>,
    /// Say whether the statement with the unknown outcome took effect; run `deploy` afterwards to resume
    #[arg(long, value_enum, value_name = "WHAT", group = "decision", requires = "id")]
    statement: Option<StatementChoice>,
    /// Record this status for the whole alteration, after you have brought the database there
    #[arg(long = "as", value_enum, value_name = "STATUS", group = "decision", requires = "id")]
    status: Option<StatusChoice>,
    /// Record the reason in the history; required to correct the record of an alteration that is not interrupted
    #[arg(long, value_name = "TEXT", requires = "id")]
    because: Option<Because>,
    /// Do not ask before a record is corrected; needed if there is no terminal
    #[arg(long, env = "RUNNER_YES", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    yes: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    lock: Lock,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatementChoice {
    /// It took effect.
    Done,
    /// It did not take effect; it runs again.
    NotDone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusChoice {
    /// All of it is in place.
    Applied,
    /// Nothing of it is in place.
    Reverted,
}

/// Printed without an alteration: what is unfinished.
#[derive(Serialize)]
struct Document<'a> {
    /// Every attempt that was begun and has not ended.
    unfinished: Vec<UnfinishedAttempt<'a>>,
}

/// An attempt that was begun and has not ended.
#[derive(Serialize)]
struct UnfinishedAttempt<'a> {
    /// The alteration.
    alteration: &'a AlterationKey,
    /// What `next` speaks of, ready to be pasted.
    commands: Vec<String>,
    /// Why it cannot be resumed; null if it can.
    cut_off: Option<&'a String>,
    /// Whether it was being applied or rolled back.
    direction: Direction,
    /// What to do.
    next: String,
    /// The part it was in.
    phase: Phase,
    /// When it was begun (RFC 3339, UTC).
    since: &'a str,
    /// The statement whose outcome is unknown; null if there is none.
    statement: Option<&'a String>,
}

/// Printed after a decision about an unfinished alteration.
#[derive(Serialize)]
struct DecisionDocument<'a> {
    /// The alteration.
    alteration: &'a AlterationKey,
    /// What was decided, in words.
    result: &'a str,
    /// The statement whose outcome was unknown; null where the decision was about the whole alteration.
    statement: Option<String>,
}

/// Printed after a record was corrected.
#[derive(Serialize)]
struct CorrectionDocument<'a> {
    /// The alteration.
    alteration: &'a AlterationKey,
    /// The reason that was given.
    because: Option<&'a Because>,
    /// The status that was recorded.
    recorded: Status,
    /// What was recorded, in words.
    result: String,
    /// The status that is recorded now.
    status: Status,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let decided = match (&args.plugin, &args.id) {
        (Some(plugin), Some(id)) => {
            let key = AlterationKey { plugin: plugin.clone(), id: id.clone() };
            decide(&args, key).await
        }
        _ => list(&args).await,
    };
    match decided {
        Ok(exit) => exit,
        Err(error) => explain::error(&error, format),
    }
}

async fn decide(args: &Args, key: AlterationKey) -> Result<Exit, Error> {
    let decision = match (args.statement, args.status) {
        (Some(StatementChoice::Done), _) => Decision::StatementDone,
        (Some(StatementChoice::NotDone), _) => Decision::StatementNotDone,
        (None, Some(StatusChoice::Applied)) => Decision::Applied,
        (None, _) => Decision::Reverted,
    };
    let runner = args.database.locked_runner(&args.lock, &[])?;
    let how = How { lock_patience: args.lock.lock_timeout, ..How::default() };
    let (because, format) = (args.because.as_ref(), args.output.format);
    let is_unasked = Cell::new(false);
    let confirm = |correction: &Correction| confirm(args, correction, &is_unasked);
    let resolved = match runner.resolve(&key, decision, because, &how, confirm).await {
        Err(Error::Declined) if is_unasked.get() => return Ok(explain::uncorrected(&key, format)),
        resolved => resolved?,
    };
    let statement = match resolved {
        Resolved::Attempt(statement) => statement,
        Resolved::Corrected(Correction { recorded, status, .. }) => {
            match args.output.format {
                Format::Text => {
                    output::result(&format!("{key} is recorded as {status}; it was {recorded}."));
                }
                Format::Json => output::sorted_json(&CorrectionDocument {
                    alteration: &key,
                    because,
                    recorded,
                    result: format!("{key} is recorded as {status}"),
                    status,
                }),
            }
            return Ok(Exit::Done);
        }
    };
    let text = match decision {
        Decision::Applied => format!("{key} is applied."),
        Decision::Reverted => format!("{key} is reverted."),
        Decision::StatementDone => format!("{key} resumes after its statement:"),
        Decision::StatementNotDone => format!("{key} resumes with its statement:"),
    };
    let statement = match decision {
        Decision::Applied | Decision::Reverted => None,
        Decision::StatementDone | Decision::StatementNotDone => statement,
    };
    match args.output.format {
        Format::Text => {
            output::result(&text);
            for line in EscapedLines(&statement.unwrap_or_default()).to_string().lines() {
                output::result(&format!("    {line}"));
            }
        }
        Format::Json => output::sorted_json(&DecisionDocument {
            alteration: &key,
            result: text.trim_end_matches(['.', ':']),
            statement,
        }),
    }
    Ok(Exit::Done)
}

/// Says what would be recorded, and asks the person at the terminal.
fn confirm(args: &Args, correction: &Correction, is_unasked: &Cell<bool>) -> bool {
    let Correction { key, recorded, status } = correction;
    let person = !args.yes && std::io::stdin().is_terminal();
    if args.output.format == Format::Text || person {
        output::note(&format!(
            "{key} is recorded as {recorded}, and would be as {status}: nothing runs."
        ));
        if let Some(because) = &args.because {
            output::note(&format!("   because: {because}"));
        }
    }
    if !person {
        is_unasked.set(!args.yes);
        return args.yes;
    }
    output::ask("The database has to be so already. Go on? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

async fn list(args: &Args) -> Result<Exit, Error> {
    let unfinished = args.database.runner(&[])?.unfinished().await?;
    if args.output.format == Format::Json {
        let unfinished = unfinished.iter().map(attempt).collect();
        output::sorted_json(&Document { unfinished });
        return Ok(Exit::Done);
    }
    if unfinished.is_empty() {
        output::result("Nothing is unfinished.");
    }
    for it in unfinished {
        let Unfinished { run, statement, cut_off } = &it;
        output::result(&format!(
            "{}  {}, in its {}, since {}",
            run.key,
            run.direction,
            run.phase.as_str(),
            run.started_at
        ));
        if let Some(statement) = statement {
            output::result("    the outcome of this statement is unknown:");
            for line in EscapedLines(statement).to_string().lines() {
                output::result(&format!("    {line}"));
            }
        } else if let Some(stop) = cut_off {
            output::result(&format!("    {stop}"));
        }
        let (next, commands) = way_out(&it);
        output::result(&format!("  next: {next}"));
        output::commands(&commands, output::result);
    }
    Ok(Exit::Done)
}

/// Returns what to do about an attempt that has not ended, and the commands for it.
fn way_out(Unfinished { run, statement, cut_off }: &Unfinished) -> (String, Vec<String>) {
    let key = run.key.clone();
    let finding = match (run.direction, cut_off, statement) {
        (direction, Some(stop), _) => Finding::CutOff {
            key,
            direction,
            stop: stop.clone(),
            blocks: true,
            took_effect: Vec::new(),
        },
        (direction, None, Some(_)) => {
            let again = match direction {
                Direction::Up => "deploy again",
                Direction::Down => "roll back again",
            };
            let next = format!(
                "find out whether it took effect, record that with one of these, and {again}:"
            );
            return (next, command::resolve_statement(&key));
        }
        (Direction::Up, None, None) => Finding::Unfinished { key },
        (Direction::Down, None, None) => Finding::UnfinishedRollback { key },
    };
    (command::advice(&finding), command::of_finding(&finding))
}

fn attempt(unfinished: &Unfinished) -> UnfinishedAttempt<'_> {
    let Unfinished { run, statement, cut_off } = unfinished;
    let (next, commands) = way_out(unfinished);
    UnfinishedAttempt {
        alteration: &run.key,
        commands,
        cut_off: cut_off.as_ref(),
        direction: run.direction,
        next,
        phase: run.phase,
        since: &run.started_at,
        statement: statement.as_ref(),
    }
}
