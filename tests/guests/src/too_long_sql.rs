//! Passes 100 MB of SQL. A `limit` error.

use runner_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let sql = format!("SELECT '{}'", "x".repeat(100_000_000));
    crate::expect("length", db.query_one::<String>(&sql, params![])?.len(), 100_000_000)
}
