//! Reads and by that sets: a PRAGMA that limits the whole process's memory. Denied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.query::<Value>("PRAGMA hard_heap_limit = 1", params![])?;
    Ok(())
}
