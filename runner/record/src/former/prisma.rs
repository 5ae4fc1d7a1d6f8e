//! Prisma: a row for each attempt, by the name of its folder. One that was rolled back does not count.

use super::{
    Former, FormerError,
    tool::{Ledger, Row, one_each},
};

pub(super) const LEDGER: Ledger = Ledger {
    table: "_prisma_migrations",
    columns: &["migration_name", "started_at", "finished_at", "rolled_back_at"],
    not: None,
    version: "migration_name",
    holds: "finished_at IS NOT NULL",
    kind: "CASE WHEN rolled_back_at IS NULL THEN '' ELSE 'ROLLED BACK' END",
    order: "started_at",
    take,
};

fn take(former: &mut Former, row: Row) -> Result<(), FormerError> {
    match row.kind.is_empty() {
        true => one_each(former, row),
        false => Ok(()),
    }
}
