//! tern: one row, which says how far it came; 0 before the first.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "schema_version",
    columns: &["version"],
    not: None,
    version: "version",
    holds: "1 = 1",
    kind: "''",
    order: "version",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    if let Some(version) = row.version.filter(|version| version != "0") {
        former.up_to = Some(version.clone());
        // A file of it has to be there.
        former.applied.push(version);
    }
    Ok(())
}
