//! `runner resolve`: records what only a person can decide about an unfinished alteration.

use super::{
    explain::{self, Exit},
    options::{Database, Format, Lock, Output},
    output,
};
use crate::{
    Error, How,
    alteration::{AlterationId, AlterationKey, PluginName},
    backend::{Decision, Run},
    escape::EscapedLines,
};
use clap::ValueEnum;

/// Decides about an alteration that was begun and cannot go on by itself; alone, lists them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner resolve --database mariadb://user@host/app
  runner resolve acme/shop 1.4.0-1718000000-add-index --statement done
  runner resolve acme/shop 1.4.0-1718000000-add-index --as reverted")]
pub(super) struct Args {
    /// The alteration's plugin
    #[arg(value_name = "VENDOR/NAME", requires = "id")]
    plugin: Option<PluginName>,
    /// The alteration's id
    #[arg(requires = "decision")]
    id: Option<AlterationId>,
    /// Whether the statement of which nobody knows took effect; `deploy` then goes on after it
    #[arg(long, value_enum, value_name = "WHAT", group = "decision", requires = "id")]
    statement: Option<StatementChoice>,
    /// How the whole alteration stands, after you brought the database there
    #[arg(long = "as", value_enum, value_name = "STATUS", group = "decision", requires = "id")]
    status: Option<StatusChoice>,
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
    /// It did not; it runs again.
    NotDone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatusChoice {
    /// All of it is in place.
    Applied,
    /// Nothing of it is in place.
    Reverted,
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
        Ok(()) => Exit::Done,
        Err(error) => explain::error(&error, format),
    }
}

async fn decide(args: &Args, key: AlterationKey) -> Result<(), Error> {
    let decision = match (args.statement, args.status) {
        (Some(StatementChoice::Done), _) => Decision::StatementDone,
        (Some(StatementChoice::NotDone), _) => Decision::StatementNotDone,
        (None, Some(StatusChoice::Applied)) => Decision::Applied,
        (None, _) => Decision::Reverted,
    };
    let runner = args.database.locked_runner(&args.lock, &[])?;
    let how = How { lock_patience: args.lock.lock_timeout, ..How::default() };
    let statement = runner.resolve(&key, decision, &how).await?;
    let text = match decision {
        Decision::Applied => format!("{key} is applied."),
        Decision::Reverted => format!("{key} is reverted."),
        Decision::StatementDone => format!("{key} goes on after its statement:"),
        Decision::StatementNotDone => format!("{key} goes on with its statement:"),
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
        Format::Json => output::json(&serde_json::json!({
            "alteration": key,
            "result": text.trim_end_matches(['.', ':']),
            "statement": statement,
        })),
    }
    Ok(())
}

async fn list(args: &Args) -> Result<(), Error> {
    let unfinished = args.database.runner(&[])?.unfinished().await?;
    if args.output.format == Format::Json {
        let lines: Vec<_> = unfinished.iter().map(json).collect();
        output::json(&serde_json::json!({ "unfinished": lines }));
        return Ok(());
    }
    if unfinished.is_empty() {
        output::result("Nothing is unfinished.");
    }
    for (run, statement) in unfinished {
        output::result(&format!(
            "{}  {}, in its {}, since {}",
            run.key,
            run.direction,
            run.phase.as_str(),
            run.started_at
        ));
        if let Some(statement) = statement {
            output::result("    nobody saw whether this statement took effect:");
            for line in EscapedLines(&statement).to_string().lines() {
                output::result(&format!("    {line}"));
            }
        }
    }
    Ok(())
}

fn json((run, statement): &(Run, Option<String>)) -> serde_json::Value {
    serde_json::json!({
        "alteration": run.key,
        "direction": run.direction.as_str(),
        "phase": run.phase,
        "since": run.started_at,
        "statement": statement,
    })
}
