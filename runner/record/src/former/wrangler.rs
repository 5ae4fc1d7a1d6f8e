//! wrangler, for D1: a row for each file, by its name.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "d1_migrations",
    columns: &["id", "name"],
    not: None,
    version: "name",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take: one_each,
};
