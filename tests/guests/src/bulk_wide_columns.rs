//! Writes more columns than the writer has. An error.

use runner_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_wide_columns (x INTEGER, y INTEGER)", params![])?;
    let mut writer = db.bulk_writer("bulk_wide_columns", &["x"])?;
    writer.write_columns(&[vec![1i64].into(), vec![2i64].into()])?;
    writer.finish()?;
    Ok(())
}
