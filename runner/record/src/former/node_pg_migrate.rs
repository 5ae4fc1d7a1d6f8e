//! node-pg-migrate: a row for each, by the name of its file without its ending.

use super::{
    Former, FormerError,
    tool::{Ledger, Row},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "pgmigrations",
    columns: &["id", "name", "run_on"],
    not: None,
    version: "name",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    former.applied.extend(row.version.map(|name| format!("{name}.sql")));
    Ok(())
}
