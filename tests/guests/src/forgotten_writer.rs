//! Returns Ok with a bulk writer not finished. The hook fails, and nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE forgotten_writer_rows (x INTEGER)", params![])?;
    let mut writer = db.bulk_writer("forgotten_writer_rows", &["x"])?;
    writer.write_columns(&[vec![1i64, 2, 3].into()])?;
    Ok(())
}
