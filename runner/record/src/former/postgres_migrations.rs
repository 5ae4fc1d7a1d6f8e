//! postgres-migrations: a row for each, by its number; 0 is the ledger itself.

use super::tool::{Ledger, each_but_the_first};

pub(super) const LEDGER: Ledger = Ledger {
    table: "migrations",
    columns: &["id", "name", "hash", "executed_at"],
    not: None,
    version: "id",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take: each_but_the_first,
};
