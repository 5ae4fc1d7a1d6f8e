//! drizzle: a row for each, by the time in the journal. What is not newer than the newest row is applied to
//! drizzle, whatever the other rows say.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "__drizzle_migrations",
    columns: &["hash", "created_at"],
    not: None,
    version: "created_at",
    holds: "1 = 1",
    kind: "''",
    order: "created_at",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    if row.version.is_some() {
        former.up_to = row.version;
    }
    Ok(())
}
