//! Hides a COMMIT between the statements of a script. Denied; neither table stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script(
        "CREATE TABLE commit_in_script_a (x INTEGER);
         COMMIT;
         CREATE TABLE commit_in_script_b (x INTEGER)",
    )
}
