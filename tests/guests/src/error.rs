//! Returns an error after it changed something. The hook fails with the text, and nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE error_left_behind (x INTEGER)", params![])?;
    Err("the guest says no".into())
}
