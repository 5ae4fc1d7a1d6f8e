//! shmig: a row for each, by its number.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "shmig_version",
    columns: &["version", "migrated_at"],
    not: None,
    version: "version",
    holds: "1 = 1",
    kind: "''",
    order: "version",
    take: one_each,
};
