//! db-migrate: a row for each, by the name of its script without its ending, with `/` before it.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "migrations",
    columns: &["id", "name", "run_on"],
    not: None,
    version: "name",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    let file = |name: &str| format!("{}-up.sql", name.rsplit('/').next().unwrap_or(name));
    former.applied.extend(row.version.as_deref().map(file));
    Ok(())
}
