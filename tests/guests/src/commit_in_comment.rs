//! Hides a COMMIT behind comments. The statement is denied, the hook fails, and nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE commit_in_comment_left_behind (x INTEGER)", params![])?;
    db.execute("/* ; */ -- ;\nCOMMIT", params![])?;
    Ok(())
}
