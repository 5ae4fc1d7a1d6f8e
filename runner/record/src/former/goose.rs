//! goose: the last row about a version counts; version 0 is the ledger itself.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "goose_db_version",
    columns: &["version_id", "is_applied", "id"],
    not: None,
    version: "version_id",
    holds: "is_applied",
    kind: "''",
    order: "id",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    let Some(version) = row.version else { return Ok(()) };
    former.applied.retain(|known| *known != version);
    if row.holds && version != "0" {
        former.applied.push(version);
    }
    Ok(())
}
