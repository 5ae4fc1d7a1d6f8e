//! Single statements, and what differs between databases.

use super::{Cases, see, see_error};
use alteration_sdk::prelude::*;

pub(super) const CASES: Cases = &[
    ("outcome", outcome),
    ("one_row", one_row),
    ("row_by_name", row_by_name),
    ("script", script),
    ("names", names),
    ("logs", logs),
];

fn outcome(db: &Database) -> Result<()> {
    let outcome = db.execute("INSERT INTO items (id, label) VALUES (7000, 'x')", params![])?;
    let (affected, id) = (outcome.rows_affected, outcome.last_insert_id);
    see(db, "insert", format_args!("{affected} {}", id.unwrap_or_default()))?;
    let outcome = db.execute("UPDATE items SET label = ? WHERE id > ?", params!["y", 2_490])?;
    see(db, "update", outcome.rows_affected)
}

fn one_row(db: &Database) -> Result<()> {
    let sql = "SELECT label FROM items WHERE id <= ?";
    see(db, "one", db.query_one::<String>(sql, params![1])?)?;
    see(db, "none", db.query_optional::<String>(sql, params![0])?.is_none())?;
    see_error(db, "one of none", db.query_one::<String>(sql, params![0]))?;
    see_error(db, "one of two", db.query_one::<String>(sql, params![2]))?;
    see_error(db, "none or one of two", db.query_optional::<String>(sql, params![2]))
}

fn row_by_name(db: &Database) -> Result<()> {
    let mut row: Row = db.query_one("SELECT id, label FROM items WHERE id = 1", params![])?;
    see(
        db,
        "names",
        row.columns().iter().map(|column| &*column.name).collect::<Vec<_>>().join(" "),
    )?;
    see(db, "by name", row.take_named::<String>("label")?)?;
    see_error(db, "no such column", row.take_named::<String>("nope"))?;
    let doubled = db.query_one::<Row>("SELECT id, id FROM items WHERE id = 1", params![]);
    see_error(db, "two of a name", doubled.and_then(|mut row| row.take_named::<i64>("id")))
}

fn script(db: &Database) -> Result<()> {
    db.execute_script("CREATE TABLE scripted (x INTEGER); INSERT INTO scripted VALUES (1), (2);")?;
    see(db, "rows", db.query_one::<i64>("SELECT count(*) FROM scripted", params![])?)?;
    db.execute_script("DROP TABLE scripted")
}

fn names(db: &Database) -> Result<()> {
    see(db, "dialect", db.dialect())?;
    see(db, "placeholder", db.placeholder(2))?;
    see(db, "quoted", db.quote_identifier("a\"b`c"))
}

fn logs(_: &Database) -> Result<()> {
    log::debug!("a debug line");
    log::info!("an info line");
    log::warn!("a warn line");
    log::error!("an error line");
    log::info!("{}", String::from_utf8_lossy(b"half a pair: \xed\xa0\x80, an escape: \x1b[31m"));
    log::progress(1, Some(2));
    log::progress(2, None);
    Ok(())
}
