//! Leaves a cursor open, half read. It succeeds: the host closes cursors when the hook ends.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let cursor = db.cursor("SELECT 1 UNION SELECT 2 UNION SELECT 3", params![])?;
    crate::expect("first row", cursor.next_rows(1)?, vec![1i64])?;
    std::mem::forget(cursor);
    db.execute("CREATE TABLE forgotten_cursor_done (x INTEGER)", params![])?;
    Ok(())
}
