//! Writes rows that are wider than the writer. An error.

use runner_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_wide (x INTEGER, y INTEGER)", params![])?;
    let mut writer = db.bulk_writer("bulk_wide", &["x", "y"])?;
    writer.write(params![1, 2, 3])?;
    writer.finish()?;
    Ok(())
}
