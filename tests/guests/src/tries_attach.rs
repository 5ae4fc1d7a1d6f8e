//! Opens another file as a database. Denied, and no file is made.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("ATTACH 'tries_attach_escaped.db' AS other", params![])?;
    Ok(())
}
