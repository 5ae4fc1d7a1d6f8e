//! sqlx: a row for each version.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "_sqlx_migrations",
    columns: &["version", "success"],
    not: None,
    version: "version",
    holds: "success",
    kind: "''",
    order: "version",
    take: one_each,
};
