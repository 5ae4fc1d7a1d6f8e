//! rambler: a row for each, by the name of its file.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "migrations",
    columns: &["migration"],
    not: None,
    version: "migration",
    holds: "1 = 1",
    kind: "''",
    order: "migration",
    take: one_each,
};
