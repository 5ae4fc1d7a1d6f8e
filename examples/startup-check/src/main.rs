//! A shop's server, as far as its start: it looks whether every alteration is deployed, and does not
//! go on otherwise. It alters nothing itself.

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
    runner::Runner::new(database)?.plugins([plugins]).check().await?.require_deployed()?;
    // From here on the application may rely on every table that its alterations make.
    Ok(())
}
