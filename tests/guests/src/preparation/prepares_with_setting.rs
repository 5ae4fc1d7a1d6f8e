//! Stores the setting `REGION` in three tables before `up`, and once more in `up` and on the way back. It succeeds,
//! and all of them hold the same, wherever it is interrupted and whatever is given by then.

use alteration_sdk::{prelude::*, settings};

pub(crate) fn before_up(db: &Database) -> Result<()> {
    for number in 1..=3 {
        let columns = "id INTEGER PRIMARY KEY, region VARCHAR(99) NOT NULL";
        let sql = format!("CREATE TABLE prepares_with_setting_{number} ({columns})");
        db.execute(&sql, params![])?;
        store(db, number, 1)?;
    }
    Ok(())
}

pub(crate) fn up(db: &Database) -> Result<()> {
    store(db, 3, 2)
}

pub(crate) fn before_down(db: &Database) -> Result<()> {
    store(db, 3, 3)
}

pub(crate) fn down(db: &Database) -> Result<()> {
    let sql = "SELECT region FROM prepares_with_setting_3 WHERE id = 3";
    let stored: String = db.query_one(sql, params![])?;
    crate::expect("the setting before and in `down`", Some(stored), settings::get("REGION"))?;
    (1..=3).try_for_each(|number| {
        db.execute(&format!("DROP TABLE prepares_with_setting_{number}"), params![]).map(drop)
    })
}

fn store(db: &Database, table: u8, id: u8) -> Result<()> {
    let [first, second] = [1, 2].map(|number| db.placeholder(number));
    let sql = format!("INSERT INTO prepares_with_setting_{table} (id, region) VALUES ({first}, {second})");
    let region = settings::get("REGION").unwrap_or_default();
    db.execute(&sql, params![id, region]).map(drop)
}
