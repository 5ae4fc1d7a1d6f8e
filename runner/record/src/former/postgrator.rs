//! postgrator: a row for each, by its number; version 0 is the ledger itself.

use super::tool::{Ledger, each_but_the_first};

pub(super) const LEDGER: Ledger = Ledger {
    table: "schemaversion",
    columns: &["version", "name", "md5"],
    not: None,
    version: "version",
    holds: "1 = 1",
    kind: "''",
    order: "version",
    take: each_but_the_first,
};
