//! umzug as Sequelize's storage keeps it: a row for each, by the name of its file.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "SequelizeMeta",
    columns: &["name"],
    not: None,
    version: "name",
    holds: "1 = 1",
    kind: "''",
    order: "name",
    take: one_each,
};
