//! Goes up, and refuses to go down. Rollback fails with the text, and the alteration stays applied.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE down_fails (x INTEGER)", params![])?;
    Ok(())
}

pub(crate) fn down() -> Result<()> {
    Err("there is no way back".into())
}
