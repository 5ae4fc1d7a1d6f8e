//! Passes 100 MB of SQL. A `limit` error.

use alteration_sdk::prelude::*;

const LENGTH: usize = 100_000_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    // In one piece: a guest's memory may not hold it twice.
    let mut sql = String::with_capacity(LENGTH + 20);
    sql.push_str("SELECT length('");
    sql.extend(std::iter::repeat_n('x', LENGTH));
    sql.push_str("')");
    crate::expect("length", db.query_one(&sql, params![])?, LENGTH)
}
