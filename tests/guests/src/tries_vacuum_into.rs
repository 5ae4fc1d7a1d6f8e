//! Writes a copy of the database into a file. Refused, and no file is made.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("VACUUM INTO 'tries_vacuum_into_escaped.db'", params![])?;
    Ok(())
}
