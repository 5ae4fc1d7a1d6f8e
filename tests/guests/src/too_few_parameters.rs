//! Passes fewer parameters than the statement has. An error, not a silent null.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE too_few_parameters (x INTEGER, y INTEGER)", params![])?;
    db.execute("INSERT INTO too_few_parameters VALUES (?, ?)", params![1])?;
    Ok(())
}
