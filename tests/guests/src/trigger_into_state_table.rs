//! Writes the runner's own record from a trigger on a table of its own. Denied when the trigger is
//! made or when it fires; the record is as it was.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE trigger_into_state (x INTEGER)", params![])?;
    db.execute(
        "CREATE TRIGGER into_state AFTER INSERT ON trigger_into_state
         BEGIN DELETE FROM alteration_state; END",
        params![],
    )?;
    db.execute("INSERT INTO trigger_into_state VALUES (1)", params![])?;
    Ok(())
}
