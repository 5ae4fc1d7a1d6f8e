//! `runner setup`: what a database administrator runs once, so that plugins can be confined.

use super::{
    explain::{self, Exit},
    options::{Database, Format, Output},
    output,
};
use alteration_domain::escape::Escaped;
use alteration_record::Obstacle;
use serde::Serialize;

/// Shows what confined plugins need that this database does not have yet
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Changes nothing. Exits 0 if plugins can be confined, else 4.

Examples:
  runner setup --print --database postgres://runner@host/app > setup.sql")]
pub(super) struct Args {
    /// Print the statements that a database administrator runs once
    #[arg(long, required = true)]
    print: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document {
    /// The database's URL, without its password.
    database: String,
    /// Why plugins cannot be confined yet, one reason each. Empty if they can.
    missing: Vec<String>,
    /// The statements that a database administrator runs once. Empty if none help.
    setup: Vec<String>,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let asked = async {
        let runner = args.database.runner(&[])?;
        Ok((runner.obstacle().await?, runner.url().to_string()))
    };
    let (obstacle, database) = match asked.await {
        Ok(found) => found,
        Err(error) => return explain::error(&error, format),
    };
    let exit = if obstacle.is_some() { Exit::NeedsDecision } else { Exit::Done };
    let (missing, setup) =
        obstacle.map(|Obstacle { missing, setup }| (missing, setup)).unwrap_or_default();
    match format {
        Format::Json => output::json(&Document { database, missing, setup }),
        Format::Text => {
            if missing.is_empty() {
                output::note(&format!("{database}: plugins can be confined; nothing is missing."));
            }
            for reason in &missing {
                output::result(&format!("-- {}", Escaped(reason)));
            }
            for statement in &setup {
                output::result(statement);
            }
        }
    }
    exit
}
