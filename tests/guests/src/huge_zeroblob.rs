//! Writes a value of 900 MB that costs nothing to name. An error, with the host no larger than
//! before.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE huge_zeroblob AS SELECT zeroblob(900000000) AS x", params![])?;
    Ok(())
}
