//! Ends the host's transaction by the conflict clause of a statement. The hook fails, and nothing
//! after it is committed.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE insert_or_rollback (x INTEGER UNIQUE)", params![])?;
    db.execute("INSERT INTO insert_or_rollback VALUES (1)", params![])?;
    let _ignored = db.execute("INSERT OR ROLLBACK INTO insert_or_rollback VALUES (1)", params![]);
    db.execute("CREATE TABLE insert_or_rollback_escaped (x INTEGER)", params![])?;
    Ok(())
}
