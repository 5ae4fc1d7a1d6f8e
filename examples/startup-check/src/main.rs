//! A shop's server, as far as its start: it looks whether every alteration is deployed, and does not
//! go on otherwise. It alters nothing itself. The connection is the application's own, with the driver that it has anyway.

use alteration_check::Plugins;
use sqlx::{ConnectOptions, Sqlite, sqlite::SqliteConnectOptions};
use std::{io::Write, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(database), Some(plugins)) = (args.next(), args.next()) else {
        let _ = writeln!(anstream::stderr(), "usage: startup-check DATABASE PLUGINS");
        return ExitCode::from(2);
    };
    if let Err(error) = start(&database, &plugins).await {
        let _ = writeln!(anstream::stderr(), "The shop does not start. {error}");
        return ExitCode::FAILURE;
    }
    let _ = writeln!(anstream::stdout(), "The shop is open.");
    ExitCode::SUCCESS
}

async fn start(database: &str, plugins: &str) -> anyhow::Result<()> {
    let plugins = Plugins::read([plugins])?;
    let mut options: SqliteConnectOptions = database.parse()?;
    if !options.get_filename().exists() {
        // Nothing is deployed in a database that is not there; `runner deploy` makes it.
        options = options.in_memory(true).filename(":memory:");
    }
    let mut connection = options.connect().await?;
    let answer =
        alteration_check::sqlx_0_9::check::<Sqlite>(&mut connection, None, &plugins).await?;
    answer.require_deployed()?;
    // From here on the application may rely on every table that its alterations make.
    Ok(())
}
