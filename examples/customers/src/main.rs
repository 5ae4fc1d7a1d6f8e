//! Fills a database of acme/shop with customers, or tells a fingerprint of what is in one.
//!
//! The customers depend on the seed alone: not on the machine, the time, or how many are asked for.

mod fill;
mod fingerprint;
mod order;
mod person;
mod random;
mod words;

use anyhow::Context;
use clap::Parser;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{io::Write, process::ExitCode, str::FromStr};

/// Fills the tables of acme/shop with made-up customers
#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  customers --database sqlite:shop.db --rows 1000000 --seed 1
  customers --database sqlite:shop.db --fingerprint")]
struct Args {
    /// The database, as in sqlite:shop.db; `runner deploy` made its tables
    #[arg(long, value_name = "URL", env = "DATABASE_URL")]
    database: String,
    /// How many customers
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    /// Which customers: another seed, other people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write nothing; print a checksum of each table, the runner's own left out
    #[arg(long, conflicts_with_all = ["rows", "seed"])]
    fingerprint: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(lines) => {
            // A closed pipe means that nobody reads on.
            let _ = writeln!(anstream::stdout(), "{}", lines.join("\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<Vec<String>> {
    let options = SqliteConnectOptions::from_str(&args.database).context("--database")?;
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .with_context(|| format!("{} cannot be opened", args.database))?;
    let lines = if args.fingerprint {
        fingerprint::of(&mut connection).await.context("the database cannot be read")?
    } else {
        fill::fill(&mut connection, args.rows, args.seed).await?
    };
    connection.close().await?;
    Ok(lines)
}
