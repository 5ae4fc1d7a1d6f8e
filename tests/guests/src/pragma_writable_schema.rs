//! Makes the schema table writable. Denied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("PRAGMA writable_schema = ON", params![])?;
    Ok(())
}
