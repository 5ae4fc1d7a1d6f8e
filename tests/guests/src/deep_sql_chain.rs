//! Chains 100,000 additions, which nest as deep once parsed. An error, not an overflow of the
//! host's stack.

use alteration_sdk::prelude::*;

const DEPTH: usize = 100_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script(&format!("SELECT 1{}", " + 1".repeat(DEPTH)))
}
