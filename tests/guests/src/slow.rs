//! Inserts many rows one by one. It succeeds; tests kill the runner while it is at work.

use alteration_sdk::prelude::*;

const ROWS: u64 = 200_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE slow_rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL)", params![])?;
    for id in 0..ROWS {
        db.execute("INSERT INTO slow_rows VALUES (?, ?)", params![id, format!("row {id}")])?;
        if id % 1000 == 0 {
            log::progress(id, Some(ROWS));
        }
    }
    Ok(())
}

pub(crate) fn down(db: &Database) -> Result<()> {
    for id in 0..ROWS {
        db.execute("DELETE FROM slow_rows WHERE id = ?", params![id])?;
    }
    db.execute("DROP TABLE slow_rows", params![])?;
    Ok(())
}
