//! An application with rusqlite 0.32. Asks whether its plugins are deployed.

use alteration_check::Plugins;
use rusqlite::Connection;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(plugins)) = (args.next(), args.next()) else {
        return Err("usage: DATABASE PLUGINS".into());
    };
    let plugins = Plugins::read([plugins])?;
    let connection = Connection::open(url.trim_start_matches("sqlite:"))?;
    let answer = alteration_check::rusqlite::check(&connection, None, &plugins)?;
    match answer.require_deployed() {
        Ok(()) => println!("deployed"),
        Err(error) => println!("{error}"),
    }
    Ok(())
}
