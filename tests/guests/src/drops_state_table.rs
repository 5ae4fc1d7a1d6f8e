//! Drops the runner's own record. Denied, and the record is as it was.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("DROP TABLE alteration_state", params![])?;
    Ok(())
}
