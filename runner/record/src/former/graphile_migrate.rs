//! graphile-migrate: a row for each committed file, by its number and `.sql`.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "graphile_migrate.migrations",
    columns: &["hash", "previous_hash", "filename"],
    not: None,
    version: "filename",
    holds: "1 = 1",
    kind: "''",
    order: "filename",
    take: one_each,
};
