//! Turns the journal off, so that nothing could be rolled back. Denied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("PRAGMA trusted_schema = ON", params![])?;
    Ok(())
}
