//! Queries millions of rows at once. A `limit` error, with the host no larger than before.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let rows: Vec<i64> = db.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000000)
         SELECT i FROM n",
        params![],
    )?;
    log::info!("{} rows", rows.len());
    Ok(())
}
