//! Puts a NUL byte into a statement, where C would end the text. Refused, and nothing of it runs.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE nul_in_sql_left_behind (x INTEGER)", params![])?;
    db.execute("CREATE TABLE nul_in_sql (x INTEGER)\0; nonsense", params![])?;
    Ok(())
}
