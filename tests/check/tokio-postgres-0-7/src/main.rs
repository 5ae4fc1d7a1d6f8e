//! An application with tokio-postgres 0.7 as its documentation shows it. Asks whether its plugins are deployed.

use alteration_check::Plugins;
use std::error::Error;
use tokio_postgres::NoTls;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(plugins)) = (args.next(), args.next()) else {
        return Err("usage: DATABASE PLUGINS".into());
    };
    let plugins = Plugins::read([plugins])?;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let answer = alteration_check::tokio_postgres::check(&client, None, &plugins).await?;
    match answer.require_deployed() {
        Ok(()) => println!("deployed"),
        Err(error) => println!("{error}"),
    }
    drop(client);
    connection.await??;
    Ok(())
}
