//! Changes the runner's own record. Denied, and the record is as it was.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("UPDATE alteration_state SET status = 'reverted'", params![])?;
    Ok(())
}
