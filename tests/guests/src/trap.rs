//! Panics. The hook fails, nothing stays, and the log has the panic with its place.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE trap_left_behind (x INTEGER)", params![])?;
    panic!("the guest gave up");
}
