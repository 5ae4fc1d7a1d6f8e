//! Writes the runner's own record with a bulk writer. Denied, and the record is as it was.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_state_table (x INTEGER, y INTEGER)", params![])?;
    let mut writer = db.bulk_writer("alteration_state", &["id"])?;
    writer.write(params!["forged"])?;
    writer.finish()?;
    Ok(())
}
