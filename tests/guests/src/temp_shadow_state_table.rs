//! Puts a temporary table before the runner's own. Denied: the runner would write its record there.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TEMP TABLE alteration_state (id TEXT, status TEXT)", params![])?;
    Ok(())
}
