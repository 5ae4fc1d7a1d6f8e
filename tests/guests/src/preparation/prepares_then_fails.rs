//! Makes two tables before `up`, and returns an error. It fails; what the message says to have taken
//! effect is what is there, and deploying again ends at the same place, not at a table that exists.

use alteration_sdk::prelude::*;

pub(crate) fn before_up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE prepares_then_fails_one (x INTEGER)", params![])?;
    db.execute("INSERT INTO prepares_then_fails_one VALUES (1)", params![])?;
    db.execute("CREATE TABLE prepares_then_fails_two (x INTEGER)", params![])?;
    Err("the preparation gave up".into())
}

pub(crate) fn up(_db: &Database) -> Result<()> {
    Err("`up` ran after a preparation that had failed".into())
}
