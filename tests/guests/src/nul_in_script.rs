//! Puts a NUL byte into a script, where C would end the text. Refused, and nothing of it runs.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script("CREATE TABLE nul_in_script (x INTEGER);\0 CREATE TABLE nul_b (x INTEGER)")
}
