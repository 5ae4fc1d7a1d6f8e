//! sql-migrate: a row for each, by the name of its file.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "gorp_migrations",
    columns: &["id", "applied_at"],
    not: None,
    version: "id",
    holds: "1 = 1",
    kind: "''",
    order: "id",
    take: one_each,
};
