//! Liquibase: a row for each changeset, by its file, id and author.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "databasechangelog",
    columns: &["id", "author", "filename", "exectype", "orderexecuted"],
    not: None,
    version: "CONCAT(filename, '::', id, '::', author)",
    holds: "exectype <> 'FAILED'",
    kind: "''",
    order: "orderexecuted",
    take: one_each,
};
