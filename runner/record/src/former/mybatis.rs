//! MyBatis Migrations: a row for each, by its number.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    // As a server has it that folds what is not quoted; elsewhere it is named with `--ledger`.
    table: "changelog",
    columns: &["id", "applied_at", "description"],
    not: None,
    version: "id",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take: one_each,
};
