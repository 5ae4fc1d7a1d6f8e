//! Hides a COMMIT behind empty statements of a script. The statement is denied, the hook fails, and
//! nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE commit_after_semicolons_left_behind (x INTEGER)", params![])?;
    db.execute_script(";; ;COMMIT")
}
