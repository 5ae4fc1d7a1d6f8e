//! An application with sqlx 0.8 as its documentation shows it, on PostgreSQL. Asks whether its plugins are deployed.

use alteration_check::Plugins;
use sqlx::Connection;
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(plugins)) = (args.next(), args.next()) else {
        return Err("usage: DATABASE PLUGINS".into());
    };
    let plugins = Plugins::read([plugins])?;
    let mut connection = sqlx::PgConnection::connect(&url).await?;
    let answer =
        alteration_check::sqlx_0_8::check::<sqlx::Postgres>(&mut connection, None, &plugins)
            .await?;
    match answer.require_deployed() {
        Ok(()) => println!("deployed"),
        Err(error) => println!("{error}"),
    }
    Ok(())
}
