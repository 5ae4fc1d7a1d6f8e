//! Atlas: a row for each file, by its version; one that was applied in part says how far it came. A version that
//! begins with a point is no file: Atlas keeps what it knows of the database in such rows.

use super::{
    Former, FormerError,
    tool::{Ledger, Row, one_each},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "atlas_schema_revisions",
    columns: &["version", "type", "applied", "total"],
    not: None,
    version: "version",
    holds: "applied = total",
    kind: "type",
    order: "version",
    take,
};

/// The bits of a type, as Atlas has them.
const BASELINE: u32 = 1;
const RESOLVED: u32 = 4;

fn take(former: &mut Former, mut row: Row) -> Result<(), FormerError> {
    if row.version.as_ref().is_none_or(|version| version.starts_with('.')) {
        return Ok(());
    }
    let kind = row.kind.parse().unwrap_or(0);
    if kind & BASELINE != 0 {
        former.up_to = row.version;
        return Ok(());
    }
    row.holds |= kind & RESOLVED != 0;
    one_each(former, row)
}
