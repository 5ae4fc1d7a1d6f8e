//! Passes more parameters than the statement has. An error.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE too_many_parameters (x INTEGER, y INTEGER)", params![])?;
    db.execute("INSERT INTO too_many_parameters VALUES (?, ?)", params![1, 2, 3])?;
    Ok(())
}
