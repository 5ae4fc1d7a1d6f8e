//! Puts SQL into the name of a table. An error: the host quotes names.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_injection (x INTEGER, y INTEGER)", params![])?;
    let table = "bulk_injection (x) VALUES (1); DROP TABLE bulk_injection; --";
    let mut writer = db.bulk_writer(table, &["x"])?;
    writer.write(params![1])?;
    writer.finish()?;
    Ok(())
}
