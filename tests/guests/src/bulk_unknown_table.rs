//! Writes to a table that does not exist. An error, wherever the host notices first.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_unknown_table (x INTEGER, y INTEGER)", params![])?;
    let mut writer = db.bulk_writer("no_such_table", &["x"])?;
    writer.write(params![1])?;
    writer.finish()?;
    Ok(())
}
