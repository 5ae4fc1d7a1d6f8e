//! Sqitch: a row for each change, in a schema or database of its own, which projects share. A change that was
//! reworked has as many rows as it was deployed: which of them one is, its count behind `#` says.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "sqitch.changes",
    columns: &["change", "project", "planned_at"],
    not: None,
    // The word is reserved where it is not behind a name.
    version: "CONCAT(l.project, ':', l.change)",
    holds: "1 = 1",
    kind: "''",
    order: "planned_at",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    let Some(change) = row.version else { return Ok(()) };
    let start = format!("{change}#");
    let count = former.applied.iter().filter(|known| known.starts_with(&start)).count();
    former.applied.push(format!("{start}{count}"));
    Ok(())
}
