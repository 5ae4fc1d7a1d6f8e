//! Supabase CLI: a row for each version that is applied, in a schema of its own. Supabase's services have
//! tables of the same name in theirs.

use super::tool::{Ledger, one_each};

pub(super) const LEDGER: Ledger = Ledger {
    table: "supabase_migrations.schema_migrations",
    columns: &["version"],
    not: Some(("dirty", "golang-migrate")),
    version: "version",
    holds: "1 = 1",
    kind: "''",
    order: "version",
    take: one_each,
};
