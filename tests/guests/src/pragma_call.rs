//! Sets the number of the schema in the form of a call. Denied, and the value is as it was.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("PRAGMA main.schema_version(7)", params![])?;
    Ok(())
}
