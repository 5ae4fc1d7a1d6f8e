//! micrate: a row for each time that one was applied or taken back; the last row about a version counts.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "micrate_db_version",
    columns: &["id", "version_id", "is_applied"],
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
    if row.holds {
        former.applied.push(version);
    }
    Ok(())
}
