//! Hangs a trigger on the runner's own table. Denied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute(
        "CREATE TRIGGER on_state AFTER INSERT ON alteration_state
         BEGIN SELECT 1; END",
        params![],
    )?;
    Ok(())
}
