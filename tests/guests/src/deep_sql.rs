//! Nests calls of a function 100,000 deep. An error, not an overflow of the host's stack.

use alteration_sdk::prelude::*;

const DEPTH: usize = 100_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    let sql = format!("SELECT {}1{}", "abs(".repeat(DEPTH), ")".repeat(DEPTH));
    crate::expect("value", db.query_one(&sql, params![])?, 1i64)
}
