//! Ignores that a statement failed and returns Ok. The hook fails all the same: on PostgreSQL it
//! could not succeed.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE ignores_error_left_behind (x INTEGER)", params![])?;
    let _ignored = db.execute("INSERT INTO no_such_table VALUES (1)", params![]);
    Ok(())
}
