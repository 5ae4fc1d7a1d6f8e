//! Makes tables, an index and rows before `up`, and needs all of them in `up`; the same on the way
//! back. It succeeds, and each table and row is there once, wherever it is interrupted.

use alteration_sdk::prelude::*;

pub(crate) fn before_up(db: &Database) -> Result<()> {
    run(db, "CREATE TABLE prepares (id INTEGER PRIMARY KEY, note VARCHAR(20) NOT NULL)")?;
    run(db, "INSERT INTO prepares (id, note) VALUES (1, 'before')")?;
    run(db, "INSERT INTO prepares (id, note) VALUES (2, 'before')")?;
    run(db, "CREATE INDEX prepares_note ON prepares (note)")?;
    let rows: u64 = db.query_one("SELECT count(*) FROM prepares", params![])?;
    crate::expect("rows", rows, 2)?;
    run(db, "UPDATE prepares SET note = 'prepared'")?;
    run(db, "CREATE TABLE prepares_more (id INTEGER PRIMARY KEY)")?;
    run(db, "INSERT INTO prepares_more (id) VALUES (3)")
}

pub(crate) fn up(db: &Database) -> Result<()> {
    let sql = "SELECT count(*) FROM prepares WHERE note = 'prepared'";
    let rows: u64 = db.query_one(sql, params![])?;
    crate::expect("rows that were prepared", rows, 2)?;
    run(db, "INSERT INTO prepares (id, note) SELECT id, 'up' FROM prepares_more")
}

pub(crate) fn before_down(db: &Database) -> Result<()> {
    run(db, "UPDATE prepares SET note = 'leaving'")?;
    run(db, "DROP TABLE prepares_more")?;
    run(db, "CREATE TABLE prepares_left (id INTEGER PRIMARY KEY)")
}

pub(crate) fn down(db: &Database) -> Result<()> {
    let sql = "SELECT count(*) FROM prepares WHERE note = 'leaving'";
    let rows: u64 = db.query_one(sql, params![])?;
    crate::expect("rows that are leaving", rows, 3)?;
    run(db, "DROP TABLE prepares_left")?;
    run(db, "DROP TABLE prepares")
}

fn run(db: &Database, sql: &str) -> Result<()> {
    db.execute(sql, params![]).map(drop)
}
