//! Writes a row, and returns a state of 64 MiB. The step fails by a limit, and its row is not kept.

use alteration_sdk::prelude::*;

const STATE_BYTES: usize = 64 << 20;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE step_huge_state (x INTEGER)", params![])?;
    Ok(())
}

pub(crate) fn step(db: &Database, state: Option<&[u8]>) -> Result<Step> {
    crate::expect("state", state, None)?;
    db.execute("INSERT INTO step_huge_state (x) VALUES (1)", params![])?;
    Ok(Step::More { state: vec![7; STATE_BYTES], done: 1, total: None })
}

pub(crate) fn down(db: &Database) -> Result<()> {
    db.execute("DROP TABLE step_huge_state", params![])?;
    Ok(())
}
