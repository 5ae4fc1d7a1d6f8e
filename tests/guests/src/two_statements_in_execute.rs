//! Passes two statements where one is allowed. An error, not the first one alone.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute(
        "CREATE TABLE two_statements_a (x INTEGER);
         CREATE TABLE two_statements_b (x INTEGER)",
        params![],
    )?;
    Ok(())
}
