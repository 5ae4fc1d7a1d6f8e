//! Begins a transaction inside the host's. The statement is denied, the hook fails, and nothing
//! stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE tries_begin_left_behind (x INTEGER)", params![])?;
    db.execute("BEGIN", params![])?;
    Ok(())
}
