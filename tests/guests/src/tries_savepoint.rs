//! Opens a savepoint of its own. The statement is denied, the hook fails, and nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE tries_savepoint_left_behind (x INTEGER)", params![])?;
    db.execute("SAVEPOINT mine", params![])?;
    Ok(())
}
