//! npm's sqlite: a row for each, by its number, with its SQL.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "migrations",
    columns: &["id", "name", "up", "down"],
    not: None,
    version: "id",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take: one_each,
};
