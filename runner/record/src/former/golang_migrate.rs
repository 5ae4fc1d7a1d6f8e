//! golang-migrate: one row, which says how far it came: to a file that has to be there.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "schema_migrations",
    columns: &["version", "dirty"],
    not: None,
    version: "version",
    holds: "NOT dirty",
    kind: "''",
    order: "version",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    match row.version {
        Some(version) if !row.holds => return Err(FormerError::broken(former, version)),
        Some(version) => {
            former.up_to = Some(version.clone());
            former.applied.push(version);
        }
        None => {}
    }
    Ok(())
}
