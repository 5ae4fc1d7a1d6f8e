//! Reads the runner's own record. Denied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let ids: Vec<String> = db.query("SELECT id FROM alteration_state", params![])?;
    log::info!("{ids:?}");
    Ok(())
}
