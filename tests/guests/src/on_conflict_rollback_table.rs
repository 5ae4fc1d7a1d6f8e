//! Ends the host's transaction by the conflict clause of a table. The hook fails, and nothing after
//! it is committed.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute(
        "CREATE TABLE on_conflict_rollback (x INTEGER UNIQUE ON CONFLICT ROLLBACK)",
        params![],
    )?;
    db.execute("INSERT INTO on_conflict_rollback VALUES (1)", params![])?;
    let _ignored = db.execute("INSERT INTO on_conflict_rollback VALUES (1)", params![]);
    db.execute("CREATE TABLE on_conflict_rollback_escaped (x INTEGER)", params![])?;
    Ok(())
}
