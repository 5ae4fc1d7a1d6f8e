//! refinery: a row for each version that is applied.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "refinery_schema_history",
    columns: &["version"],
    not: None,
    version: "version",
    holds: "1 = 1",
    kind: "''",
    order: "version",
    take: one_each,
};
