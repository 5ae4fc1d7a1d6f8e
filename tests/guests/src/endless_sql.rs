//! A single statement that never ends. The time limit ends it inside the database.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let count: i64 = db.query_one(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        params![],
    )?;
    log::info!("{count}");
    Ok(())
}
