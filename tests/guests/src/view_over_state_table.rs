//! Reads the runner's own record through a view. Denied when the view is made or when it is read.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE VIEW over_state AS SELECT id FROM alteration_state", params![])?;
    let ids: Vec<String> = db.query("SELECT id FROM over_state", params![])?;
    log::info!("{ids:?}");
    Ok(())
}
