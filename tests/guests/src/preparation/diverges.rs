//! Makes a table before `up`, and fails until the test has changed a row.
//!
//! A hook is a function of what the host gives it, so a guest cannot diverge by itself. Its vendor
//! can: the test puts another name of the same length for the table into the component's bytes, and
//! deploys again under the same id. Then the two tables must not come to be both.

use alteration_sdk::prelude::*;

pub(crate) fn before_up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE diverges_first (x INTEGER)", params![])?;
    match db.query_one("SELECT n FROM diverges_input", params![])? {
        1_i64 => Err("the input is still 1".into()),
        _ => Ok(()),
    }
}

pub(crate) fn up(_db: &Database) -> Result<()> {
    Ok(())
}
