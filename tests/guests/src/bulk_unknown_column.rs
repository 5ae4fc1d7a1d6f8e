//! Writes to a column that does not exist. An error, wherever the host notices first.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_unknown_column (x INTEGER, y INTEGER)", params![])?;
    let mut writer = db.bulk_writer("bulk_unknown_column", &["z"])?;
    writer.write(params![1])?;
    writer.finish()?;
    Ok(())
}
