//! Writes rows that are narrower than the writer. An error.

use runner_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_narrow (x INTEGER, y INTEGER)", params![])?;
    let mut writer = db.bulk_writer("bulk_narrow", &["x", "y"])?;
    writer.write(params![1])?;
    writer.finish()?;
    Ok(())
}
