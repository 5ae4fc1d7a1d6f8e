//! Makes a random value of 900 MB. An error, with the host no larger than before.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let blob: Vec<u8> = db.query_one("SELECT randomblob(900000000)", params![])?;
    log::info!("{} bytes", blob.len());
    Ok(())
}
