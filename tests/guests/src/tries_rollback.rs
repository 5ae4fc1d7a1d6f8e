//! Ends the host's transaction by ROLLBACK. The statement is denied, the hook fails, and nothing
//! stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE tries_rollback_left_behind (x INTEGER)", params![])?;
    db.execute("ROLLBACK", params![])?;
    Ok(())
}
