//! Reads a row, makes a table named after it, reads the row again, and fails until it has changed.
//!
//! The test makes `rereads_input (n)` with a 1, deploys, and changes it to 2. The next deploy
//! succeeds: a first read that was recorded still says 1, and its table is made no second time.

use alteration_sdk::prelude::*;

pub(crate) fn before_up(db: &Database) -> Result<()> {
    let first = input(db)?;
    db.execute(&format!("CREATE TABLE rereads_first_{first} (x INTEGER)"), params![])?;
    match input(db)? {
        1 => Err("the input is still 1".into()),
        second => {
            db.execute(&format!("CREATE TABLE rereads_second_{second} (x INTEGER)"), params![])?;
            Ok(())
        }
    }
}

pub(crate) fn up(_db: &Database) -> Result<()> {
    Ok(())
}

fn input(db: &Database) -> Result<i64> {
    db.query_one("SELECT n FROM rereads_input", params![])
}
