//! Passes COMMIT to a cursor, and fetches from it. The statement is denied, the hook fails, and
//! nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE commit_in_cursor_left_behind (x INTEGER)", params![])?;
    db.cursor("COMMIT", params![])?.next_rows::<Value>(1)?;
    Ok(())
}
