//! dbmate: a row for each version that is applied.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "schema_migrations",
    columns: &["version"],
    not: Some(("dirty", "golang-migrate")),
    version: "version",
    holds: "1 = 1",
    kind: "''",
    order: "version",
    take: one_each,
};
