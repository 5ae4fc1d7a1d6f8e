//! Ends the host's transaction from a trigger. The hook fails, and nothing after it is committed.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE raise_rollback (x INTEGER)", params![])?;
    db.execute(
        "CREATE TRIGGER raise_rollback_now BEFORE INSERT ON raise_rollback
         BEGIN SELECT RAISE(ROLLBACK, 'gone'); END",
        params![],
    )?;
    let _ignored = db.execute("INSERT INTO raise_rollback VALUES (1)", params![]);
    db.execute("CREATE TABLE raise_rollback_escaped (x INTEGER)", params![])?;
    Ok(())
}
