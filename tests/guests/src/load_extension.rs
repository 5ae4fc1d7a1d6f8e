//! Loads native code into the database. Denied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.query_one::<Value>("SELECT load_extension('libm.so.6')", params![])?;
    Ok(())
}
