//! Spells COMMIT as END, with odd spaces. The statement is denied, the hook fails, and nothing
//! stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE commit_as_end_left_behind (x INTEGER)", params![])?;
    db.execute("\t\u{c}eNd/**/TRANSACTION;", params![])?;
    Ok(())
}
