//! Updates and inserts into the table that a cursor is reading. It succeeds: the cursor shows each
//! row that was there once, and ends.

use alteration_sdk::prelude::*;

const ROWS: i64 = 5000;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE while_reading (id INTEGER PRIMARY KEY, n INTEGER)", params![])?;
    let mut writer = db.bulk_writer("while_reading", &["id", "n"])?;
    writer.write_columns(&[
        (1..=ROWS).collect::<Vec<i64>>().into(),
        (1..=ROWS).collect::<Vec<i64>>().into(),
    ])?;
    writer.finish()?;

    let cursor =
        db.cursor("SELECT id, n FROM while_reading WHERE id <= ? ORDER BY id", params![ROWS])?;
    let mut seen = 0;
    for row in cursor.rows::<(i64, i64)>() {
        let (id, n) = row?;
        seen += 1;
        crate::expect("id", id, seen)?;
        crate::expect("n", n, id)?;
        db.execute("UPDATE while_reading SET n = n + 1 WHERE id = ?", params![id])?;
        db.execute("INSERT INTO while_reading VALUES (?, ?)", params![id + ROWS, 0])?;
    }
    crate::expect("rows seen", seen, ROWS)?;
    let all: (i64, i64) = db.query_one("SELECT count(*), sum(n) FROM while_reading", params![])?;
    crate::expect("count and sum", all, (2 * ROWS, ROWS * (ROWS + 1) / 2 + ROWS))
}
