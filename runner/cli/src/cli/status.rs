//! `runner status`: every alteration and how it stands.

use super::{
    command,
    explain::{self, Exit},
    options::{Database, Format, Output},
    output,
};
use alteration_deploy::Standing;
use alteration_domain::{alteration::Direction, escape::Escaped, plan::Finding};
use alteration_record::{Decided, Fit, StrangeLedger};
use serde::Serialize;
use std::path::PathBuf;

/// Lists every alteration with its status
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits 0 whatever it finds; to stop a script, use `runner check`.

Examples:
  runner status --database sqlite:demo.db            recorded alterations
  runner status ./plugins --database sqlite:demo.db  also pending, changed and missing ones")]
pub(super) struct Args {
    /// Component files, or folders to search for them
    plugins: Vec<PathBuf>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document {
    /// The database's URL, without its password.
    database: String,
    #[serde(flatten)]
    standing: Standing,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let read = async {
        let runner = args.database.runner(&args.plugins)?;
        let levels = args.database.config.levels(&args.plugins)?;
        let standing = runner.status_at(&levels).await?;
        Ok((standing, runner.url().to_string()))
    };
    match read.await {
        Ok((standing, database)) => {
            match format {
                Format::Json => output::json(&Document { database, standing }),
                Format::Text => text(&standing, &database),
            }
            Exit::Done
        }
        Err(error) => explain::error(&error, format),
    }
}

fn text(standing: &Standing, database: &str) {
    for StrangeLedger { schema, owner } in &standing.strange {
        let finding = Finding::StrangeRecords { schema: schema.clone(), owner: owner.clone() };
        output::warning(&finding.to_string(), &command::advice(&finding));
    }
    for plugin in &standing.not_confined {
        command::warn(&Finding::NotConfined { plugin: plugin.clone() });
    }
    let lines = &standing.alterations;
    if !standing.has_records {
        let place = match &standing.place {
            Some(schema) => format!("in the schema {} of {database}", Escaped(schema)),
            None => format!("in {database}"),
        };
        output::result(&format!(
            "Nothing was deployed yet {place}: there are no records of the runner."
        ));
    } else if lines.is_empty() {
        output::result("No alterations are recorded.");
    }
    if lines.is_empty() {
        return;
    }
    let cells: Vec<[String; 4]> = lines
        .iter()
        .map(|line| {
            let flags: Vec<String> = line.flags.iter().map(ToString::to_string).collect();
            [
                line.key.to_string(),
                line.status.map_or_else(String::new, |status| status.to_string()),
                flags.join(", "),
                line.applied_at.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let mut widths = ["ALTERATION", "STATUS", "FLAGS"].map(str::len);
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let [first, second, third] = widths;
    let line = |row: [&str; 4]| {
        let [a, b, c, d] = row;
        let text = format!("{a:first$}  {b:second$}  {c:third$}  {d}");
        output::result(text.trim_end());
    };
    line(["ALTERATION", "STATUS", "FLAGS", "AT"]);
    for (row, status) in cells.iter().zip(lines) {
        line([&row[0], &row[1], &row[2], &Escaped(&row[3]).to_string()]);
        if status.draft {
            output::result("  a draft, which may still change");
        }
        if !status.needed_on.is_empty() {
            let names: Vec<&str> = status.needed_on.iter().map(|d| d.as_str()).collect();
            output::result(&format!("  only for {}: nothing to do here", names.join(", ")));
        }
        if status.baseline {
            output::result("  recorded by a baseline, never ran here");
        }
        if let Some(Decided { at, by, decision, because }) = &status.decided {
            let because = because.as_deref().map(|because| format!(", because: {because}"));
            let text = format!("{decision}, said {by} at {at}{}", because.unwrap_or_default());
            output::result(&format!("  {}", Escaped(&text)));
        }
        if let Some(error) = &status.error {
            let first = error.lines().next().unwrap_or_default();
            output::result(&format!("  last error: {}", Escaped(first)));
        }
        if let Some(took_effect) = &status.took_effect {
            output::result(match (status.direction, status.mended) {
                (Some(Direction::Down), _) => "  its rollback was begun, and has not ended",
                (_, Some(_)) => "  was begun with other contents, and has not ended",
                (_, None) => "  begun, and has not ended",
            });
            for effect in took_effect {
                output::result(&format!("  took effect: {}", Escaped(effect)));
            }
            let (key, direction) = (status.key.clone(), status.direction);
            let finding = match (&status.cut_off, direction) {
                (Some(stop), Some(direction)) => {
                    output::result(&format!("  cannot be resumed: {stop}"));
                    let (stop, took_effect) = (stop.clone(), Vec::new());
                    Some(Finding::CutOff { key, direction, stop, blocks: true, took_effect })
                }
                (_, Some(Direction::Down)) => Some(Finding::UnfinishedRollback { key }),
                _ => None,
            };
            if let Some(finding) = finding {
                output::result(&format!("  next: {}", command::advice(&finding)));
                output::commands(&command::of_finding(&finding), output::result);
                continue;
            }
            output::result(match status.mended {
                None => "  next: deploy again, and it resumes; or undo what took effect, then run:",
                Some(Fit::Anew) => {
                    "  next: deploy again, and it starts from the beginning; or give it up:"
                }
                Some(Fit::GoesOn { .. }) => {
                    "  next: deploy again, and it resumes in the corrected file; or undo what took effect, then run:"
                }
                Some(Fit::Differs | Fit::Unknown) => {
                    "  next: deploy the file that was started; or undo what took effect, run this, and deploy again:"
                }
            });
            output::commands(&[command::resolve_as_reverted(&status.key)], output::result);
        }
    }
}
