//! Renames the runner's own table. Denied, and the record is as it was.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("ALTER TABLE alteration_state RENAME TO mine", params![])?;
    Ok(())
}
