//! Writes columns of different lengths. An error.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_ragged (x INTEGER, y TEXT)", params![])?;
    let mut writer = db.bulk_writer("bulk_ragged", &["x", "y"])?;
    writer.write_columns(&[vec![1i64, 2, 3].into(), vec!["one".to_owned()].into()])?;
    writer.finish()?;
    Ok(())
}
