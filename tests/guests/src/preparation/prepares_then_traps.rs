//! Makes two tables before `up`, and panics. As `prepares_then_fails`; the log has the panic.

use alteration_sdk::prelude::*;

pub(crate) fn before_up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE prepares_then_traps_one (x INTEGER)", params![])?;
    db.execute("CREATE TABLE prepares_then_traps_two (x INTEGER)", params![])?;
    panic!("the preparation gave up");
}

pub(crate) fn up(_db: &Database) -> Result<()> {
    Err("`up` ran after a preparation that had trapped".into())
}
